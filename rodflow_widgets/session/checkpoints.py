"""Copies of a simulation that are kept while it runs, so that it can go on from a step that has passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..errors import RunError
from .changes import Change
from .recorder import DRAIN_ROWS, Driver

if TYPE_CHECKING:
    from ..engine import Simulation

BUDGET = 64 * 2**20
MOST, FIRST_SPACING = 64, 8


@dataclass(frozen=True)
class Kept:
    """A simulation that has measured the rows before `row`, with the first `applied` of all changes."""

    row: int
    applied: int
    simulation: Simulation


class Desk(Protocol):
    """Where copies and changes are written down."""

    def wants(self, row: int) -> bool:
        """Whether a copy before `row` would be written, if there were one."""
        ...

    def offer(self, kept: Kept) -> None: ...
    def note(self, row: int, change: Change) -> None: ...


@dataclass(frozen=True)
class Replay:
    """A simulation on its way to `row`, and the changes that were made underway, each before its row.

    on: a later row that it goes on to, with what it measures between the two.
    """

    simulation: Simulation
    row: int
    changes: tuple[tuple[int, Change], ...] = ()
    on: int = 0

    def made(self) -> Simulation:
        """The simulation there; what it measures on the way is thrown away, since it was recorded before.

        Where changes were made at later rows it goes on to the last of them; those rows are still to be drained.
        """
        before = [entry for entry in self.changes if entry[0] <= self.row]
        for row, change in before:
            self._advance(row)
            change(self.simulation)
        self._advance(self.row)
        self.simulation.drain()
        for row, change in self.changes[len(before) :]:
            self._measure(row)
            change(self.simulation)
        self._measure(self.on)
        return self.simulation

    def _measure(self, row: int) -> None:
        while self.simulation.row < row and not self.simulation.finished:
            self.simulation.advance()

    def _advance(self, row: int) -> None:
        while self.simulation.row < row:
            before = self.simulation.row
            self.simulation.advance()
            if self.simulation.pending >= DRAIN_ROWS:
                self.simulation.drain()
            if self.simulation.row == before:
                raise RunError(
                    f"Step {row - 1:,} is beyond the end of the run at step {before - 1:,}: give an earlier one."
                )


class Checkpoints:
    """Keeps a copy every so many rows, and half as often whenever there are too many or they are too large.

    Args:
        simulation: what is copied, beginning with how it is now.
        budget: bytes for all copies; the first is kept whatever it takes.
        desk: where every copy, which nobody changes, goes too, and which may ask for one.
    """

    def __init__(self, simulation: Simulation, budget: int = BUDGET, desk: Desk | None = None) -> None:
        self.desk = desk
        self._spacing = FIRST_SPACING
        self._budget = budget
        self._changes: list[tuple[int, Change]] = []
        self._kept: list[Kept] = []
        self._refusal: RunError | None = None
        self._keep(simulation)

    @property
    def rows(self) -> list[int]:
        return [kept.row for kept in self._kept]

    @property
    def spacing(self) -> int:
        """Rows between two copies."""
        return self._spacing

    @property
    def changes(self) -> int:
        """How many have been noted."""
        return len(self._changes)

    @property
    def nbytes(self) -> int:
        """Of all copies."""
        return sum(kept.simulation.nbytes for kept in self._kept)

    def due(self, row: int) -> bool:
        """Whether a copy should be kept before `row` is measured; its rows must have been drained by then."""
        return self._refusal is None and (row % self._spacing == 0 or (self.desk is not None and self.desk.wants(row)))

    def take(self, driver: Driver) -> bool:
        """Keep a copy of what `driver` drives where one is due; says whether it did."""
        simulation = driver.simulation
        if simulation.finished or not self.due(simulation.row):
            return False
        driver.drain()
        self.keep(simulation)
        return True

    def keep(self, simulation: Simulation) -> None:
        """Keep a copy of how it is now, before anything is changed at this row."""
        self._keep(simulation)
        while len(self._kept) > 1 and (len(self._kept) > MOST or self.nbytes > self._budget):
            self._spacing *= 2
            self._kept = [kept for i, kept in enumerate(self._kept) if i == 0 or kept.row % self._spacing == 0]

    def _keep(self, simulation: Simulation) -> None:
        try:
            copied = simulation.fork()
        except RunError as error:
            self._refusal = error
        else:
            self._kept.append(Kept(simulation.row, len(self._changes), copied))
            if self.desk is not None:
                self.desk.offer(self._kept[-1])

    def note(self, row: int, change: Change) -> None:
        """Take note of a change that was made before `row`."""
        self._changes.append((row, change))
        if self.desk is not None:
            self.desk.note(row, change)

    def back_to(self, row: int) -> Replay:
        """The way to how it was when the rows before `row` had been measured, and nothing had been changed there yet."""
        if self._refusal is not None:
            raise self._refusal
        nearest = max((kept for kept in self._kept if kept.row <= row), key=lambda kept: kept.row, default=None)
        if nearest is None:
            raise RunError(f"This run began at step {self._kept[0].row - 1:,}: give that step or a later one.")
        changes = [change for change in self._changes[nearest.applied :] if change[0] < row]
        return Replay(nearest.simulation.fork(), row, tuple(changes))
