"""Cold eigenpairs: against dense matrices, on spectra that mislead, and what the stopping rule promises."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

import rodflow_widgets as rf
from rodflow_widgets.engine.curvature.lanczos import Doubt, Lanczos
from rodflow_widgets.engine.point import AutodiffPoint
from rodflow_widgets.errors import ArgumentError, UnknownNameError

from .problems import network
from .test_host import Count


def quadratic(matrix: Tensor, w0: Tensor | None = None) -> rf.Problem:
    start = torch.ones(len(matrix), dtype=matrix.dtype) if w0 is None else w0
    return rf.Problem.from_function(lambda w: w @ matrix @ w / 2, start)


def diagonal(values: np.ndarray, w0: Tensor | None = None) -> rf.Problem:
    entries = torch.from_numpy(np.asarray(values, dtype=float))
    start = torch.ones(len(entries), dtype=torch.float64) if w0 is None else w0
    return rf.Problem.from_function(lambda w: (entries * w * w).sum() / 2, start)


def hessian(problem: rf.Problem) -> Tensor:
    return torch.autograd.functional.hessian(problem.function, problem.w0)


@pytest.mark.parametrize("k", [1, 3, 8])
def test_eigenpairs_of_a_network_agree_with_the_dense_hessian(k: int) -> None:
    problem = network()
    dense = hessian(problem)
    seen = rf.curvature.eigenpairs(problem, k=k, margin=1e-3)
    exact = torch.linalg.eigvalsh(dense).flip(0)[:k]
    assert torch.allclose(seen.values, exact, rtol=1e-3)
    assert (seen.values <= exact + 1e-12).all()
    assert seen.converged
    assert torch.allclose(seen.vectors @ seen.vectors.T, torch.eye(k, dtype=dense.dtype), atol=1e-10)
    residual = (seen.vectors @ dense - seen.values[:, None] * seen.vectors).norm(dim=1)
    assert torch.allclose(residual, seen.residuals, atol=1e-9)
    assert seen.ceiling >= exact[0] - 1e-12


def test_the_preconditioned_hessian() -> None:
    problem = network()
    P = torch.rand(problem.dim, generator=torch.Generator().manual_seed(2), dtype=torch.float64) + 0.5
    seen = rf.curvature.eigenpairs(problem, k=3, preconditioner=P, tolerance=1e-6, margin=1e-3)
    exact = torch.linalg.eigvalsh(hessian(problem) / P.sqrt() / P.sqrt()[:, None]).flip(0)[:3]
    assert torch.allclose(seen.values, exact, rtol=1e-6)
    half = rf.curvature.eigenpairs(problem, k=3, preconditioner=2.0, tolerance=1e-6, margin=1e-3)
    whole = rf.curvature.eigenpairs(problem, k=3, tolerance=1e-6, margin=1e-3)
    assert torch.allclose(2 * half.values, whole.values, rtol=1e-6)


def test_as_many_as_there_are_parameters() -> None:
    matrix = torch.randn(12, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    matrix = matrix + matrix.T
    seen = rf.curvature.eigenpairs(quadratic(matrix), k=12)
    assert torch.allclose(seen.values, torch.linalg.eigvalsh(matrix).flip(0), atol=1e-9)
    assert seen.converged
    assert seen.products <= 12


def test_a_cluster_is_resolved_to_the_tolerance() -> None:
    spectrum = np.concatenate([np.linspace(1.0, 0.999, 5), np.linspace(0.9, 0.0, 400)])
    seen = rf.curvature.eigenpairs(diagonal(spectrum), k=5)
    assert seen.converged
    assert np.allclose(seen.values.numpy(), spectrum[:5], rtol=1.5e-3)


@pytest.mark.parametrize("height", [1.1, 2.0])
def test_an_eigenvector_without_overlap_with_the_gradient_is_found(height: float) -> None:
    """The start is zero along the largest eigenvector, so that the gradient never shows it."""
    spectrum = np.concatenate([[height], np.linspace(1.0, 0.0, 500)])
    w0 = torch.ones(501, dtype=torch.float64)
    w0[0] = 0.0
    problem = diagonal(spectrum, w0)
    for seed in range(10):
        seen = rf.curvature.eigenpairs(problem, seed=seed)
        assert float(seen.values[0]) == pytest.approx(height, rel=1e-3)


def test_what_may_be_missed_is_missed_no_oftener_than_promised() -> None:
    """An eigenvalue just beyond the margin, which the gradient hides: at most one in twenty answers may be the second."""
    spectrum = np.concatenate([[1.06], np.linspace(1.0, 0.0, 300) ** 0.5])
    w0 = torch.ones(301, dtype=torch.float64)
    w0[0] = 0.0
    problem = diagonal(spectrum, w0)
    seen = [rf.curvature.eigenpairs(problem, seed=seed) for seed in range(60)]
    missed = sum(float(one.values[0]) < 1.05 for one in seen)
    assert missed <= 3
    assert sum(one.ceiling < 1.06 - 1e-9 for one in seen) <= 3


def test_the_share_that_is_left_is_a_bound_for_every_eigenvector() -> None:
    matrix = torch.randn(60, 60, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    matrix = matrix + matrix.T
    values, vectors = torch.linalg.eigh(matrix)
    start = torch.randn(60, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    shares = ((vectors.T @ (start / start.norm())) ** 2).numpy()
    krylov = Lanczos(lambda rows: rows @ matrix, start)
    for _ in range(12):
        krylov.grow(2)
        assert (shares <= krylov.coefficients().share_at_most(values.numpy()) * (1 + 1e-6)).all()


def test_a_random_direction_has_as_little_as_doubt_says() -> None:
    """The bound on the probability of a small component, against 20,000 random directions that are shifted."""
    noise = torch.randn(20_000, 30, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    component = (noise / noise.norm(dim=1, keepdim=True))[:, 0]
    krylov = Lanczos(lambda rows: rows * torch.arange(30.0, dtype=torch.float64), torch.ones(30, dtype=torch.float64))
    krylov.grow(4)
    seen = krylov.coefficients()
    for x in (30.0, 40.0, 80.0):
        bound = float(Doubt(30, 1.0).probability(seen, np.array(x)))
        limit = (seen.share_at_most(np.array(x)) * seen.norm**2) ** 0.5
        for shift in (0.0, 0.3):
            assert float(((component + shift).abs() <= limit).double().mean()) <= bound + 0.01


def test_repeated_eigenvalues_are_listed_once_unless_asked_for() -> None:
    spectrum = np.concatenate([[3.0, 3.0, 3.0, 2.0], np.linspace(1.0, 0.0, 100)])
    once = rf.curvature.eigenpairs(diagonal(spectrum), k=2)
    assert np.allclose(once.values.numpy(), [3.0, 2.0], rtol=1e-3)
    every = rf.curvature.eigenpairs(diagonal(spectrum), k=4, repeated=True)
    assert np.allclose(every.values.numpy(), [3.0, 3.0, 3.0, 2.0], rtol=1e-3)
    assert every.converged


def test_a_hessian_of_low_rank_and_a_multiple_of_the_identity() -> None:
    low = rf.curvature.eigenpairs(diagonal(np.array([4.0, 2.0] + [0.0] * 50)), k=4)
    assert np.allclose(low.values.numpy(), [4.0, 2.0, 0.0, 0.0], atol=1e-9)
    assert low.converged
    one = rf.curvature.eigenpairs(diagonal(np.full(20, 7.0)), k=3)
    assert np.allclose(one.values.numpy(), 7.0)


def test_too_few_products_say_so() -> None:
    seen = rf.curvature.eigenpairs(diagonal(np.linspace(1.0, 0.0, 500)), most=6)
    assert seen.products == 6
    assert not seen.converged


def test_at_a_point_without_gradient() -> None:
    spectrum = np.concatenate([[2.0], np.linspace(1.0, 0.0, 50)])
    problem = diagonal(spectrum)
    seen = rf.curvature.eigenpairs(problem, torch.zeros(51, dtype=torch.float64))
    assert float(seen.values[0]) == pytest.approx(2.0, rel=1e-3)


def test_products_are_counted_and_the_device_is_seldom_waited_for() -> None:
    problem, calls = network(), []
    count = Count()
    original = AutodiffPoint.products

    def products(self, vectors):
        calls.append(len(vectors))
        return original(self, vectors)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AutodiffPoint, "products", products)
        with count:
            seen = rf.curvature.eigenpairs(problem, k=2)
    assert seen.products == sum(calls)
    assert seen.gradients == 1
    assert count.copies <= 1 + seen.products / 2


def test_float32() -> None:
    seen = rf.curvature.eigenpairs(network(dtype=torch.float32), k=3)
    exact = rf.curvature.eigenpairs(network(), k=3, tolerance=1e-6)
    assert seen.values.dtype == torch.float32
    assert torch.allclose(seen.values.double(), exact.values, rtol=1e-3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"k": 74}, "k=74 is not usable: give a whole number of at least 1 and at most 73"),
        ({"k": 0}, "k=0"),
        ({"tolerance": 1.0}, "tolerance=1.0"),
        ({"tolerance": 0}, "tolerance=0"),
        ({"margin": -1}, "margin=-1"),
        ({"confidence": 1.5}, "confidence=1.5"),
        ({"preconditioner": -1.0}, "preconditioner has the entry -1"),
        ({"preconditioner": torch.ones(3)}, r"preconditioner has shape \[3\]: give \[1\] or \[73\]"),
        ({"w": torch.ones(5)}, r"w has shape \[5\]: give \[73\]"),
        ({"w": torch.full((73,), float("nan"))}, "w holds values that are not finite"),
        ({"w": "here"}, "w is a str"),
        ({"most": 0}, "most=0"),
        ({"seed": -1}, "seed=-1"),
    ],
)
def test_what_cannot_work_is_refused(options, words) -> None:
    with pytest.raises(ArgumentError, match=words):
        rf.curvature.eigenpairs(network(), **options)


def test_no_problem_and_no_such_keyword() -> None:
    with pytest.raises(ArgumentError, match="is no Problem"):
        rf.curvature.eigenpairs(3)
    with pytest.raises(UnknownNameError, match="did you mean 'tolerance'"):
        rf.curvature.eigenpairs(network(), tolerence=0.1)
