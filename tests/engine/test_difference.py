"""Second and third derivatives by differences of gradients, against automatic ones, and what is said of their error."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rodflow_widgets.engine import Problem
from rodflow_widgets.engine.problem import Meter
from rodflow_widgets.errors import ArgumentError, ProblemError

from .problems import network


def differences(dtype: torch.dtype = torch.float64) -> tuple[Problem, Problem]:
    """The network by finite differences in `dtype`, and by automatic differentiation in float64."""
    exact = network()
    function = network(dtype=dtype).function
    return Problem.from_function(function, exact.w0.to(dtype), hessian="finite-difference"), exact


def rows(p: int, k: int = 4) -> Tensor:
    """Of very different lengths."""
    drawn = torch.randn(k, p, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return drawn * torch.logspace(-3, 3, k, dtype=torch.float64)[:, None]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-8), (torch.float32, 2e-3)])
def test_products_and_the_estimate_of_their_error(dtype: torch.dtype, tolerance: float) -> None:
    ours, exact = differences(dtype)
    V = rows(ours.dim)
    computed, expected = ours.at(ours.w0).products(V.to(dtype)).double(), exact.at(exact.w0).products(V)
    error = (computed - expected).norm(dim=1)
    assert float((error / expected.norm(dim=1)).max()) < tolerance
    estimate = ours.hvp_error(ours.w0, V.T.to(dtype)).double()
    assert bool((error < 2 * estimate).all())
    assert bool((estimate < 50 * error).all())
    assert float(ours.hvp_error(ours.w0, V[0].to(dtype))) == float(estimate[0])


def test_third_derivatives() -> None:
    ours, exact = differences()
    V = rows(ours.dim, 3)
    images, thirds = ours.at(ours.w0).thirds(V)
    expected_images, expected = exact.at(exact.w0).thirds(V)
    assert float(((images - expected_images).norm(dim=1) / expected_images.norm(dim=1)).max()) < 1e-8
    assert float(((thirds - expected).norm(dim=1) / expected.norm(dim=1)).max()) < 1e-5


def test_a_product_with_nothing_is_nothing() -> None:
    ours, _ = differences()
    nothing = torch.zeros(2, ours.dim, dtype=torch.float64)
    point = ours.at(ours.w0)
    assert torch.equal(point.products(nothing), nothing)
    assert torch.equal(point.thirds(nothing)[1], torch.zeros(3, ours.dim, dtype=torch.float64))


class Once(torch.autograd.Function):
    """Σ w⁴ whose gradient torch cannot differentiate again."""

    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return (w**4).sum()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        return 4 * g * ctx.saved_tensors[0] ** 3


def test_an_operation_that_torch_differentiates_once() -> None:
    with pytest.raises(ProblemError, match=r"second derivative.*hessian='finite-difference'"):
        Problem.from_function(Once.apply, [1.0, 2.0])
    problem = Problem.from_function(Once.apply, [1.0, 2.0], hessian="finite-difference")
    v = torch.tensor([1.0, -1.0], dtype=torch.float64)
    assert torch.allclose(problem.hvp(problem.w0, v), 12 * problem.w0**2 * v, rtol=1e-8)
    assert torch.allclose(problem.at(problem.w0).thirds(v[None])[1], 24 * problem.w0 * v**2, rtol=1e-5)


def test_costs_are_counted_in_gradients_that_are_taken() -> None:
    taken = []

    def function(w: Tensor) -> Tensor:
        taken.append(w)
        return (w**4).sum()

    problem = Problem.from_function(function, [1.0, 2.0], hessian="finite-difference")
    meter, vector = Meter(problem), torch.ones(1, 2, dtype=torch.float64)
    for act in (meter.apply, meter.thirds):
        point = meter.at(problem.w0)
        taken.clear()
        before = meter.cost
        act(point, vector)
        assert meter.cost - before == len(taken)


def test_the_error_of_automatic_products_is_not_estimated() -> None:
    problem = network()
    with pytest.raises(ArgumentError, match="exact to rounding"):
        problem.hvp_error(problem.w0, problem.w0)
    with pytest.raises(ArgumentError, match=r"v has shape \[3\]"):
        differences()[0].hvp_error(problem.w0, torch.ones(3, dtype=torch.float64))
