"""A run that is written down while it goes, and again where it goes on."""

from __future__ import annotations

import threading
import weakref
from abc import abstractmethod
from concurrent.futures import Future
from typing import Any

from ..recording import Recording
from .checkpoints import Checkpoints
from .commands import Command
from .keeping import Destination, Keeper
from .recorder import Driver
from .shown import Saving

over = threading.Event()
"""Set when the program ends: nobody is told anything any more."""


class WrittenDown:
    """The part of a run that has a keeper, if it has one."""

    _keeper: Keeper | None
    _recorder: Driver
    _checkpoints: Checkpoints

    @property
    @abstractmethod
    def recording(self) -> Recording: ...

    @abstractmethod
    def _queued(self, order: Command) -> Future[Any]: ...

    @property
    def saving(self) -> Saving | None:
        """How it gets to disk, if it does."""
        return None if self._keeper is None else self._keeper.saving

    def _keeping(self, recording: Recording, save: Destination, applied: int = 0) -> Keeper:
        """A keeper that lets this run go, and is closed when it has gone."""
        keeper = Keeper(recording, save, Told(weakref.ref(self)), applied=applied)
        weakref.finalize(self, keeper.drop).atexit = False
        return keeper

    def _reopen(self) -> None:
        """Have the folder of a run that has finished again, if there is one."""
        if self._keeper is not None:
            save = self._keeper.again(self._recorder.simulation.row)
            self._keeper = self._keeping(self.recording, save, self._checkpoints.changes)
            self._checkpoints.desk = self._keeper

    def _changed_after_end(self) -> None:
        if self._keeper is not None:
            self._reopen()
            self._keeper.close()


class Told:
    """Has the worker of a run, if there still is one, tell its listeners."""

    def __init__(self, run: weakref.ref[WrittenDown]) -> None:
        self._run = run

    def __call__(self) -> None:
        run = self._run()
        if run is not None and not over.is_set():
            run._queued(Command("tell", {}))
