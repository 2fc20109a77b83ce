"""A sweep on its way to disk."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import store
from ..errors import ArgumentError
from ..recording import Recording
from ..session.keeping import Destination, Keeper

SECONDS = 0.5
"""Between two times that rows go to the system."""
MANIFEST_SECONDS = 2.0
"""Between two times that `sweep.json` is written."""
HANDS = 8
"""Threads that wait for the disk."""


class Written:
    """The folder of a sweep that is being computed: the runs that go have a journal each.

    Args:
        folder: whose lock is held; `close` gives it up.
        content: of `sweep.json`, without statuses.
    """

    def __init__(self, folder: store.SweepFolder, content: Mapping[str, Any]) -> None:
        self.path = folder.path
        self.trouble = ""
        self._folder = folder
        self._content = content
        self._hands = ThreadPoolExecutor(HANDS, thread_name_prefix="rodflow-sweep-disk")
        self._journals: dict[int, store.Journal] = {}
        self._closing: dict[int, Future[None]] = {}
        self._appended = self._put = time.monotonic()

    def pending(self, run: int) -> bool:
        """Whether not all of a run is on the disk."""
        return run in self._journals or run in self._closing

    def begin(self, runs: Sequence[int], recordings: Sequence[Recording]) -> None:
        """Have a journal of every run; one that is there from before goes away. What the disk refuses is in `trouble`."""

        def made(run: int, recording: Recording) -> store.Journal | None:
            try:
                return store.Journal(recording, self.place(run), overwrite=True)
            except (ArgumentError, OSError) as error:
                self._say(f"Run {run}: {error}")
                return None

        journals = zip(runs, self._hands.map(made, runs, recordings), strict=True)
        self._journals |= {run: journal for run, journal in journals if journal is not None}

    def keeper(self, run: int, recording: Recording) -> Keeper | None:
        """Of a run that is computed alone, with checkpoints; whoever asks for it closes it. None where the disk refuses."""
        try:
            return Keeper(recording, Destination(self.place(run), overwrite=True))
        except (ArgumentError, OSError) as error:
            self._say(f"Run {run}: {error}")
            return None

    def place(self, run: int) -> Path:
        """The folder of a run, which holds a run or nothing."""
        place = self._folder.run(run)
        if place.is_dir() and not store.readable(place):
            aside, number = place.with_name(f"{place.name}-damaged"), 1
            while aside.exists():
                number += 1
                aside = place.with_name(f"{place.name}-damaged-{number}")
            place.rename(aside)
        return place

    def path_of(self, run: int) -> Path:
        """The folder of a run."""
        return self._folder.run(run)

    def append(self) -> None:
        """Hand new rows to the system, now and then."""
        if time.monotonic() - self._appended >= SECONDS:
            for journal in list(self._journals.values()):
                journal.append()
            self._appended = time.monotonic()

    def end(self, run: int) -> None:
        """Close the journal of a run whose recording has come to its end, beside what goes on."""
        journal = self._journals.pop(run, None)
        if journal is not None:
            self._closing[run] = self._hands.submit(self._close, run, journal)

    def save(self, run: int, recording: Recording) -> None:
        """Write a run that was computed elsewhere, whole; `settle` waits for it."""
        self._closing[run] = self._hands.submit(self._save, run, recording)

    def settle(self, runs: Iterable[int]) -> None:
        """Close the journals of these runs and wait until everything of them is on the disk."""
        for run in runs:
            self.end(run)
        wait(list(self._closing.values()))

    def put(self, recordings: Sequence[Recording], *, now: bool = False) -> None:
        """Write down where the runs stand, now and then, or now."""
        if not now and time.monotonic() - self._put < MANIFEST_SECONDS:
            return
        self._put = time.monotonic()
        try:
            self._folder.write({**self._content, "statuses": [asdict(recording.status) for recording in recordings]})
        except OSError as error:
            self._say(f"sweep.json could not be written: {error.strerror or error}.")

    def close(self, recordings: Sequence[Recording]) -> str:
        """Have everything on the disk and give the folder up; returns its mark, which changes when anybody writes to it."""
        self.settle(list(self._journals))
        self._hands.shutdown()
        self.put(recordings, now=True)
        with contextlib.suppress(OSError):
            self._folder.release()
        return store.sweep_mark(self.path)

    def _save(self, run: int, recording: Recording) -> None:
        try:
            store.save(recording, self.place(run), overwrite=True)
        except (ArgumentError, OSError) as error:
            self._say(f"Run {run} could not be saved: {error}")
        finally:
            self._closing.pop(run, None)

    def _close(self, run: int, journal: store.Journal) -> None:
        try:
            journal.close()
            if journal.state().failing:
                self._say(f"Run {run}: {journal.state().sentence}")
        finally:
            self._closing.pop(run, None)

    def _say(self, sentence: str) -> None:
        self.trouble = self.trouble or f"Not all of it is on disk, save(path) writes it elsewhere. {sentence}"
