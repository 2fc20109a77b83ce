"""How a run gets to disk: its rows by a journal, and a copy of its simulation now and then."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import store
from ..errors import ArgumentError
from ..recording import Recording
from .changes import Change
from .checkpoints import Kept
from .shown import Saving

CHECKPOINT_SECONDS = 10.0
_beginning = threading.Lock()
"""Forks that begin at once would make up the same name, and clear away what the other has not locked yet."""
START = "start"
"""Name of the problem's starting point among the arrays of a checkpoint."""


@dataclass(frozen=True)
class Written:
    """What a folder holds of the run that goes on in it.

    token: of the folder as it was read, or left. row: the next to be measured. changes: all that were made before.
    """

    token: str
    row: int
    changes: tuple[tuple[int, Change], ...] = ()


@dataclass(frozen=True)
class Destination:
    """The folder that a run goes to.

    overwrite: a run that is there already goes away. past: it is the one that goes on.
    root: the folder beside which those of later resets are made; a name that was made up, and may be taken by then.
    """

    path: Path
    overwrite: bool = False
    past: Written | None = None
    root: Path | None = None

    @staticmethod
    def of(save: Any, overwrite: bool = False) -> Destination | None:
        """The destination that a user's `save` means; None for None."""
        if save is None:
            return None
        if not isinstance(save, str | os.PathLike) or not os.fspath(save):
            raise ArgumentError(f"save={save!r} is not usable: give the path of a folder, e.g. save='runs/eos'.")
        return Destination(Path(save).expanduser().absolute(), bool(overwrite))

    def beside(self, word: str = "") -> Destination:
        """A folder that is not there yet: eos-2 for a reset of the run at eos, eos-fork-at-150 for one that comes of it."""
        root = self.path if word or self.root is None else self.root
        first = root.with_name(f"{root.name}-{word}") if word else root
        return Destination(first).free()

    def free(self) -> Destination:
        """This folder if it is not there yet, or the next with a number."""
        first = self.root or self.path
        path, number = first, 1
        while path.exists():
            number += 1
            path = first.with_name(f"{first.name}-{number}")
        return Destination(path, root=first)


class Keeper:
    """Writes a run down while it goes, on a thread of its own.

    Args:
        recording: what is written; `close` ends that.
        destination: where.
        told: called when how it gets there has changed, on that thread; it must return at once.
        applied: how many of the changes of the past were made since the first copy that will be offered.
        known: fingerprint of the problem; None takes it when it is needed.
    """

    def __init__(
        self,
        recording: Recording,
        destination: Destination,
        told: Callable[[], None] | None = None,
        *,
        applied: int = 0,
        known: dict[str, Any] | None = None,
    ) -> None:
        self._offered = time.monotonic()
        self._fingerprint = known
        self._token = ""
        self._changes = [] if destination.past is None else list(destination.past.changes)
        self._before = len(self._changes) - applied
        self._journal = self._begun(recording, destination)
        self._path = self._journal.path
        self._root = destination.root
        if told is not None:
            self._journal.on_change(told)
        self._journal.start()

    def _begun(self, recording: Recording, destination: Destination) -> store.Journal:
        """The journal in that folder, or, where a name that was made up has been taken since, in the next."""
        past = destination.past
        if past is None:
            with _beginning:
                place = destination if destination.root is None else destination.free()
                return store.Journal(recording, place.path, overwrite=place.overwrite)
        held = [info for info in store.checkpoints(destination.path) if info.row <= past.row][-1:]
        continues, applied = (held[0].row, held[0].applied) if held else (None, 0)
        journal = store.Journal(recording, destination.path, overwrite=True, continues=continues, expected=past.token)
        for row, change in self._changes[applied:]:
            journal.note(row, change.command, change.plain)
        return journal

    @property
    def saving(self) -> Saving:
        state = self._journal.state()
        return Saving(str(self._path), state.bytes, state.sentence, state.failing)

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
        self._changes.append((row, change))
        self._journal.note(row, change.command, change.plain)

    def close(self) -> None:
        """Write all that is still to be written and give the folder up."""
        self._journal.close()
        self._token = self._token or store.token(self._path)

    def drop(self) -> None:
        """Close it in a thread of its own, if it is not: nobody holds the run any more."""
        if self._token:
            return
        threading.Thread(target=self._journal.close, name="rodflow-closing", daemon=True).start()

    def again(self, row: int) -> Destination:
        """The same folder, for the run to go on at `row`; after `close`."""
        return Destination(self._path, past=Written(self._token, row, tuple(self._changes)), root=self._root)

    def beside(self, word: str = "") -> Destination:
        """A folder beside it that is not there yet."""
        return Destination(self._path, root=self._root).beside(word)
