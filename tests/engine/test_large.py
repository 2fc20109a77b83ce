"""Micro-batches, lower precision and checkpointing: the same loss and derivatives, in less memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem
from rodflow_widgets.engine.problem import Meter
from rodflow_widgets.errors import ArgumentError, ProblemError, UnknownNameError

from .memory import peak
from .problems import run

DEPTH = 4


class Deep(nn.Module):
    """Blocks whose activations are what fills the memory."""

    def __init__(self, width: int, outputs: int = 3, norm: type[nn.Module] | None = None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList()
        for _ in range(DEPTH):
            layers = [nn.Linear(width, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh()]
            self.blocks.append(nn.Sequential(*layers, *([norm(width)] if norm else [])))
        self.head = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def deep(norm: type[nn.Module] | None = None, width: int = 6) -> Deep:
    torch.manual_seed(0)
    return Deep(width, norm=norm).to(torch.float64)


def batch(n: int, width: int = 6, classes: bool = False) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(n, width, generator=generator, dtype=torch.float64)
    y = torch.randn(n, 3, generator=generator, dtype=torch.float64)
    return x, y.argmax(1) if classes else y


def problem(n: int = 30, loss=None, *, width: int = 6, classes: bool = False, norm=None, **options) -> Problem:
    return Problem(deep(norm, width), loss or nn.MSELoss(), *batch(n, width, classes), **options)


def vectors(p: int, k: int = 3) -> Tensor:
    return torch.randn(k, p, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def assert_same(ours: Problem, theirs: Problem, tolerance: float = 1e-12) -> None:
    """Loss, gradient, products and third derivatives agree, away from the start."""
    w = theirs.w0 + 0.1 * vectors(theirs.dim, 1)[0]
    V = vectors(theirs.dim)
    here, there = ours.at(w), theirs.at(w)
    pairs = [
        (ours.loss(w), theirs.loss(w)),
        *zip(ours.value_and_grad(w), theirs.value_and_grad(w), strict=True),
        (here.loss, there.loss),
        (here.grad, there.grad),
        (here.products(V), there.products(V)),
        *zip(here.thirds(V), there.thirds(V), strict=True),
    ]
    for a, b in pairs:
        assert float((a - b).norm() / b.norm()) < tolerance


@pytest.mark.parametrize("batch_size", [1, 7, 100])
@pytest.mark.parametrize(
    ("loss", "classes", "reduction"),
    [
        (nn.MSELoss(), False, None),
        (nn.MSELoss(reduction="sum"), False, "sum"),
        (nn.CrossEntropyLoss(), True, "mean"),
        (nn.CrossEntropyLoss(reduction="sum"), True, None),
    ],
)
def test_micro_batches_give_the_loss_of_the_whole_batch(batch_size: int, loss, classes: bool, reduction) -> None:
    whole = problem(12, loss, classes=classes)
    assert_same(problem(12, loss, classes=classes, batch_size=batch_size, reduction=reduction), whole)


WEIGHTED = nn.CrossEntropyLoss(torch.tensor([1.0, 5.0, 0.2], dtype=torch.float64))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: problem(batch_size=8, reduction="sum"), ["not the sum", "over examples 4 to 11", "4 to 7", "8 to 11"]),
        (lambda: problem(loss=nn.MSELoss(reduction="sum"), batch_size=8, reduction="mean"), ["not the mean"]),
        (lambda: problem(loss=WEIGHTED, classes=True, batch_size=8), ["neither the mean nor the sum", "class weights"]),
        (lambda: problem(norm=nn.BatchNorm1d, batch_size=8), ["'blocks.0.4' (BatchNorm1d)", "model.eval()"]),
        (lambda: problem(loss=lambda out, y: (out - y).std(), batch_size=8), ["neither the mean nor the sum"]),
        (lambda: problem(loss=lambda out, y: 0 * out.mean(), batch_size=8), ["0 for every part", "reduction="]),
        (lambda: problem(norm=lambda width: nn.Dropout(0.1), batch_size=8), ["random", "dropout"]),
    ],
)
def test_a_loss_that_is_no_mean_or_sum_is_not_split(make, words: list[str]) -> None:
    with pytest.raises(ProblemError) as caught:
        make()
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_ignored_targets_are_found_wherever_they_are() -> None:
    x, y = batch(40, classes=True)
    y[33] = -100
    with pytest.raises(ProblemError, match=r"over examples (28 to 35|32 to 39)"):
        Problem(deep(), nn.CrossEntropyLoss(), x, y, batch_size=8)


def test_what_does_not_couple_the_examples_is_split() -> None:
    model = deep(nn.BatchNorm1d)
    model(batch(50)[0])
    model.eval()
    x, y = batch(30)
    assert_same(Problem(model, nn.MSELoss(), x, y, batch_size=8), Problem(model, nn.MSELoss(), x, y))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (dict(batch_size=0), ArgumentError, ["batch_size=0"]),
        (dict(batch_size=2.5), ArgumentError, ["batch_size=2.5"]),
        (dict(batch_size=8, reduction="men"), UnknownNameError, ["'men'", "'mean'"]),
        (dict(compute_dtype=torch.float16), ArgumentError, ["compute_dtype=torch.float16", "bfloat16"]),
        (dict(dtype=torch.float32, compute_dtype=torch.float64), ArgumentError, ["wider than dtype=torch.float32"]),
        (
            dict(dtype=torch.float32, product_dtype=torch.float64),
            ArgumentError,
            ["product_dtype=torch.float64 is wider"],
        ),
        (
            dict(hessian="finite-difference", product_dtype=torch.float32),
            ArgumentError,
            ["product_dtype=torch.float32 belongs to hessian='autodiff'"],
        ),
        (dict(checkpoint="blocks.0"), ArgumentError, ["checkpoint='blocks.0'", "names of layers"]),
        (dict(checkpoint=("block.0",)), UnknownNameError, ["'block.0'", "'blocks.0'"]),
        (dict(checkpoint=("blocks.0", "blocks.0.1")), ArgumentError, ["'blocks.0.1' inside 'blocks.0'"]),
        (dict(checkpoint=("head", "head")), ArgumentError, ["'head' inside 'head'"]),
        (dict(hessian="autodif"), UnknownNameError, ["'autodif'", "'autodiff'"]),
        (dict(hessian="finite-difference", compute_dtype=torch.bfloat16), ArgumentError, ["float32", "bfloat16"]),
    ],
)
def test_bad_options_name_the_argument_and_the_value(options: dict, error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        problem(**options)
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_products_in_micro_batches_cost_one_gradient_more_a_block() -> None:
    for options, gradients in ((dict(batch_size=8), 3), (dict(), 1)):
        split = problem(**options)
        meter = Meter(split)
        point = meter.at(split.w0)
        meter.apply(point, vectors(split.dim, 5))
        meter.thirds(point, vectors(split.dim, 2))
        assert (meter.gradients, meter.products, meter.third_derivatives) == (gradients, 5, 3)


@pytest.mark.parametrize("what", ["loss", "gradient", "products", "thirds"])
def test_peak_memory_does_not_grow_with_the_batch(what: str) -> None:
    def most(n: int, batch_size: int | None) -> int:
        made = problem(n, width=16, batch_size=batch_size)
        w, V = made.w0, vectors(made.dim, 2)
        return peak(
            {
                "loss": lambda: made.loss(w),
                "gradient": lambda: made.value_and_grad(w),
                "products": lambda: made.at(w).products(V),
                "thirds": lambda: made.at(w).thirds(V[:1]),
            }[what]
        )

    small, large, whole = most(120, 60), most(480, 60), most(480, None)
    assert large <= 1.05 * small
    assert whole > 2.5 * large


def test_float32_inside_float64_and_bfloat16_say_what_they_cost() -> None:
    float32 = problem(dtype=torch.float64, compute_dtype=torch.float32, batch_size=8)
    assert {t.dtype for t in (float32.w0, *float32.value_and_grad(float32.w0))} == {torch.float64}
    errors = float32.precision_errors()
    assert 1e-9 < errors.loss < 1e-6
    assert 1e-9 < errors.gradient < 1e-6
    assert 1e-9 < errors.product < 1e-6

    coarse = problem(dtype=torch.float32, compute_dtype=torch.bfloat16)
    errors = coarse.precision_errors(v=vectors(coarse.dim)[0].float())
    assert 1e-4 < errors.gradient < 2e-2
    assert 1e-4 < errors.product < 3e-2
    assert coarse.value_and_grad(coarse.w0)[1].dtype == torch.float32
    assert_same(problem(dtype=torch.float64, compute_dtype=torch.bfloat16), problem(), 3e-2)


@pytest.mark.parametrize(("batch_size", "gradients"), [(None, 2), (8, 3)])
def test_products_in_float32_of_a_problem_in_float64(batch_size: int | None, gradients: int) -> None:
    made, exact = problem(batch_size=batch_size, product_dtype=torch.float32), problem(batch_size=batch_size)
    V = vectors(made.dim)
    meter = Meter(made)
    point, there = meter.at(made.w0), exact.at(exact.w0)
    assert torch.equal(point.loss, there.loss)
    assert torch.equal(point.grad, there.grad)
    for _ in range(2):
        products, expected = meter.apply(point, V), there.products(V)
        assert products.dtype == torch.float64
        assert 1e-9 < float((products - expected).norm() / expected.norm()) < 1e-6
    assert meter.gradients == gradients
    assert 1e-9 < made.precision_errors().product < 1e-6


def test_float64_throughout_has_no_precision_error() -> None:
    errors = problem().precision_errors()
    assert (errors.loss, errors.gradient, errors.product) == (0, 0, 0)
    with pytest.raises(ArgumentError, match="needs a model"):
        Problem.from_function(lambda w: (w**2).sum(), [1.0]).precision_errors()


BLOCKS = tuple(f"blocks.{i}" for i in range(DEPTH))


def test_checkpointed_layers_give_the_same_derivatives() -> None:
    assert_same(problem(checkpoint=BLOCKS), problem())
    assert_same(problem(checkpoint=("blocks",), batch_size=8), problem())


def test_a_checkpointed_point_remembers_its_own_parameters() -> None:
    ours, theirs, V = problem(checkpoint=BLOCKS), problem(), vectors(problem().dim)
    w = theirs.w0
    first, second = ours.at(w), ours.at(w + 0.1 * V[0])
    ours.value_and_grad(w + 0.2 * V[1])
    for here, there in ((first, theirs.at(w)), (second, theirs.at(w + 0.1 * V[0]))):
        assert torch.allclose(here.products(V), there.products(V), rtol=1e-12, atol=1e-14)


def test_checkpoints_save_the_memory_of_gradients_and_leave_the_model_alone() -> None:
    model = deep()
    Problem(model, nn.MSELoss(), *batch(30), checkpoint=BLOCKS)
    assert "forward" not in vars(model.blocks[0])

    def most(products: bool, **options) -> int:
        made = problem(2000, width=16, **options)
        w, v = made.w0, vectors(made.dim, 1)
        return peak(lambda: made.at(w).products(v) if products else made.value_and_grad(w))

    assert most(False, checkpoint=BLOCKS) < 0.75 * most(False)
    assert most(True, checkpoint=BLOCKS, hessian="finite-difference") < 0.5 * most(True)


FLOWS = ("rod", "rod-paper", "rod-covariance", "stable", "central", "edge")


def small(**options) -> Problem:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 4), nn.Sequential(nn.Tanh(), nn.Linear(4, 3))).to(torch.float64)
    return Problem(model, nn.MSELoss(), *batch(12), **options)


def simulated(made: Problem) -> dict[str, dict]:
    optimizer = rf.optimizers.GradientDescent(0.5)
    return run(rf.Simulation(made, optimizer, ("discrete", *FLOWS), steps=3, start=1))


@pytest.fixture(scope="module")
def plain() -> dict[str, dict]:
    return simulated(small())


@pytest.mark.parametrize(
    ("options", "tolerance"),
    [
        (dict(batch_size=7), 1e-7),
        (dict(checkpoint=("1",)), 1e-7),
        (dict(hessian="finite-difference"), 1e-4),
        (dict(compute_dtype=torch.float32), 1e-3),
        (dict(product_dtype=torch.float32), 1e-3),
    ],
    ids=["micro-batches", "checkpoints", "finite differences", "float32 inside", "float32 products"],
)
def test_every_flow_runs_on_it_unchanged(options: dict, tolerance: float, plain: dict[str, dict]) -> None:
    ours = simulated(small(**options))
    for name in ("discrete", *FLOWS):
        assert len(ours[name]["loss"]) == (4 if name == "discrete" else 3)
        for column in ("loss", "sharpness", "grad_norm"):
            np.testing.assert_allclose(ours[name][column], plain[name][column], rtol=tolerance)
