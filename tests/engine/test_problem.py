"""Gradients and Hessian products against dense matrices, and what a problem refuses before anything runs."""

import numpy as np
import pytest
import torch
from torch import nn

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem
from rodflow_widgets.errors import ArgumentError, ProblemError, UnknownNameError

from .problems import network

X, Y = torch.randn(20, 3, generator=torch.Generator().manual_seed(0)), torch.ones(20, 2)


def linear(outputs: int = 2) -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(3, outputs)


def test_gradient_and_products_agree_with_the_dense_hessian() -> None:
    problem = network()
    w = problem.w0
    dense = torch.autograd.functional.hessian(problem.function, w)
    _, grad = problem.value_and_grad(w)
    assert torch.allclose(grad, torch.autograd.functional.jacobian(problem.function, w), rtol=1e-12)
    block = torch.randn(problem.dim, 5, dtype=w.dtype, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(problem.hvp(w, block), dense @ block, rtol=1e-9, atol=1e-12)
    assert torch.allclose(problem.hvp(w, block[:, 0]), dense @ block[:, 0], rtol=1e-9, atol=1e-12)


def test_products_one_by_one_where_they_cannot_be_batched() -> None:
    problem = network()
    batched = problem.hvp(problem.w0, torch.eye(problem.dim, dtype=torch.float64))
    problem.products_at_once = 1
    assert torch.allclose(batched, problem.hvp(problem.w0, torch.eye(problem.dim, dtype=torch.float64)), atol=1e-12)


def test_the_model_is_never_changed_and_frozen_parameters_stay_fixed() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    model[0].weight.requires_grad_(False)
    before = {name: t.clone() for name, t in model.state_dict().items()}
    problem = Problem(model, nn.MSELoss(), X, Y)
    problem.value_and_grad(problem.w0)
    assert problem.dim == sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())


def test_dtype_is_that_of_the_argument_for_parameters_and_data() -> None:
    problem = Problem(linear(), nn.MSELoss(), X, Y, dtype=torch.float64)
    assert problem.w0.dtype == torch.float64
    assert problem.loss(problem.w0).dtype == torch.float64


def test_a_linear_loss_has_a_hessian_of_zero() -> None:
    problem = Problem.from_function(lambda w: w.sum(), [1.0, 2.0])
    assert torch.equal(problem.hvp(problem.w0, problem.w0), torch.zeros(2, dtype=torch.float64))


def test_a_problem_takes_lists_and_arrays() -> None:
    problem = Problem.from_function(lambda w: (w**2).sum(), np.array([1.0, 2.0]))
    assert problem.dim == 2
    assert float(problem.loss(problem.w0)) == 5


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Problem(linear(), nn.MSELoss(), X, torch.ones(20, 3)), ["output [20, 2]", "targets [20, 3]"]),
        (lambda: Problem(linear(), nn.MSELoss(), X, torch.ones(20, 1)), ["output [20, 2]", "targets [20, 1]"]),
        (lambda: Problem(linear(), nn.CrossEntropyLoss(), X, torch.full((20,), 7)), ["output", "Target 7"]),
        (lambda: Problem(linear(), nn.MSELoss(), X[:, :2], Y), ["inputs of shape [20, 2]", "first layer"]),
        (lambda: Problem(linear(), nn.MSELoss(reduction="none"), X, Y), ["shape [20, 2]", "take the mean"]),
        (lambda: Problem(linear(), nn.MSELoss(), X[:0], Y[:0]), ["inputs", "[0, 3]", "empty"]),
        (lambda: Problem(linear(), nn.MSELoss(), X, Y[:3]), ["20 examples", "targets 3"]),
        (lambda: Problem(linear(), nn.MSELoss(), X * float("nan"), Y), ["inputs", "NaN"]),
        (lambda: Problem(nn.Sequential(linear(), nn.Dropout()), nn.MSELoss(), X, Y), ["random", "dropout"]),
        (lambda: Problem(nn.Sequential(linear(), nn.Dropout(1e-6)), nn.MSELoss(), X, Y), ["random", "dropout"]),
        (
            lambda: Problem(linear(1), lambda out, y: ((out - y) ** 2).mean(), X, Y[:, 0]),
            ["output [20, 1]", "targets [20]", "[20, 20]"],
        ),
        (
            lambda: Problem(linear(), lambda out, y: (out.argmax(1) == y[:, 0]).float().mean(), X, Y),
            ["differentiable", "argmax"],
        ),
        (lambda: Problem(nn.ReLU(), nn.MSELoss(), X, Y), ["ReLU", "no trainable parameters"]),
        (lambda: Problem.from_function(lambda w: w, [1.0, 2.0]), ["shape [2]", "single number"]),
        (lambda: Problem.from_function(lambda w: (w**2).sum(), [1.0, float("nan")]), ["w0[1] = nan"]),
        (lambda: Problem.from_function(lambda w: (w**2).sum(), []), ["w0", "[0]"]),
        (lambda: Problem.from_function(lambda w: (w**2).sum(), torch.ones(2, dtype=torch.int64)), ["w0", "int64"]),
        (lambda: Problem.from_function(lambda w: w.sum().log(), [-1.0]), ["nan", "finite"]),
        (lambda: Problem.from_function(lambda w: float(w.sum().detach()), [1.0]), ["float", "scalar tensor"]),
    ],
)
def test_bad_problems_say_what_and_what_to_do(make, words) -> None:
    with pytest.raises(ProblemError) as caught:
        make()
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_nan_and_integer_parameters_are_named() -> None:
    broken = linear()
    with torch.no_grad():
        broken.weight[0, 0] = float("nan")
    with pytest.raises(ProblemError, match="'weight' holds NaN"):
        Problem(broken, nn.MSELoss(), X, Y)
    whole = linear()
    whole.counts = nn.Parameter(torch.ones(2, dtype=torch.int64), requires_grad=False)
    with pytest.raises(ProblemError, match=r"'counts' has dtype torch\.int64"):
        Problem(whole, nn.MSELoss(), X, Y)


