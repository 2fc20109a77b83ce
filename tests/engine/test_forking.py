"""A fork is the same run: bit for bit while nothing is changed, and of its own when something is."""

import copy

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem, Simulation, rates
from rodflow_widgets.engine.registry import FLOWS, OPTIMIZERS
from rodflow_widgets.errors import ArgumentError, RunError

from .problems import network

RATES = {"NAdam": 0.01, "Adam": 0.01, "RMSProp": 0.003}


def flows_for(optimizer) -> tuple:
    fitting = []
    for name, make in FLOWS.items():
        try:
            make().check(optimizer)
        except ArgumentError:
            continue
        fitting.append(name)
    return ("discrete", *fitting)


def rest(simulation: Simulation) -> dict[str, dict[str, np.ndarray]]:
    """Everything that it still measures."""
    parts: dict[str, list] = {}
    while not simulation.finished:
        simulation.advance()
        for block in simulation.drain():
            parts.setdefault(block.process, []).append(block.columns)
    return {p: {c: np.concatenate([b[c] for b in blocks]) for c in blocks[0]} for p, blocks in parts.items()}


def assert_same(one, other) -> None:
    assert one.keys() == other.keys()
    for process, columns in one.items():
        for name, values in columns.items():
            assert np.array_equal(values, other[process][name], equal_nan=True), (process, name)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_fork_goes_on_bit_for_bit_as_its_origin(name) -> None:
    optimizer = OPTIMIZERS[name](RATES.get(name, 0.3))
    simulation = Simulation(network(), optimizer, flows_for(optimizer), steps=34, start=20, eigenvalues=2)
    for _ in range(27):
        simulation.advance()
    simulation.drain()
    fork = simulation.fork()
    middle = fork.fork()
    expected = rest(simulation)
    assert len(expected["discrete"]["time"]) == 8
    assert len(expected["rod"]["time"]) == 8
    assert_same(expected, rest(fork))
    assert_same(expected, rest(middle))
    assert simulation.statuses == fork.statuses


@pytest.mark.parametrize(
    "options", [{"batch_size": 16}, {"product_dtype": torch.float32}, {"hessian": "finite-difference"}]
)
def test_a_fork_of_every_kind_of_point(options) -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
    x = torch.linspace(-1, 1, 96, dtype=torch.float64).reshape(32, 3)
    problem = Problem(model, torch.nn.functional.mse_loss, x, x.sum(1, keepdim=True).sin(), **options)
    simulation = Simulation(
        problem, rf.optimizers.GradientDescent(0.5), ("discrete", "rod", "central", "stable"), steps=24
    )
    for _ in range(12):
        simulation.advance()
    fork = simulation.fork()
    assert_same(rest(simulation), rest(fork))


def test_a_fork_of_a_rule_of_ones_own_under_a_schedule() -> None:
    def heavy(w, state, grad, learning_rate, beta):
        m = beta * state["m"] + grad
        return w - learning_rate * m, {"m": m}

    optimizer = rf.optimizers.from_map(heavy, {"m": torch.zeros_like}, learning_rate=0.05, beta=0.5)
    simulation = Simulation(network(), optimizer, steps=34, start=5, schedule=rates.WarmUp(20))
    for _ in range(15):
        simulation.advance()
    simulation.drain()
    fork = simulation.fork()
    assert_same(rest(simulation), rest(fork))


def test_a_fork_in_the_middle_of_a_schedule_and_before_flows_begin() -> None:
    simulation = Simulation(
        network(), rf.optimizers.HeavyBall(0.1), ("discrete", "rod", "stable"), steps=40, start=20,
        schedule=rates.Cosine(30, 0.05), snapshots=(25,),
    )  # fmt: skip
    for _ in range(11):
        simulation.advance()
    simulation.set(beta=0.8)
    fork = simulation.fork()
    assert fork.events == simulation.events
    assert_same(rest(simulation), rest(fork))
    assert fork.undo()[0].name == "beta"
    assert simulation.events != fork.events


def test_a_change_of_the_fork_leaves_the_origin_alone() -> None:
    def begun() -> Simulation:
        simulation = Simulation(network(), rf.optimizers.GradientDescent(0.2), ("discrete", "rod"), steps=30)
        for _ in range(10):
            simulation.advance()
        simulation.drain()
        return simulation

    origin, untouched = begun(), begun()
    fork = origin.fork()
    (event,) = fork.set(learning_rate=0.4)
    assert event.step == 11
    changed, expected = rest(fork), rest(untouched)
    assert_same(rest(origin), expected)
    assert origin.events == ()
    loss, other = changed["discrete"]["loss"], expected["discrete"]["loss"]
    assert np.array_equal(loss[:2], other[:2])
    assert not np.array_equal(loss[2:], other[2:])


def test_no_graph_and_no_data_go_along() -> None:
    problem = network()
    simulation = Simulation(problem, rf.optimizers.GradientDescent(0.2), ("discrete", "rod", "stable"), steps=30)
    for _ in range(10):
        simulation.advance()
    simulation.drain()
    fork = simulation.fork()
    assert fork.problem is problem
    assert 0 < fork.nbytes < 200 * problem.dim * 8
    point = problem.at(problem.w0)
    vector = torch.ones(1, problem.dim, dtype=problem.dtype)
    twin = copy.deepcopy(point)
    assert twin._graph is None
    assert twin.rebuilds == point.rebuilds == 0
    assert torch.equal(twin.products(vector), point.products(vector))


def test_what_cannot_be_copied_is_refused_with_a_sentence() -> None:
    simulation = Simulation(network(), rf.optimizers.GradientDescent(0.2), ("discrete",), steps=30)
    simulation._lockstep.lanes[0].process.lock = __import__("threading").Lock()
    with pytest.raises(RunError, match="cannot be forked"):
        simulation.fork()
