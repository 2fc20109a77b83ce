"""Small eigenproblems and the tracker against dense matrices."""

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine import Simulation
from rodflow_widgets.engine.curvature.small import eigh
from rodflow_widgets.engine.curvature.tracker import EigenTracker, orthonormal_rows
from rodflow_widgets.engine.problem import Meter, Problem

from .problems import network


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 16])
def test_jacobi_sweeps_agree_with_lapack(size: int) -> None:
    a = torch.randn(size, size, generator=torch.Generator().manual_seed(size), dtype=torch.float64)
    a = a + a.T
    values, vectors = eigh(a, jacobi=True)
    expected, _ = eigh(a, jacobi=False)
    assert torch.allclose(values, expected, atol=1e-12)
    assert torch.allclose(a @ vectors, vectors * values, atol=1e-11)
    assert torch.allclose(vectors.T @ vectors, torch.eye(size, dtype=a.dtype), atol=1e-12)


def test_eigh_of_something_not_finite_is_nan_and_no_error() -> None:
    values, _ = eigh(torch.tensor([[1.0, float("nan")], [0.0, 1.0]]))
    assert bool(torch.isnan(values).all())


def test_orthonormal_rows_keep_their_first_rows_and_survive_dependence() -> None:
    rows = torch.randn(3, 20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    first = orthonormal_rows(rows)
    again = orthonormal_rows(torch.cat([first, first[:1]]))
    assert torch.allclose(again[:3], first, atol=1e-12)
    assert torch.allclose(again @ again.T, torch.eye(4, dtype=rows.dtype), atol=1e-12)


@pytest.mark.parametrize("eigenvalues", [1, 3])
def test_tracked_eigenvalues_stay_within_a_thousandth_along_200_steps_at_the_edge(eigenvalues: int) -> None:
    """Every recorded eigenvalue against its own dense one."""
    problem = network()
    simulation = Simulation(
        problem,
        rf.optimizers.GradientDescent(0.2),
        ("discrete",),
        steps=601,
        eigenvalues=eigenvalues,
        snapshots=range(602),
    )
    while not simulation.finished:
        simulation.advance()
    (block,) = simulation.drain()
    worst = 0.0
    for step in range(400, 600):
        middle = torch.from_numpy((block.parameters[step] + block.parameters[step + 1]) / 2)
        dense = torch.linalg.eigvalsh(torch.autograd.functional.hessian(problem.function, middle)).flip(0)
        dense = dense[:eigenvalues].numpy()
        worst = max(worst, float(np.max(np.abs(block.columns["eigenvalues"][step] / dense - 1))))
    assert 0.95 < block.columns["sharpness_ratio"][400:].mean() < 1.3
    assert worst < 1e-3


def test_one_recorded_eigenvalue_is_as_good_as_many_where_they_change_places() -> None:
    """Digits with n = 200: eigenvalues cross at the edge near step 207."""
    problem, columns = rf.problems.digits_mlp(n=200), {}
    for eigenvalues in (1, 8):
        simulation = Simulation(
            problem, rf.optimizers.GradientDescent(0.4), ("discrete",), steps=230, eigenvalues=eigenvalues
        )
        while not simulation.finished:
            simulation.advance()
        columns[eigenvalues] = simulation.drain()[0].columns["sharpness"][10:]
    assert np.max(np.abs(columns[1] / columns[8] - 1)) < 1e-3


def test_tracker_spends_at_most_two_products_a_kept_vector() -> None:
    problem = network()
    tracker, meter = EigenTracker(1, guard=1, seed=0), Meter(problem)
    P = torch.ones(1, dtype=torch.float64)
    tracker.update(meter, problem.at(problem.w0), P)
    cold = meter.products
    for _ in range(10):
        tracker.update(meter, problem.at(problem.w0), P)
    assert cold <= 3 + 10 * 3
    assert (meter.products - cold) / 10 == 4


def test_preconditioned_spectrum_and_residuals_are_honest() -> None:
    problem = network()
    w = problem.w0
    P = torch.rand(problem.dim, generator=torch.Generator().manual_seed(2), dtype=torch.float64) + 0.5
    tracker, meter = EigenTracker(3, guard=2, seed=0), Meter(problem)
    for _ in range(20):
        seen = tracker.update(meter, problem.at(w), P)
    dense = torch.autograd.functional.hessian(problem.function, w) / P.sqrt() / P.sqrt()[:, None]
    exact = torch.linalg.eigvalsh(dense).flip(0)[:3]
    assert torch.allclose(seen.values, exact, rtol=1e-6)
    residual = (seen.vectors @ dense - seen.values[:, None] * seen.vectors).norm(dim=1)
    assert torch.allclose(residual, seen.residuals, atol=1e-9)


def test_a_tracker_on_fewer_parameters_than_vectors() -> None:
    problem = Problem.from_function(lambda w: w[0] ** 2 + 3 * w[1] ** 2, [1.0, 1.0])
    seen = EigenTracker(4, guard=1, seed=0).update(
        Meter(problem), problem.at(problem.w0), torch.ones(1, dtype=torch.float64)
    )
    assert torch.allclose(seen.values, torch.tensor([6.0, 2.0], dtype=torch.float64))
