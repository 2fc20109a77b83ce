"""The parameter vectors of the last rows: which are kept, within how many bytes, and that nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine import Simulation
from rodflow_widgets.engine.registry import OPTIMIZERS
from rodflow_widgets.errors import ArgumentError

from .problems import network, run
from .test_host import Count

FLOWS = ("discrete", "rod", "stable", "edge", "central")


def steered(problem=None, steps=40, processes=FLOWS, learning_rate=0.4, **options) -> Simulation:
    optimizer = rf.optimizers.GradientDescent(learning_rate)
    return Simulation(problem or rf.problems.valley(), optimizer, processes, steps=steps, **options)


def test_rows_are_the_snapshots_of_their_steps() -> None:
    simulation = steered(trail=10**6, snapshots=range(41))
    while not simulation.finished:
        simulation.advance()
    trail = simulation.trail
    np.testing.assert_array_equal(trail.steps, np.arange(41))
    for block in simulation.drain():
        there = trail.present(block.process, trail.steps)
        np.testing.assert_array_equal(there, block.columns["time"])
        kept = np.array([block.parameters[step] for step in there])
        np.testing.assert_array_equal(trail.positions(block.process, there), kept)
        if trail.has_rod(block.process):
            np.testing.assert_array_equal(trail.vectors(block.process, "rod", there), block.columns["rod"])
        assert trail.vectors(block.process, "preconditioner", there).tolist() == [[1.0]] * len(there)


def test_the_window_of_the_newest_row_reaches_two_steps_ahead() -> None:
    simulation, further = steered(steps=12, trail=10**6), steered(steps=14, trail=10**6)
    for one in (simulation, further):
        while not one.finished:
            one.advance()
    for step in (5, 10, 11, 12):
        wanted = further.trail.positions("discrete", range(step, step + 3))
        assert torch.equal(simulation.trail.window(step), wanted)


def test_rows_that_are_measured_seldom_keep_their_window() -> None:
    simulation, every = steered(trail=10**6, every=7), steered(trail=10**6)
    for one in (simulation, every):
        while not one.finished:
            one.advance()
    assert simulation.trail.steps.tolist() == [0, 7, 14, 21, 28, 35, 40]
    assert torch.equal(simulation.trail.window(14), every.trail.window(14))
    with pytest.raises(ArgumentError, match="step=15 is not kept: the steps that are kept are 0 to 40"):
        simulation.trail.find(15)


@pytest.mark.parametrize("budget", [3_000, 20_000, 64_000])
def test_the_budget_holds_and_what_fell_out_is_said(budget) -> None:
    problem = network()
    simulation = steered(problem, 60, ("discrete", "rod", "stable"), 0.05, trail=budget, snapshots=range(61))
    while not simulation.finished:
        simulation.advance()
        assert simulation.trail.nbytes <= budget
    trail = simulation.trail
    row = (4 * problem.dim + 3) * 8 + 8
    assert len(trail.steps) == min(61, budget // row)
    first = 61 - len(trail.steps)
    assert trail.steps.tolist() == list(range(first, 61))
    blocks = {block.process: block for block in simulation.drain()}
    for name in ("discrete", "rod", "stable"):
        wanted = np.array([blocks[name].parameters[step] for step in trail.steps])
        np.testing.assert_array_equal(trail.positions(name, trail.steps), wanted)
    if first:
        with pytest.raises(ArgumentError, match=f"step=0 is not kept: the steps that are kept are {first} to 60"):
            trail.find(0)
    assert trail.find(None) == 60


def test_a_budget_below_a_row_keeps_none_and_says_so() -> None:
    simulation = steered(network(), 5, ("discrete",), 0.05, trail=100)
    while not simulation.finished:
        simulation.advance()
    assert len(simulation.trail.steps) == 0
    with pytest.raises(ArgumentError, match="no row is"):
        simulation.trail.find(None)


def test_keeping_changes_no_number() -> None:
    with_trail, without = run(steered(trail=10**6)), run(steered())
    for name, columns in without.items():
        for column, values in columns.items():
            np.testing.assert_array_equal(with_trail[name][column], values)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_every_optimizer_has_its_preconditioner_kept(name) -> None:
    simulation = Simulation(
        rf.problems.valley(), OPTIMIZERS[name](0.01), ("discrete", "rod", "stable"), steps=6, start=2, trail=10**6
    )
    while not simulation.finished:
        simulation.advance()
    for process in simulation.columns:
        there = simulation.trail.present(process, simulation.trail.steps)
        P = simulation.trail.vectors(process, "preconditioner", there)
        assert len(there) == (7 if process == "discrete" else 5)
        assert torch.isfinite(P).all()
        assert (P > 0).all()


@pytest.mark.parametrize("trail", [-1, 1.5, "64 MB", True])
def test_unusable_budgets(trail) -> None:
    with pytest.raises(ArgumentError, match="trail="):
        steered(trail=trail)


def test_keeping_waits_for_no_device() -> None:
    simulations = [steered(network(), 12, ("discrete", "rod"), 0.05, trail=trail) for trail in (0, 10**6)]
    counts = []
    for simulation in simulations:
        with Count() as count:
            for _ in range(10):
                simulation.advance()
        counts.append((count.waits, count.copies, count.largest))
    assert counts[0] == counts[1]
    assert len(simulations[1].trail.steps) == 10
