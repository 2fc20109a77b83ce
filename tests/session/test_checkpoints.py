"""Copies kept while a run goes: how many, how far apart, and within how many bytes."""

import pytest

from rodflow_widgets.errors import RunError
from rodflow_widgets.session.checkpoints import FIRST_SPACING, MOST, Checkpoints


def driven(simulation, checkpoints, rows):
    while simulation.row < rows:
        simulation.advance()
        if checkpoints.due(simulation.row):
            simulation.drain()
            checkpoints.keep(simulation)


def test_spacing_doubles_and_the_first_stays(plan):
    simulation = plan(steps=10_000).simulation()
    checkpoints = Checkpoints(simulation)
    driven(simulation, checkpoints, 5_000)
    spacing = checkpoints.spacing
    assert spacing & (spacing - 1) == 0
    assert spacing > FIRST_SPACING
    assert checkpoints.rows == list(range(0, 5_001, spacing))
    assert MOST / 2 <= len(checkpoints.rows) <= MOST


def test_bytes_are_bounded(plan):
    simulation = plan(steps=10_000).simulation()
    checkpoints = Checkpoints(simulation, budget=10_000)
    driven(simulation, checkpoints, 500)
    assert 5_000 <= checkpoints.nbytes <= 10_000
    assert checkpoints.rows[0] == 0
    tight = Checkpoints(simulation, budget=1)
    tight.keep(simulation)
    assert len(tight.rows) == 1


def test_changes_are_made_again_where_they_were_made(plan):
    simulation = plan(steps=100).simulation()
    checkpoints = Checkpoints(simulation)
    losses = {}
    for row in range(1, 41):
        simulation.advance()
        if checkpoints.due(row):
            simulation.drain()
            checkpoints.keep(simulation)
        if row % 5 == 3:
            change = lambda s, rate=0.1 * row / 4: s.set(learning_rate=rate)  # noqa: E731
            change(simulation)
            checkpoints.note(simulation.row, change)
        losses[row] = simulation.w
    for row in (1, 3, 8, 23, 24, 31, 40):
        again = checkpoints.back_to(row).made()
        assert (again.row, again.w) == (row, losses[row])
        assert [event.step for event in again.events] == list(range(3, row, 5))
    with pytest.raises(RunError, match="beyond the end"):
        checkpoints.back_to(200).made()
