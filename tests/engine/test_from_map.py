"""Rules written as functions: the built-in nine again, others that nobody built in, and what cannot be followed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine import Simulation
from rodflow_widgets.engine.optimizers import Moments
from rodflow_widgets.engine.registry import OPTIMIZERS
from rodflow_widgets.errors import ArgumentError, UnknownNameError

from .problems import network, run

ZERO = torch.zeros_like
B1, B2, EPS = 0.9, 0.99, 1e-8


def one(w):
    return w.new_zeros(1)


def gradient_descent(w, state, g, learning_rate):
    return w - learning_rate * g, {}


def heavy_ball(w, state, g, learning_rate, beta):
    m = beta * state["m"] + (1 - beta) * g
    return w - learning_rate * m, {"m": m}


def nesterov(w, state, g, learning_rate, beta):
    m = beta * state["m"] + (1 - beta) * g
    return w - learning_rate * (beta * m + (1 - beta) * g), {"m": m}


def second(state, g, scalar):
    return B2 * state["v"] + (1 - B2) * ((g * g).sum().reshape(1) if scalar else g * g)


def rmsprop(scalar):
    def step(w, state, g, learning_rate):
        v = second(state, g, scalar)
        return w - learning_rate * g / (v.sqrt() + EPS), {"v": v}

    return step


def adam(scalar):
    def step(w, state, g, n, learning_rate):
        m, v = B1 * state["m"] + (1 - B1) * g, second(state, g, scalar)
        return w - learning_rate * m / (1 - B1**n) / ((v / (1 - B2**n)).sqrt() + EPS), {"m": m, "v": v}

    return step


def nadam(scalar):
    def step(w, state, g, n, learning_rate):
        k = rf.optimizers.NAdam(1.0, (B1, B2)).coefficients(n)
        m, v = B1 * state["m"] + (1 - B1) * g, second(state, g, scalar)
        return w - learning_rate * (k.a * m + k.b * g) / ((v / (1 - B2**n)).sqrt() + EPS), {"m": m, "v": v}

    return step


MOMENTUM, BOTH = {"m": ZERO}, {"m": ZERO, "v": ZERO}
BUILT_IN = {
    "GradientDescent": (gradient_descent, {}, {"learning_rate": 0.25}),
    "HeavyBall": (heavy_ball, MOMENTUM, {"learning_rate": 4.0, "beta": 0.9}),
    "Nesterov": (nesterov, MOMENTUM, {"learning_rate": 1.0, "beta": 0.9}),
    "RMSProp": (rmsprop(False), {"v": ZERO}, {"learning_rate": 5e-3}),
    "ScalarRMSProp": (rmsprop(True), {"v": one}, {"learning_rate": 0.05}),
    "Adam": (adam(False), BOTH, {"learning_rate": 0.18}),
    "ScalarAdam": (adam(True), {"m": ZERO, "v": one}, {"learning_rate": 1.0}),
    "NAdam": (nadam(False), BOTH, {"learning_rate": 1e-2}),
    "ScalarNAdam": (nadam(True), {"m": ZERO, "v": one}, {"learning_rate": 0.1}),
}

# These are beyond their edge within thirty steps, the others within 121 to 220.
AT_ONCE_AT_THE_EDGE = ("GradientDescent", "HeavyBall", "Nesterov")


def centres(optimizer, steps: int, flows=("discrete", "rod")) -> tuple[dict, dict]:
    marks = range(20, steps + 1, 20)
    simulation = Simulation(network(), optimizer, flows, steps=steps, start=20, snapshots=marks)
    while not simulation.finished:
        simulation.advance()
    blocks = simulation.drain()
    return {b.process: b.parameters for b in blocks}, {b.process: b.columns for b in blocks}


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_nine_written_as_functions_are_the_nine(name: str) -> None:
    """Iterates, centre and rod to 1e-8 over a hundred steps at least (rounding grows at the edge), and the same ratio to it."""
    step, state, values = BUILT_IN[name]
    ours = OPTIMIZERS[name](**values)
    theirs = rf.optimizers.from_map(step, state, **values)
    steps = 120 if name in AT_ONCE_AT_THE_EDGE else 220
    (kept, columns), (other, table) = (centres(o, steps) for o in (ours, theirs))
    for process in ("discrete", "rod"):
        for mark, w in kept[process].items():
            assert np.abs(other[process][mark] - w).max() < 1e-8
    assert columns["discrete"]["sharpness_ratio"][20:].max() > 1, "what is compared should be rods and not points"
    for column in ("oscillation", "rod_length"):
        assert np.abs(table["rod"][column] - columns["rod"][column]).max() < 1e-8
    assert table["rod"]["sharpness_ratio"] == pytest.approx(columns["rod"]["sharpness_ratio"], rel=1e-6)
    assert table["discrete"]["sharpness_ratio"] == pytest.approx(columns["discrete"]["sharpness_ratio"], rel=1e-6)


def lion(w, state, g, learning_rate, decay, scale):
    u = 0.9 * state["m"] + 0.1 * g
    moved = w - learning_rate * (torch.tanh(u / scale) + decay * w)
    return moved, {"m": 0.99 * state["m"] + 0.01 * g}


def adamw(w, state, g, n, learning_rate, decay):
    m, v = 0.9 * state["m"] + 0.1 * g, 0.99 * state["v"] + 0.01 * g * g
    step = m / (1 - 0.9**n) / ((v / (1 - 0.99**n)).sqrt() + 1e-8)
    return (1 - learning_rate * decay) * w - learning_rate * step, {"m": m, "v": v}


def two_timescales(w, state, g, learning_rate):
    fast, slow = 0.8 * state["fast"] + 0.2 * g, 0.98 * state["slow"] + 0.02 * g
    return w - learning_rate * (0.7 * fast + 0.3 * slow), {"fast": fast, "slow": slow}


def displacement(w, state, g, learning_rate):
    """Heavy ball whose buffer is a displacement, per component of another speed."""
    speed = torch.linspace(0.5, 2.0, w.numel(), dtype=w.dtype)
    move = 0.9 * state["move"] - learning_rate * speed * g
    return w + move, {"move": move}


def smooth_sign_momentum(w, state, g, learning_rate):
    m = 0.9 * state["m"] + 0.1 * g
    return w - learning_rate * torch.tanh(m / 0.5), {"m": m}


def counting_adam(w, state, g, learning_rate):
    n = state["n"] + 1
    moved, after = adam(False)(w, state, g, n, learning_rate)
    return moved, {**after, "n": n}


# Steps until each has been at its edge for a while.
UNTIL = {
    "two time scales": 90,
    "sign with momentum": 90,
    "Lion with a smooth sign": 100,
    "heavy ball by displacement": 140,
}
OWN = {
    "Lion with a smooth sign": (lion, MOMENTUM, {"learning_rate": 1.4, "decay": 1e-3, "scale": 0.5}),
    "AdamW": (adamw, BOTH, {"learning_rate": 0.15, "decay": 0.02}),
    "two time scales": (two_timescales, {"fast": ZERO, "slow": ZERO}, {"learning_rate": 2.9}),
    "heavy ball by displacement": (displacement, {"move": ZERO}, {"learning_rate": 0.2}),
    "sign with momentum": (smooth_sign_momentum, MOMENTUM, {"learning_rate": 2.2}),
    "Adam with its own counter": (counting_adam, {**BOTH, "n": 0.0}, {"learning_rate": 0.18}),
}


@pytest.mark.parametrize("name", OWN)
def test_a_rule_of_ones_own_has_a_rod_that_follows_it_at_its_edge(name: str) -> None:
    step, state, values = OWN[name]
    optimizer = rf.optimizers.from_map(step, state, **values)
    columns = run(Simulation(network(), optimizer, ("discrete", "rod", "stable"), steps=UNTIL.get(name, 160), start=40))
    ends = {f: float(columns[f]["relative_distance"][-1]) for f in ("rod", "stable")}
    peak = columns["discrete"]["sharpness_ratio"][40:].max()
    assert peak > 0.97, peak
    assert ends["rod"] < 0.75 * ends["stable"], ends
    # Lion's slow average rings and bursts here from the start.
    assert ends["rod"] < (0.25 if name.startswith("Lion") else 0.03), ends


def test_the_rod_of_ones_own_rule_does_not_depend_on_dt() -> None:
    step, state, values = OWN["AdamW"]
    optimizer = rf.optimizers.from_map(step, state, **values)
    rods = ("discrete", "rod", rf.flows.Rod(substeps=4, name="finer"))
    columns = run(Simulation(network(), optimizer, rods, steps=120, start=40))
    ends = {f: float(columns[f]["relative_distance"][-1]) for f in ("rod", "finer")}
    assert abs(ends["rod"] - ends["finer"]) < 5e-4


def spectral_radius(optimizer, H: torch.Tensor) -> float:
    """Of one step of the rule on ½wᵀHw, as a dense matrix on (w, m)."""
    p, small = len(H), 1e-9
    columns = []
    for unit in small * torch.eye(p * (1 + len(optimizer.layout.odd)), dtype=torch.float64):
        w, m = unit[:p], unit[p:]
        new, after = optimizer.step(w, Moments(m, None), H @ w, 1)
        columns.append(torch.cat([new, after.momentum]) / small)
    return float(torch.linalg.eigvals(torch.stack(columns)).abs().max())


@pytest.mark.parametrize("name", ["two time scales", "heavy ball by displacement", "Lion with a smooth sign"])
def test_the_threshold_is_where_the_iterated_rule_stops_to_be_stable(name: str) -> None:
    """A dense Hessian of six parameters, scaled so that its preconditioned sharpness is just below and above."""
    step, state, values = OWN[name]
    optimizer = rf.optimizers.from_map(step, state, **values)
    generator = torch.Generator().manual_seed(1)
    A = torch.randn(6, 6, generator=generator, dtype=torch.float64)
    H, w = A @ A.T, torch.zeros(6, dtype=torch.float64)
    P = optimizer.frozen(w, optimizer.initial(w).momentum, None, 1, w).P
    sharpness = float(torch.linalg.eigvalsh(H / P.sqrt() / P.sqrt()[:, None])[-1])
    low, high = 0.5, 2.0
    for _ in range(30):
        middle = (low + high) / 2
        grows = spectral_radius(optimizer, middle * optimizer.edge_threshold() / sharpness * H) > 1
        low, high = (low, middle) if grows else (middle, high)
    assert low == pytest.approx(1.0, abs=1e-6)


def test_a_first_instability_that_is_not_of_period_two_is_stated() -> None:
    def late(w, state, g, learning_rate):
        return w - learning_rate * (0.6 * g + 0.5 * state["old"]), {"old": g}

    text = rf.optimizers.from_map(late, {"old": ZERO}, learning_rate=0.1).threshold_text
    assert "not of period two" in text
    step, state, values = BUILT_IN["HeavyBall"]
    assert "not of period two" not in rf.optimizers.from_map(step, state, **values).threshold_text


def wrong(**options):
    def bad(name):
        def step(w, state, g, learning_rate):
            m = 0.9 * state["m"] + g
            new = w - learning_rate * m
            if name == "shape":
                return new, {"m": m.sum()}
            if name == "dtype":
                return new, {"m": m.float()}
            if name == "random":
                return new + 1e-3 * torch.rand_like(w), {"m": m}
            if name == "detach":
                return w - learning_rate * m.detach(), {"m": m}
            if name == "sign":
                return w - learning_rate * torch.sign(m), {"m": m}
            if name == "up":
                return w + learning_rate * m, {"m": m}
            if name == "mixes":
                return w - learning_rate * m / g.norm(), {"m": m}
            if name == "in place":
                state["m"].mul_(0.9).add_(g)
                return w - learning_rate * state["m"], {"m": state["m"]}
            if name == "numpy":
                return w - learning_rate * torch.from_numpy(m.numpy()), {"m": m}
            if name == "lost":
                return new, {}
            if name == "neither":
                return new, {"m": m + g * g}
            return new

        return step

    return bad(**options)


REFUSED = {
    "shape": r"state\['m'\] from \[6\]",
    "dtype": "float32",
    "random": "draws random numbers",
    "detach": "differs from a finite difference",
    "sign": r"torch\.tanh",
    "up": "down the gradient",
    "mixes": "mixes components",
    "in place": "in place",
    "numpy": "cannot be differentiated",
    "lost": "those it was given",
    "neither": "neither odd nor even",
    "tuple": "return the new w and a dict",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_rule_that_cannot_be_followed_is_refused_with_its_reason(name: str) -> None:
    with pytest.raises(ArgumentError, match=REFUSED[name]):
        rf.optimizers.from_map(wrong(name=name), {"m": ZERO}, learning_rate=0.1)


def test_arguments_are_checked() -> None:
    with pytest.raises(ArgumentError, match="step=3"):
        rf.optimizers.from_map(3, {})
    with pytest.raises(ArgumentError, match="state="):
        rf.optimizers.from_map(heavy_ball, [1], learning_rate=1.0, beta=0.5)
    with pytest.raises(UnknownNameError, match="betta"):
        rf.optimizers.from_map(heavy_ball, MOMENTUM, learning_rate=1.0, betta=0.5)
    with pytest.raises(ArgumentError, match="learning_rate=-1"):
        rf.optimizers.from_map(heavy_ball, MOMENTUM, learning_rate=-1.0, beta=0.5)
    optimizer = rf.optimizers.from_map(heavy_ball, MOMENTUM, learning_rate=1.0, beta=0.5)
    with pytest.raises(ArgumentError, match="rod-covariance"):
        Simulation(network(), optimizer, ("discrete", "rod-covariance"), steps=10)
    with pytest.raises(UnknownNameError, match="learning_rat"):
        optimizer.replace(learning_rat=0.1)


def test_hyperparameters_of_a_rule_change_in_mid_run() -> None:
    optimizer = rf.optimizers.from_map(heavy_ball, MOMENTUM, name="mine", learning_rate=2.0, beta=0.9)
    simulation = Simulation(network(), optimizer, ("discrete", "rod"), steps=60, start=10)
    while simulation.row < 30:
        simulation.advance()
    (event,) = simulation.set(learning_rate=1.0)
    assert (event.old, event.new) == (2.0, 1.0)
    built_in = Simulation(network(), rf.optimizers.HeavyBall(2.0), ("discrete", "rod"), steps=60, start=10)
    while built_in.row < 30:
        built_in.advance()
    built_in.set(learning_rate=1.0)
    columns, same = run(simulation), run(built_in)
    assert columns["rod"]["edge_threshold"][[0, -1]] == pytest.approx([1.0, 2.0])
    assert columns["rod"]["distance"][-1] == pytest.approx(same["rod"]["distance"][-1], rel=1e-8)
    assert simulation.describe()["optimizer"]["name"] == "mine"


def test_a_rule_without_a_learning_rate_gets_one_that_multiplies_its_move() -> None:
    def own(w, state, g):
        return w - 0.25 * g, {}

    optimizer = rf.optimizers.from_map(own)
    assert optimizer.values == {"learning_rate": 1.0}
    columns = run(Simulation(network(), optimizer, ("discrete", "rod"), steps=40, start=5))
    same = run(Simulation(network(), rf.optimizers.GradientDescent(0.25), ("discrete", "rod"), steps=40, start=5))
    assert columns["discrete"]["loss"] == pytest.approx(same["discrete"]["loss"], rel=1e-12)
    assert columns["rod"]["sharpness_ratio"] == pytest.approx(same["rod"]["sharpness_ratio"], rel=1e-8)
    half = run(Simulation(network(), optimizer.replace(learning_rate=0.5), ("discrete",), steps=40))
    eighth = run(Simulation(network(), rf.optimizers.GradientDescent(0.125), ("discrete",), steps=40))
    assert half["discrete"]["loss"] == pytest.approx(eighth["discrete"]["loss"], rel=1e-9)
