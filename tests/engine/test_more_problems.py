"""The further toys and networks: their derivatives, and that the networks come to their edge."""

from __future__ import annotations

import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine import Simulation
from rodflow_widgets.errors import ArgumentError, UnknownNameError

from .problems import run


@pytest.mark.parametrize(
    ("problem", "loss", "sharpness"),
    [
        (rf.problems.double_well(w0=1.0 + 1e-9), 0.0, 2.0),
        (rf.problems.product(w0=(2.0, 0.5)), 0.0, 8.5),
        (rf.problems.masking(), 0.5 * 1.8 * 0.05**2, None),
        (rf.problems.twin_valley(w0=(0.0, 0.0, 5.0)), -0.05, 5.0),
    ],
    ids=["double well", "product", "masking", "twin valley"],
)
def test_toys_have_the_loss_and_the_sharpness_of_their_formula(problem, loss: float, sharpness: float | None) -> None:
    w = problem.w0
    assert float(problem.loss(w)) == pytest.approx(loss, abs=1e-12)
    if sharpness is not None:
        H = problem.hvp(w, torch.eye(problem.dim, dtype=w.dtype))
        assert float(torch.linalg.eigvalsh(H)[-1]) == pytest.approx(sharpness, rel=1e-6)


NETWORKS = {"digits_cnn": {"channels": 2, "n": 40}, "digits_transformer": {"width": 4, "heads": 2, "n": 40}}


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize("name", NETWORKS)
def test_second_and_third_derivatives_of_the_networks(name: str, loss: str) -> None:
    """Hessian-vector products, and the derivative of uᵀHu, against central differences."""
    problem = getattr(rf.problems, name)(**NETWORKS[name], loss=loss)
    generator = torch.Generator().manual_seed(0)
    w = problem.w0
    u, v = (torch.randn(w.shape, generator=generator, dtype=w.dtype) for _ in range(2))
    u, v, h = u / u.norm(), v / v.norm(), 1e-5
    difference = (problem.value_and_grad(w + h * v)[1] - problem.value_and_grad(w - h * v)[1]) / (2 * h)
    assert float((problem.hvp(w, v) - difference).norm() / difference.norm()) < 1e-6

    leaf = w.clone().requires_grad_()
    (g,) = torch.autograd.grad(problem.function(leaf), leaf, create_graph=True)
    (Hu,) = torch.autograd.grad(g @ u, leaf, create_graph=True)
    (third,) = torch.autograd.grad(Hu @ u, leaf)
    slope = u @ (problem.hvp(w + h * v, u) - problem.hvp(w - h * v, u)) / (2 * h)
    assert float(third @ v) == pytest.approx(float(slope), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(("name", "rate"), [("digits_cnn", 1.0), ("digits_transformer", 0.3)])
def test_the_networks_come_to_their_edge(name: str, rate: float) -> None:
    problem = getattr(rf.problems, name)(n=60)
    columns = run(Simulation(problem, rf.optimizers.GradientDescent(rate), ("discrete",), steps=140, every=4))
    ratio = columns["discrete"]["sharpness_ratio"]
    assert ratio.max() > 1
    assert ratio[-1] < 1.2


@pytest.mark.parametrize("name", NETWORKS)
def test_the_networks_are_the_same_in_single_precision(name: str) -> None:
    double, single = (
        getattr(rf.problems, name)(**NETWORKS[name], dtype=dtype) for dtype in (torch.float64, torch.float32)
    )
    v = torch.randn(double.dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    product = single.hvp(single.w0, v.float())
    assert product.dtype == torch.float32
    assert torch.equal(single.w0, double.w0.float())
    assert torch.allclose(product.double(), double.hvp(double.w0, v), rtol=1e-3, atol=1e-4)


def test_seeds_make_the_networks() -> None:
    first, same, other = (rf.problems.digits_transformer(seed=s, n=20).w0 for s in (0, 0, 1))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_bad_options_are_refused() -> None:
    with pytest.raises(ArgumentError, match="width=15"):
        rf.problems.digits_transformer(width=15)
    with pytest.raises(ArgumentError, match="channels=0"):
        rf.problems.digits_cnn(channels=0)
    with pytest.raises(UnknownNameError, match="activation"):
        rf.problems.digits_cnn(activation="step")
    with pytest.raises(ArgumentError, match="w0"):
        rf.problems.product(w0=(1.0,))
    with pytest.raises(ArgumentError, match="3 of them"):
        rf.problems.twin_valley(w0=(1.0, 2.0))
    with pytest.raises(ArgumentError, match="ratio"):
        rf.problems.twin_valley(ratio=2.0)
