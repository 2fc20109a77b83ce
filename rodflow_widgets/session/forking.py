"""A run that goes on from another one's step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Never

import numpy as np

from ..errors import ArgumentError, RunError
from ..recording import Recording
from ..vocabulary import Status, Whole
from .checkpoints import Checkpoints, Replay
from .recorder import Driver

if TYPE_CHECKING:
    from ..engine import Simulation


@dataclass(frozen=True)
class Past:
    """What a recording begins with: rows and parameter vectors by table up to `step`.

    parent: of which run and step they are; None for a run that goes on itself. seconds: that it took.
    """

    rows: Mapping[str, Mapping[str, np.ndarray]]
    parameters: Mapping[str, Mapping[int, np.ndarray]]
    step: int
    parent: Mapping[str, Any] | None
    seconds: float = 0.0

    @staticmethod
    def of(recording: Recording, name: str | None, step: int) -> Past:
        """The rows of `recording` up to `step`, for a fork of the run `name`, or for itself; views, since a row never changes."""
        rows, parameters = {}, {}
        for table in recording.tables:
            count = int(np.searchsorted(table["time"], step, side="right"))
            rows[table.name] = table.rows(0, count)
            parameters[table.name] = {s: vector for s, vector in table.parameters.items() if s <= step}
        at = max(step, 0)
        if name is None:
            return Past(rows, parameters, at, None, recording.seconds)
        return Past(rows, parameters, at, {"name": name, "step": at})

    def begin(self, recording: Recording) -> None:
        """Put it into a new recording."""
        for name, columns in self.rows.items():
            recording[name].append(columns, self.parameters[name])
        what = "Resumed" if self.parent is None else "Forked"
        recording.status = Status("ready", self.step, f"{what} at step {self.step:,}. Nothing has run since.")


@dataclass(frozen=True)
class Fork:
    """The plan of a run that goes on from `origin`, which stays as it is, with what was measured before."""

    origin: Simulation
    past: Past

    @property
    def step(self) -> int:
        """Where it goes on."""
        return self.past.step

    def simulation(self) -> Simulation:
        return self.origin.fork()

    def starting_at(self, start: Any) -> Never:
        raise RunError(
            f"This run begins at step {self.step:,} of one that went before, not at a starting point: reset() it without "
            "start, or reset the one before."
        )


@dataclass(frozen=True)
class Departure:
    """Where a fork leaves its parent: the way there, and what the parent measured before."""

    replay: Replay
    past: Past
    steps: int

    def plan(self, changes: Mapping[str, float]) -> Fork:
        """Go there, and change hyperparameters."""
        simulation = self.replay.made()
        if simulation.steps < self.steps:
            simulation.extend(self.steps - simulation.steps)
        if changes:
            simulation.set(**changes)
        return Fork(simulation, self.past)


def refuse_lost(recording: Recording, step: int, argument: str) -> None:
    """Raise RunError where the iterates were lost at `step`; the `argument` is what gives another one."""
    kinds = {process["name"]: process["kind"] for process in recording.spec["processes"]}
    for table in recording.tables:
        lost = table.status
        if kinds[table.name] == "iterates" and lost.state == "diverged" and step >= lost.step:
            raise RunError(f"{lost.sentence} Fork at an earlier step, e.g. {argument}={max(lost.step - 1, 0)}.")


def departure(driver: Driver, checkpoints: Checkpoints, name: str, at: Any, *, failed: bool) -> Departure:
    """Where a fork at step `at` leaves; None is the present, with the changes that no step has used yet.

    Raises:
        ArgumentError: a step that the run has not made.
        RunError: one at which the iterates were lost, or a simulation that cannot be copied.
    """
    present, simulation = driver.step, driver.simulation
    step = present if at is None else Whole("at", "step", 0, 0).check(at)
    if step > present:
        raise ArgumentError(f"at={at!r} is not usable: the run is at step {present:,}, give that or an earlier one.")
    refuse_lost(driver.recording, step, "at")
    if step == present and not failed:
        replay = Replay(simulation.fork(), simulation.row)
    else:
        replay = checkpoints.back_to(step + 1)
    return Departure(replay, Past.of(driver.recording, name, step), simulation.steps)
