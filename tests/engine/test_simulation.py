"""Processes in lockstep: rows, events, divergence, determinism, and what is refused before anything runs."""

import json

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem, Simulation
from rodflow_widgets.engine.registry import FLOWS
from rodflow_widgets.errors import ArgumentError, ProblemError, UnknownNameError

from .problems import network, run

GD = rf.optimizers.GradientDescent
ALL = ("discrete", *FLOWS)


def drained(rows: int, **options) -> dict[str, dict[str, np.ndarray]]:
    simulation = Simulation(network(), GD(0.2), ALL, steps=60, eigenvalues=2, **options)
    parts: dict[str, list[dict[str, np.ndarray]]] = {}
    while not simulation.finished:
        simulation.advance()
        if simulation.pending >= rows or simulation.finished:
            for block in simulation.drain():
                parts.setdefault(block.process, []).append(block.columns)
    return {p: {c: np.concatenate([b[c] for b in blocks]) for c in blocks[0]} for p, blocks in parts.items()}


def test_rows_are_bit_identical_however_they_are_drained() -> None:
    one, other = drained(1), drained(1000)
    for process, columns in one.items():
        for name, values in columns.items():
            assert np.array_equal(values, other[process][name], equal_nan=True), (process, name)


def test_a_diverging_run_is_bit_identical_however_it_is_drained() -> None:
    tables = []
    for rows in (1, 1000):
        simulation = Simulation(rf.problems.quadratic(w0=1.0), GD(3.0), ("discrete", "rod", "stable"), steps=60)
        parts = []
        while not simulation.finished:
            simulation.advance()
            if simulation.pending >= rows or simulation.finished:
                parts.append({b.process: b.columns for b in simulation.drain()})
        joined = {p: np.concatenate([part[p]["distance"] for part in parts]) for p in ("rod", "stable")}
        tables.append((joined, simulation.statuses))
    (one, first), (other, second) = tables
    assert first == second
    assert all(np.array_equal(one[p], other[p], equal_nan=True) for p in one)


def test_every_process_has_the_promised_columns_and_finite_numbers() -> None:
    columns = drained(7)
    common = {"time", "loss", "grad_norm", "eigenvalues", "sharpness", "edge_threshold", "sharpness_ratio"}
    for process, table in columns.items():
        special = {"rod_length", "oscillation", "midpoint_loss"}
        if process != "discrete":
            special = {"predicted_loss", "distance", "relative_distance", "cost"}
            special |= {"rod_length", "oscillation"} if process != "stable" else set()
        assert common | special <= set(table)
        assert next(iter(table)) == "time"
        assert table["eigenvalues"].shape == (len(table["time"]), 2)
        assert all(np.isfinite(values).all() for values in table.values()), process
        assert np.array_equal(np.diff(table["time"]), np.ones(len(table["time"]) - 1))
    assert columns["discrete"]["time"][-1] == 60
    assert columns["rod"]["time"][0] == 2


def test_discrete_columns_are_what_their_words_say() -> None:
    problem, rate = network(), 0.1
    simulation = Simulation(problem, GD(rate), ("discrete",), steps=5, snapshots=(0, 1, 2, 5))
    while not simulation.finished:
        simulation.advance()
    (block,) = simulation.drain()
    w0, w1, w2 = (torch.from_numpy(block.parameters[t]) for t in (0, 1, 2))
    loss, grad = problem.value_and_grad(w0)
    assert torch.equal(w1, w0 - rate * grad)
    row = {name: values[0] for name, values in block.columns.items()}
    assert row["loss"] == float(loss)
    assert row["grad_norm"] == pytest.approx(float(grad.norm()))
    assert row["rod_length"] == pytest.approx(float((w1 - w0).norm() / 2))
    assert row["oscillation"] == pytest.approx(float((w0 - 2 * w1 + w2).norm() / 4))
    assert row["midpoint_loss"] == pytest.approx(float(problem.loss((w0 + w1) / 2)))
    assert row["distance_travelled"] == pytest.approx(float((w1 - w0).norm() / 2))
    assert row["edge_threshold"] == 2 / rate


def test_measuring_seldom_changes_no_number() -> None:
    often = drained(10)
    seldom = drained(10, every=7)
    assert np.array_equal(seldom["rod"]["time"], [7, 14, 21, 28, 35, 42, 49, 56, 60])
    rows = seldom["rod"]["time"].astype(int) - 2
    assert np.array_equal(seldom["rod"]["distance"], often["rod"]["distance"][rows])
    for process in ("discrete", "stable"):
        at = seldom[process]["time"].astype(int)
        assert np.allclose(seldom[process]["sharpness"][1:], often[process]["sharpness"][at][1:], rtol=1e-3)


def test_second_moments_are_compared_where_the_optimizer_has_one() -> None:
    columns = run(Simulation(network(), rf.optimizers.RMSProp(2e-3), ("rod", "stable"), steps=40))
    for table in columns.values():
        assert table["time"][0] == 20
        assert table["second_moment_error"][0] == 0  # both begin with the mean of the iterates' two
        assert 0 < table["second_moment_error"][-1] < 0.05
    columns = run(Simulation(network(), GD(0.1), ("rod",), steps=3))
    assert "second_moment_error" not in columns["rod"]


def test_describe_is_json() -> None:
    simulation = Simulation(network(), GD(0.2), ALL, steps=60)
    spec = json.loads(json.dumps(simulation.describe(), allow_nan=False))
    assert spec["optimizer"]["preconditioned"] is False
    assert [p["kind"] for p in spec["processes"]] == ["iterates", *(FLOWS[n]().kind for n in FLOWS)]
    assert all(c["meaning"] for p in spec["processes"] for c in p["columns"])


