"""Spectral density and trace against dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.errors import ArgumentError

from .problems import network
from .test_eigenpairs import diagonal, hessian, quadratic


def symmetric(size: int, seed: int) -> torch.Tensor:
    matrix = torch.randn(size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (matrix + matrix.T) / 2


def test_each_probe_integrates_polynomials_exactly() -> None:
    matrix = symmetric(40, 0)
    seen = rf.curvature.spectral_density(quadratic(matrix), probes=3, steps=5)
    generator = torch.Generator().manual_seed(0)
    for probe in range(3):
        v = torch.randn(1, 40, generator=generator, dtype=torch.float64)[0]
        v = v / v.norm()
        power = v
        for j in range(10):
            assert (seen.weights[probe] * seen.nodes[probe] ** j).sum() == pytest.approx(float(v @ power), rel=1e-9)
            power = matrix @ power
    assert seen.products == 15


def test_the_density_is_that_of_the_dense_matrix_and_its_integral_one() -> None:
    problem = network()
    values = torch.linalg.eigvalsh(hessian(problem)).numpy()
    seen = rf.curvature.spectral_density(problem, probes=60, steps=20, width=0.3, seed=1)
    assert np.trapezoid(seen.density, seen.grid) == pytest.approx(1.0, abs=1e-6)
    kernel = np.exp(-0.5 * ((seen.grid[:, None] - values) / 0.3) ** 2) / (0.3 * np.sqrt(2 * np.pi))
    exact = kernel.mean(1)
    assert np.abs(seen.density - exact).max() < 0.08 * exact.max()
    assert (np.abs(seen.density - exact) <= 4 * seen.error + 1e-9).mean() > 0.97


def test_error_bars_of_the_density_cover_in_the_right_share_of_seeds() -> None:
    matrix = symmetric(60, 3)
    exact = float((matrix @ matrix).diagonal().mean())
    problem, inside = quadratic(matrix), 0
    for seed in range(60):
        mean, error = rf.curvature.spectral_density(problem, probes=12, steps=3, seed=seed).moment(2)
        inside += abs(mean - exact) <= 2.2 * error
    assert 51 <= inside <= 60


def test_the_share_above_a_value_counts_eigenvalues() -> None:
    problem = diagonal(np.concatenate([np.full(20, 5.0), np.full(180, 1.0)]))
    share, error = rf.curvature.spectral_density(problem, probes=100, steps=3).share_above(3.0)
    assert abs(share - 0.1) <= 4 * error
    assert error < 0.01


def test_a_probe_that_ends_early_keeps_its_weight() -> None:
    seen = rf.curvature.spectral_density(diagonal(np.full(10, 2.0)), probes=2, steps=5)
    assert np.allclose(seen.weights.sum(1), 1)
    assert seen.moment(1) == pytest.approx((2.0, 0.0))
    assert np.trapezoid(seen.density, seen.grid) == pytest.approx(1.0, abs=1e-6)


def test_the_trace_is_exact_for_low_rank_and_for_enough_products() -> None:
    low = rf.curvature.trace(diagonal(np.array([5.0, 3.0, 1.0] + [0.0] * 100)), products=30)
    assert low.value == pytest.approx(9.0, rel=1e-9)
    assert low.standard_error < 1e-9
    problem = network()
    full = rf.curvature.trace(problem, products=3 * problem.dim)
    assert (full.value, full.standard_error) == (pytest.approx(float(hessian(problem).trace())), 0.0)


def test_error_bars_of_the_trace_cover_in_the_right_share_of_seeds() -> None:
    problem = network()
    exact, inside, errors = float(hessian(problem).trace()), 0, []
    for seed in range(100):
        seen = rf.curvature.trace(problem, products=45, seed=seed)
        inside += abs(seen.value - exact) <= 2.2 * seen.standard_error
        errors.append(seen.value - exact)
        assert seen.products == 45
    assert 85 <= inside <= 100
    assert abs(np.mean(errors)) <= 4 * np.std(errors) / 10


def test_preconditioned_trace_and_density() -> None:
    problem = network()
    P = torch.rand(problem.dim, generator=torch.Generator().manual_seed(2), dtype=torch.float64) + 0.5
    exact = float((hessian(problem).diagonal() / P).sum())
    assert rf.curvature.trace(problem, preconditioner=P, products=240).value == pytest.approx(exact)
    mean, error = rf.curvature.spectral_density(problem, preconditioner=P, probes=50, steps=2).moment(1)
    assert abs(mean - exact / problem.dim) <= 4 * error


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"probes": 1}, "probes=1"),
        ({"steps": 0}, "steps=0"),
        ({"width": 0.0}, "width=0.0"),
        ({"grid": [1.0, 0.0]}, "increasing"),
        ({"grid": "fine"}, "grid is a str"),
        ({"preconditioner": 0.0}, "preconditioner has the entry 0"),
        ({"w": torch.ones(2)}, "w has shape"),
    ],
)
def test_what_cannot_work_is_refused(options, words) -> None:
    with pytest.raises(ArgumentError, match=words):
        rf.curvature.spectral_density(network(), **options)


def test_a_trace_that_cannot_be() -> None:
    with pytest.raises(ArgumentError, match="products=5"):
        rf.curvature.trace(network(), products=5)