def test_a_loss_without_second_derivative_is_refused() -> None:
    class Once(torch.autograd.Function):
        @staticmethod
        def forward(ctx, w):
            ctx.save_for_backward(w)
            return (w**2).sum()

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, g):
            return 2 * g * ctx.saved_tensors[0]

    with pytest.raises(ProblemError, match="second derivative"):
        Problem.from_function(Once.apply, [1.0, 2.0])


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Problem("net", nn.MSELoss(), X, Y), ArgumentError, ["model='net'", "from_function"]),
        (lambda: Problem(linear(), 3, X, Y), ArgumentError, ["loss=3", "callable"]),
        (lambda: Problem(linear(), nn.MSELoss(), X, Y, device="gpu9"), ArgumentError, ["device='gpu9'"]),
        (
            lambda: Problem(linear(), nn.MSELoss(), X, Y, dtype=torch.int64),
            ArgumentError,
            ["dtype has dtype torch.int64"],
        ),
        (lambda: Problem.from_function(3, [1.0]), ArgumentError, ["f=3"]),
        (lambda: network().hvp(network().w0, torch.ones(3)), ArgumentError, ["v has shape [3]", "[73]"]),
        (lambda: Problem(linear(), nn.MSELoss(), X, Y, dtyp=torch.float64), UnknownNameError, ["'dtyp'", "'dtype'"]),
        (lambda: Problem.from_function(torch.sum, [1.0], nam="a"), UnknownNameError, ["'nam'", "'name'"]),
        (lambda: rf.optimizers.GradientDescent(learning_rat=1), UnknownNameError, ["'learning_rate'"]),
        (lambda: rf.flows.Rod(substep=2), UnknownNameError, ["'substeps'"]),
        (lambda: rf.problems.quadratic(sharpnes=1), UnknownNameError, ["'sharpness'"]),
        (lambda: rf.problems.quadratic(dtype="float32"), ArgumentError, ["dtype", "'float32'"]),
        (lambda: rf.problems.digits_mlp(seed=-1), ArgumentError, ["seed=-1"]),
        (lambda: rf.problems.digits_mlp(activation=["tanh"]), UnknownNameError, ["['tanh']"]),
        (lambda: Problem(linear(), nn.MSELoss(), X, Y, device="meta"), ArgumentError, ["device='meta'"]),
        (lambda: Problem(linear().half(), nn.MSELoss(), X, Y), ArgumentError, ["'weight'", "float16"]),
        (lambda: Problem(linear(), nn.MSELoss(), X, Y, dtype=torch.bfloat16), ArgumentError, ["bfloat16"]),
        (lambda: rf.problems.digits_mlp(n=0), ArgumentError, ["n=0", "1797"]),
        (lambda: rf.problems.digits_mlp(widths=(32, 0)), ArgumentError, ["widths=(32, 0)"]),
        (lambda: rf.problems.digits_mlp(activation="tahn"), UnknownNameError, ["'tahn'", "'tanh'"]),
        (lambda: rf.problems.digits_mlp(loss="mae"), UnknownNameError, ["'mae'", "mse"]),
        (lambda: rf.problems.quartic(w0=5.0), ArgumentError, ["w0=5.0", "crest"]),
        (lambda: rf.problems.quadratic(sharpness=-1), ArgumentError, ["sharpness=-1"]),
        (lambda: rf.problems.valley(w0=(1,)), ArgumentError, ["w0=(1,)"]),
    ],
)
def test_bad_arguments_name_the_argument_and_the_value(make, error, words) -> None:
    with pytest.raises(error) as caught:
        make()
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_network_b_is_the_one_of_the_measured_figures() -> None:
    problem = rf.problems.digits_mlp()
    assert problem.dim == 3466
    assert problem.name == "digits MLP 64-32-32-10 tanh"
    assert float(problem.loss(problem.w0)) == pytest.approx(0.867269802234021, rel=1e-12)
