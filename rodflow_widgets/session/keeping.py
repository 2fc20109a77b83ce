"""How a run gets to disk: its rows by a journal, and a copy of its simulation now and then."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import store
from ..errors import ArgumentError
from ..recording import Recording
from .changes import Change
from .checkpoints import Kept
from .shown import Saving

CHECKPOINT_SECONDS = 10.0
START = "start"
"""Name of the problem's starting point among the arrays of a checkpoint."""


@dataclass(frozen=True)
class Destination:
    """The folder that a run goes to.

    overwrite: a run that is there already goes away. resume: it is the one that goes on.
    root: the folder beside which those of later resets are made, if it is another one.
    """

    path: Path
    overwrite: bool = False
    resume: bool = False
    root: Path | None = None

    @staticmethod
    def of(save: Any, overwrite: bool = False) -> Destination | None:
        """The destination that a user's `save` means; None for None."""
        if save is None:
            return None
        if not isinstance(save, str | os.PathLike) or not os.fspath(save):
            raise ArgumentError(f"save={save!r} is not usable: give the path of a folder, e.g. save='runs/eos'.")
        return Destination(Path(save).expanduser(), bool(overwrite))

    def beside(self, word: str = "") -> Destination:
        """A folder that is not there yet: eos-2 for a reset of the run at eos, eos-fork-at-150 for one that comes of it."""
        root = self.path if word or self.root is None else self.root
        first = root.with_name(f"{root.name}-{word}") if word else root
        return Destination(first).free()

    def free(self) -> Destination:
        """This folder if it is not there yet, or the next with a number."""
        path, number = self.path, 1
        while path.exists():
            number += 1
            path = self.path.with_name(f"{self.path.name}-{number}")
        return Destination(path, root=self.path)

    def again(self) -> Destination:
        """The same folder, for its run to go on."""
        return replace(self, overwrite=False, resume=True)


class Keeper:
    """Writes a run down while it goes, on a thread of its own.

    Args:
        recording: what is written; `close` ends that.
        destination: where.
        told: called when how it gets there has changed.
        applied: how many of the changes that are there were made since the first copy that will be offered.
    """

    def __init__(
        self,
        recording: Recording,
        destination: Destination,
        told: Callable[[], None] | None = None,
        *,
        applied: int = 0,
    ) -> None:
        self.destination = destination
        self._offered = time.monotonic()
        self._fingerprint: dict[str, Any] | None = None
        path = destination.path
        held = store.checkpoints(path)[-1:] if destination.resume else []
        made = store.changes(path) if destination.resume else []
        self._journal = store.Journal(
            recording,
            path,
            overwrite=destination.overwrite or destination.resume,
            continues=held[0].row if held else None,
        )
        for change in made[held[0].applied if held else 0 :]:
            self._journal.note(change.row, change.command, change.args)
        self._before = len(made) - applied
        if told is not None:
            self._journal.on_change(told)
        self._journal.start()

    @property
    def saving(self) -> Saving:
        state = self._journal.state()
        return Saving(str(self.destination.path), state.bytes, state.sentence, state.failing)

    def wants(self, row: int) -> bool:
        """Whether the last copy is old."""
        return time.monotonic() - self._offered > CHECKPOINT_SECONDS

    def offer(self, kept: Kept) -> None:
        """A copy that may be written down; nobody changes it any more."""

        def write() -> tuple[dict[str, Any], dict[str, Any]]:
            from ..engine import checkpoint
            from ..engine.host import fetch

            made = checkpoint(kept.simulation)
            problem = kept.simulation.problem
            state = {"simulation": made.state, "problem": self._told_apart(problem)}
            return state, {**made.arrays, START: fetch([problem.w0])[0]}

        self._offered = time.monotonic()
        self._journal.offer(kept.row, self._before + kept.applied, write)

    def _told_apart(self, problem: Any) -> dict[str, Any]:
        """The fingerprint of the problem, taken once: it computes two gradients."""
        if self._fingerprint is None:
            from ..engine import fingerprint

            self._fingerprint = fingerprint(problem)
        return self._fingerprint

    def note(self, row: int, change: Change) -> None:
        """A change that was made before `row`."""
        self._journal.note(row, change.command, change.plain)

    def close(self) -> Destination:
        """Write all that is still to be written and give the folder up; returns where the run can go on."""
        self._journal.close()
        return self.destination.again()