def test_a_diverging_optimizer_stops_alone_and_nothing_computed_is_lost() -> None:
    problem = rf.problems.quadratic(sharpness=1.0, w0=1.0)
    simulation = Simulation(problem, GD(3.0), ("discrete", "stable"), steps=60)
    columns = run(simulation)
    status = simulation.statuses["discrete"]
    assert status.state == "diverged"
    assert status.step == 11
    assert "loss passed 10⁶" in status.sentence
    assert "last loss seen" in status.sentence
    assert columns["discrete"]["time"][-1] == 10
    assert simulation.statuses["stable"].state == "finished"
    assert columns["stable"]["time"][-1] == 60
    late = columns["stable"]["time"] >= 11
    assert np.isnan(columns["stable"]["distance"][late]).all()
    assert np.isfinite(columns["stable"]["distance"][~late]).all()


def test_a_loss_that_is_no_longer_a_number_is_said_so() -> None:
    problem = Problem.from_function(lambda w: (w**2 + 1e-3 * (w - 0.5).sqrt()).sum(), [1.0])
    simulation = Simulation(problem, GD(0.2), ("discrete", "rod", "rod-covariance", "stable"), steps=30)
    columns = run(simulation)
    assert "no longer finite" in simulation.statuses["discrete"].sentence
    assert all(np.isfinite(table["loss"]).all() for table in columns.values())
    assert {s.state for s in simulation.statuses.values()} == {"diverged"}
    assert simulation.finished


def test_a_run_can_be_extended_and_is_the_run_that_was_longer() -> None:
    short = Simulation(network(), GD(0.2), steps=20)
    parts = [run(short)["rod"]["distance"]]
    assert {s.state for s in short.statuses.values()} == {"finished"}
    short.extend(15)
    assert not short.finished
    parts.append(run(short)["rod"]["distance"])
    long = run(Simulation(network(), GD(0.2), steps=35))
    assert np.array_equal(np.concatenate(parts), long["rod"]["distance"])


def test_a_process_list_without_the_iterates_still_measures_distances() -> None:
    columns = run(Simulation(network(), GD(0.2), ("stable",), steps=5))
    assert list(columns) == ["stable"]
    assert np.isfinite(columns["stable"]["distance"]).all()


def test_a_bad_change_leaves_the_run_as_it_was() -> None:
    simulation = Simulation(network(), GD(0.2), steps=5)
    with pytest.raises(ArgumentError, match="learning_rate=-1"):
        simulation.set(learning_rate=-1)
    with pytest.raises(UnknownNameError, match="learning_rate"):
        simulation.set(learnin_rate=0.3)
    assert simulation.optimizer.values == {"learning_rate": 0.2}
    assert simulation.set(learning_rate=0.2) == []


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: GD(0), ArgumentError, ["learning_rate=0", "(0"]),
        (lambda: GD(-0.1), ArgumentError, ["learning_rate=-0.1"]),
        (lambda: GD("fast"), ArgumentError, ["learning_rate='fast'"]),
        (lambda: GD(float("nan")), ArgumentError, ["learning_rate=nan"]),
        (lambda: Simulation(network(), GD(0.1), ("discrete", "rodd")), UnknownNameError, ["'rodd'", "'rod'"]),
        (lambda: Simulation(network(), GD(0.1), "rod"), ArgumentError, ["processes='rod'"]),
        (lambda: Simulation(network(), GD(0.1), ()), ArgumentError, ["processes=()"]),
        (lambda: Simulation(network(), GD(0.1), (3,)), ArgumentError, ["holds 3"]),
        (lambda: Simulation(network(), GD(0.1), ("rod", rf.flows.Rod())), ArgumentError, ["'rod' twice", "name="]),
        (lambda: Simulation("net", GD(0.1)), ArgumentError, ["problem='net'"]),
        (lambda: Simulation(network(), 0.1), ArgumentError, ["optimizer=0.1"]),
        (lambda: Simulation(network(), GD(0.1), steps=0), ArgumentError, ["steps=0"]),
        (lambda: Simulation(network(), GD(0.1), steps=10, start=10), ArgumentError, ["start=10", "steps=10"]),
        (lambda: Simulation(network(), GD(0.1), steps=1), ArgumentError, ["steps=1", "'rod'"]),
        (lambda: Simulation(network(), GD(0.1), steps=9, snapshots=(10,)), ArgumentError, ["snapshots=10"]),
        (lambda: Simulation(network(), GD(0.1), snapshots=3), ArgumentError, ["snapshots=3"]),
        (lambda: Simulation(network(), GD(0.1), seed=2**70), ArgumentError, ["seed=", "at most"]),
        (lambda: Simulation(network(), GD(0.1), eigenvalues=0), ArgumentError, ["eigenvalues=0"]),
        (lambda: Simulation(network(), GD(0.1), every=1.5), ArgumentError, ["every=1.5"]),
        (
            lambda: Simulation(Problem.from_function(lambda w: (w.round() * 0 + w * 0).sum(), [1.3]), GD(0.1)),
            ProblemError,
            ["exactly zero"],
        ),
    ],
)
def test_bad_input_is_named_before_anything_runs(make, error, words) -> None:
    with pytest.raises(error) as caught:
        make()
    for word in words:
        assert word in str(caught.value), str(caught.value)
