"""Simulations that come back from data, and whether they go on as the others do."""

from __future__ import annotations

import json

import numpy as np

import rodflow_widgets as rf
from rodflow_widgets.engine import (
    Checkpoint,
    Problem,
    Simulation,
    checkpoint,
    restored,
)  # fmt: skip

from .test_forking import assert_same, rest

GD = rf.optimizers.GradientDescent


def on_digits() -> Problem:
    return rf.problems.digits_mlp(widths=(8,), n=60)


def through_a_file(made: Checkpoint) -> Checkpoint:
    """As it comes back from JSON and bytes: nothing else goes along."""
    state = json.loads(json.dumps(made.state, allow_nan=False))
    held = {name: array.tobytes() for name, array in made.arrays.items()}
    return Checkpoint(state, {name: np.frombuffer(data, np.uint8) for name, data in held.items()})


def again(simulation: Simulation, own: dict | None = None, problem: Problem | None = None) -> Simulation:
    return restored(through_a_file(checkpoint(simulation)), problem or simulation.problem, own)


def advanced(simulation: Simulation, rows: int) -> Simulation:
    for _ in range(rows):
        simulation.advance()
    return simulation


def assert_goes_on(simulation: Simulation, own: dict | None = None) -> None:
    """The restored one measures what the other does, from the rows that wait to the end, and ends as it does."""
    other = again(simulation, own)
    assert (other.row, other.steps, other.pending, other.events) == (
        simulation.row, simulation.steps, simulation.pending, simulation.events,
    )  # fmt: skip
    first, there = (
        {block.process: (block.columns, block.parameters) for block in one.drain()} for one in (simulation, other)
    )
    for process, (columns, parameters) in first.items():
        assert_same({process: columns}, {process: there[process][0]})
        assert_same({process: parameters}, {process: there[process][1]})
    assert_same(rest(simulation), rest(other))
    assert simulation.statuses == other.statuses
    assert simulation.describe() == other.describe()
