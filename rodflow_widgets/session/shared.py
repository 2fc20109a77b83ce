"""How a run that several processes compute gets to disk: the first of them writes it down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..recording import Recording
from .changes import Change
from .checkpoints import Kept
from .keeping import CHECKPOINT_SECONDS, Destination, Keeper

if TYPE_CHECKING:
    from ..engine import Problem
    from ..engine.parallel import Group


class SharedDesk:
    """Writes a run down on the first process; every process makes its copies at the same rows, by the clock of the first.

    Args:
        recording: what is written.
        destination: where.
        problem: of the run; its fingerprint is taken by all together.
    """

    def __init__(self, recording: Recording, destination: Destination, problem: Problem, group: Group) -> None:
        from ..engine import fingerprint

        known = fingerprint(problem)
        self._group, self._offered = group, group.now
        self._keeper = group.led(lambda: Keeper(recording, destination, known=known))

    def wants(self, row: int) -> bool:
        return self._group.now - self._offered > CHECKPOINT_SECONDS

    def offer(self, kept: Kept) -> None:
        self._offered = self._group.now
        if self._keeper is not None:
            self._keeper.offer(kept)

    def note(self, row: int, change: Change) -> None:
        if self._keeper is not None:
            self._keeper.note(row, change)

    def close(self) -> None:
        if self._keeper is not None:
            self._keeper.close()


def desk(recording: Recording, destination: Destination | None, problem: Any) -> Keeper | SharedDesk | None:
    """Where a run is written down; None for nowhere."""
    if destination is None:
        return None
    group = problem.group
    return Keeper(recording, destination) if group is None else SharedDesk(recording, destination, problem, group)
