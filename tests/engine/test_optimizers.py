"""The nine maps: against torch.optim, against their own iteration on a quadratic, and what they refuse."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

import rodflow_widgets as rf
from rodflow_widgets.engine.registry import OPTIMIZERS
from rodflow_widgets.errors import ArgumentError, UnknownNameError

from .problems import network

SGD, RMS, ADAM, NADAM = torch.optim.SGD, torch.optim.RMSprop, torch.optim.Adam, torch.optim.NAdam
TORCH = {
    "sgd": (SGD, {"lr": 0.05}),
    "momentum": (SGD, {"lr": 0.02, "momentum": 0.9}),
    "nesterov": (SGD, {"lr": 0.02, "momentum": 0.8, "nesterov": True}),
    "rmsprop": (RMS, {"lr": 1e-3, "alpha": 0.95, "eps": 1e-6}),
    "adam": (ADAM, {"lr": 3e-3, "betas": (0.8, 0.97)}),
    "adam without momentum": (ADAM, {"lr": 3e-3, "betas": (0.0, 0.97), "eps": 1e-4}),
    "adamw without decay": (torch.optim.AdamW, {"lr": 3e-3, "weight_decay": 0.0}),
    "nadam": (NADAM, {"lr": 2e-3}),
    "nadam, slow decay": (NADAM, {"lr": 2e-3, "betas": (0.85, 0.99), "momentum_decay": 0.0}),
    "nadam, fast decay": (NADAM, {"lr": 2e-3, "momentum_decay": 0.3}),
}
STEPS = 50


@pytest.fixture
def double():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def batch() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(30, 4, generator=generator, dtype=torch.float64)
    model = nn.Sequential(nn.Linear(4, 7), nn.Tanh(), nn.Linear(7, 1)).to(torch.float64)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64) * 0.4)
    return model, x, torch.sin(x[:, :1])


def ours(problem: rf.Problem, optimizer, steps: int = STEPS) -> torch.Tensor:
    w = problem.w0
    moments = optimizer.initial(w)
    for n in range(1, steps + 1):
        w, moments = optimizer.step(w, moments, problem.value_and_grad(w)[1], n)
    return w


def theirs(model: nn.Module, optimizer, x, y) -> torch.Tensor:
    for _ in range(STEPS):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
    return torch.cat([p.detach().reshape(-1) for p in model.parameters()])


@pytest.mark.parametrize("name", TORCH)
@pytest.mark.parametrize("grouped", [False, True])
def test_fifty_steps_are_those_of_torch(name: str, grouped: bool, double: None) -> None:
    kind, options = TORCH[name]
    model, x, y = batch()
    layers = [model[2], model[0]]
    rates = (options["lr"], options["lr"] / 3)
    groups = [{"params": layer.parameters(), "lr": rate} for layer, rate in zip(layers, rates, strict=True)]
    optimizer = kind(groups if grouped else model.parameters(), **options)
    problem = rf.Problem(model, nn.functional.mse_loss, x, y)
    w = ours(problem, rf.optimizers.from_torch(optimizer, model))
    v = theirs(model, optimizer, x, y)
    assert float((w - v).abs().max()) < 1e-12
    assert float((w - problem.w0).abs().max()) > 1e-3


REFUSED = [
    (SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}, "dampening"),
    (SGD, {"lr": 0.1, "weight_decay": 0.01}, "weight_decay"),
    (SGD, {"lr": 0.1, "maximize": True}, "maximize"),
    (SGD, {"lr": 0.1, "momentum": 1.0}, "momentum"),
    (RMS, {"lr": 0.1, "centered": True}, "centered"),
    (RMS, {"lr": 0.1, "momentum": 0.5}, "momentum"),
    (ADAM, {"lr": 0.1, "amsgrad": True}, "amsgrad"),
    (torch.optim.AdamW, {"lr": 0.1}, "weight_decay"),
    (NADAM, {"lr": 0.1, "weight_decay": 0.1}, "weight_decay"),
    (torch.optim.Adagrad, {"lr": 0.1}, "Adagrad"),
]


@pytest.mark.parametrize(("kind", "options", "word"), REFUSED, ids=lambda v: v if isinstance(v, str) else "")
def test_what_is_not_modelled_is_refused_by_name(kind, options, word) -> None:
    model, _, _ = batch()
    with pytest.raises(ArgumentError, match=word):
        rf.optimizers.from_torch(kind(model.parameters(), **options))


def test_groups_must_agree_and_need_the_model() -> None:
    model, x, y = batch()
    two = [{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 0.3}]
    unknown = SGD(two, lr=0.1)
    with pytest.raises(ArgumentError, match="model=None"):
        rf.optimizers.from_torch(unknown)
    two[1] = {"params": model[2].parameters(), "betas": (0.5, 0.9)}
    differing = ADAM(two, lr=0.1)
    with pytest.raises(ArgumentError, match="differ in betas"):
        rf.optimizers.from_torch(differing)
    part = SGD([{"params": [model[0].weight]}, {"params": [model[0].bias], "lr": 0.3}], lr=0.1)
    with pytest.raises(ArgumentError, match=r"does not hold the model's parameter '2\.weight'"):
        rf.optimizers.from_torch(part, model)
    used = SGD(model.parameters(), lr=0.1, momentum=0.9)
    theirs(model, used, x, y)
    with pytest.raises(ArgumentError, match="made steps"):
        rf.optimizers.from_torch(used)


CASES = [(name, {}) for name in OPTIMIZERS] + [
    ("NAdam", {"momentum_decay": 0.0}),
    ("NAdam", {"momentum_decay": 1e6}),
    ("HeavyBall", {"beta": 0.5}),
]


def multiplier(optimizer, sharpness: float, n: float) -> float:
    """The largest |multiplier| of the map on one eigendirection with frozen coefficients."""
    return float(np.abs(np.linalg.eigvals(optimizer.mode_matrices(np.array([sharpness]), n)[0])).max())


@pytest.mark.parametrize("n", [1, 100, 1000])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_threshold_is_where_the_iterated_map_stops_to_be_stable(name: str, options: dict, n: int) -> None:
    optimizer = OPTIMIZERS[name](0.3, **options)
    edge = optimizer.edge_threshold(n)
    low, high = 0.2 * edge, 3 * edge
    assert multiplier(optimizer, low, n) <= 1 < multiplier(optimizer, high, n)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if multiplier(optimizer, middle, n) <= 1 + 1e-13 else (low, middle)
    assert low == pytest.approx(edge, rel=1e-3)
    at_edge = np.linalg.eigvals(optimizer.mode_matrices(np.array([edge]), n)[0])
    assert at_edge[np.abs(at_edge).argmax()] == pytest.approx(-1.0, abs=1e-9)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_mode_matrix_is_the_step_on_a_quadratic(name: str) -> None:
    """One eigendirection of a diagonal Hessian, stepped by Φ with frozen P."""
    optimizer, n, sharpness = OPTIMIZERS[name](0.3), 7, 1.7
    P = torch.tensor([2.5], dtype=torch.float64)
    for w, m in [(1.0, 0.0), (0.0, 1.0)]:
        z = torch.tensor([w], dtype=torch.float64), torch.tensor([m], dtype=torch.float64)
        momentum = z[1] if optimizer.has_momentum else None
        dw, dm = optimizer.map(momentum, sharpness * z[0] * 2.5, P, n)
        A = optimizer.mode_matrices(np.array([sharpness]), n)[0]
        if dm is None:
            assert w + float(dw) == pytest.approx(A[0, 0] * w, abs=1e-14)
        else:  # In the coordinates (√P w, m / √P) the map holds no P.
            root = math.sqrt(2.5)
            before = np.array([root * w, m / root])
            after = np.array([root * float(z[0] + dw), float(z[1] + dm) / root])
            assert after == pytest.approx(A @ before, abs=1e-13)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_replace_keeps_what_is_not_named(name: str) -> None:
    optimizer = OPTIMIZERS[name](0.3)
    other = optimizer.replace(learning_rate=0.2)
    assert other.values == {**optimizer.values, "learning_rate": 0.2}
    for parameter in optimizer.parameters:
        assert optimizer.replace(**{parameter.name: 0.25}).values[parameter.name] == 0.25
    with pytest.raises(UnknownNameError, match="learning_rat"):
        optimizer.replace(learning_rat=1)


@pytest.mark.parametrize("betas", [(0.9, 1.0), (-0.1, 0.9), (0.9,), 0.9, "ab", (0.9, float("nan")), None])
def test_betas_outside_zero_to_one_are_refused(betas) -> None:
    for kind in (rf.optimizers.Adam, rf.optimizers.NAdam, rf.optimizers.ScalarAdam):
        with pytest.raises(ArgumentError, match="beta"):
            kind(0.1, betas=betas)


def test_groups_that_do_not_cover_the_parameters_are_refused() -> None:
    optimizer = rf.optimizers.GradientDescent(0.1, groups=((3, 1.0), (4, 0.5)))
    with pytest.raises(ArgumentError, match="cover 7 parameters, the problem has 73"):
        rf.simulate(network(), optimizer, steps=3, progress=False)
    with pytest.raises(ArgumentError, match="groups"):
        rf.optimizers.GradientDescent(0.1, groups=((3, -1.0),))


def test_nadams_threshold_drifts_with_torchs_momentum_decay() -> None:
    optimizer = rf.optimizers.NAdam(1.0, betas=(0.9, 0.999))
    drift = [optimizer.edge_threshold(n) for n in (1, 100, 1000)]
    assert drift == pytest.approx([1.94, 3.53, 3.93], abs=0.01)
