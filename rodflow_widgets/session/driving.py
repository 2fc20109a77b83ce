"""Runs on their way to their end: one alone, or several as one batch."""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..recording import Recording
from ..vocabulary import State
from .checkpoints import Checkpoints, Desk
from .leading import saver
from .recorder import DRAIN_ROWS, Driver, Recorder

if TYPE_CHECKING:
    from ..engine.request import Request

DRAIN_SECONDS, DRAIN_SHARE = 0.25, 0.02
"""Between two drains of a batch, at least, and the share of its time that they may take: rows go to every run's own table."""


class Part(ABC):
    """What is driven as one: a run, or runs that are computed together."""

    recorders: Sequence[Recorder]
    seconds: float = 0.0

    @property
    @abstractmethod
    def finished(self) -> bool: ...

    @property
    def step(self) -> int:
        """Time of the newest measured row."""
        return max(recorder.step for recorder in self.recorders)

    @property
    @abstractmethod
    def next_row(self) -> int:
        """The row that was, or is, to be measured."""

    def leave_copies(self, desk: Desk) -> None:
        """Have copies, from which it can go on, go to this desk; a batch has none."""

    def interrupted(self) -> None:
        """Told when an interrupt ends it in mid-step; a batch is one process's own."""

    @abstractmethod
    def advance(self) -> bool:
        """One step; says whether its rows are in the recordings."""

    def drain(self) -> None:
        for recorder in self.recorders:
            recorder.drain()

    def close(self, verdict: tuple[State, str] | None, seconds: float) -> None:
        """Say how every run that has not ended before has ended now; None leaves it to the run."""
        for recorder in self.recorders:
            if not recorder.closed:
                recorder.close(*(verdict or recorder.verdict()), seconds=seconds)


class Alone(Part):
    """One run.

    Args:
        driver: of its simulation.
        desk: where copies of it go from which it can go on; None makes none.
    """

    def __init__(self, driver: Driver, desk: Desk | None = None) -> None:
        self.recorders = (driver,)
        self._driver = driver
        self._checkpoints = None if desk is None else Checkpoints(driver.simulation, desk=desk)

    @property
    def finished(self) -> bool:
        return self._driver.simulation.finished

    @property
    def next_row(self) -> int:
        return self._driver.simulation.row

    def leave_copies(self, desk: Desk) -> None:
        """Have copies from now on go to another desk."""
        self._checkpoints = Checkpoints(self._driver.simulation, desk=desk)

    def interrupted(self) -> None:
        """Tell the other processes that compute it, if there are any."""
        group = self._driver.simulation.problem.group
        if group is not None:
            group.leave("A run was interrupted.")

    def advance(self) -> bool:
        drained = self._driver.advance()
        return (self._checkpoints is not None and self._checkpoints.take(self._driver)) or drained


class Together(Part):
    """Runs that `groups` has put together.

    Args:
        requests: what they are.
        recordings: that they are recorded into, one a run and empty; None makes them.
    """

    def __init__(self, requests: Sequence[Request], recordings: Sequence[Recording] | None = None) -> None:
        from ..engine.ensemble import Ensemble

        self._ensemble = Ensemble(requests)
        into: Sequence[Recording | None] = recordings or [None] * len(requests)
        self.recorders = [
            Recorder(member, recording=recording, together=len(requests))
            for member, recording in zip(self._ensemble.members, into, strict=True)
        ]
        self._begun = self._drained = time.perf_counter()
        self._pause = DRAIN_SECONDS

    @property
    def finished(self) -> bool:
        return self._ensemble.finished

    @property
    def next_row(self) -> int:
        return self._ensemble.row

    def advance(self) -> bool:
        self._ensemble.advance()
        if self._ensemble.pending < DRAIN_ROWS and time.perf_counter() - self._drained < self._pause:
            return False
        self.drain()
        return True

    def drain(self) -> None:
        """The rows of every run; a run all of whose processes have ended is over before the others are."""
        begun = time.perf_counter()
        super().drain()
        self._drained = time.perf_counter()
        self._pause = max(DRAIN_SECONDS, (self._drained - begun) / DRAIN_SHARE)
        for recorder in self.recorders:
            if not recorder.closed and not self.finished and recorder.ended:
                last = max(table.status.step for table in recorder.recording.tables)
                recorder.close(*recorder.verdict(), seconds=self._drained - self._begun, step=last)


def drive(part: Part, told: Callable[[int], Any], heard: Callable[[], bool] = lambda: False) -> None:
    """Drive a part to its end, or to an interrupt; one that `heard` has stopped goes on when this is called again.

    Args:
        told: called with the step whenever there are new rows.
        heard: whether it is to stop before the next step.

    Raises:
        Exception: what a step raised; all runs of the part have then ended with an error.
    """
    begun = time.perf_counter()
    for recorder in part.recorders:
        recorder.open()
    verdict: tuple[State, str] | None = None
    try:
        while not part.finished:
            if heard():
                verdict = "stopped", _stopped(part)
                break
            if part.advance():
                told(part.step)
        part.drain()
        told(part.step)
    except KeyboardInterrupt:
        part.interrupted()
        with contextlib.suppress(Exception):  # the interrupt may have hit the simulation anywhere
            part.drain()
        verdict = "stopped", _stopped(part)
    except Exception as error:
        with contextlib.suppress(Exception):  # the rows before the failure
            part.drain()
        sentence = f"Step {part.next_row:,} failed: {type(error).__name__}: {error}"
        part.close(("error", sentence), part.seconds + time.perf_counter() - begun)
        raise
    part.seconds += time.perf_counter() - begun
    part.close(verdict, part.seconds)


def _stopped(part: Part) -> str:
    return f"Stopped at step {part.step:,}. The recording up to there is kept."


def blank(request: Request, **said: Any) -> Recording:
    """The recording of a run that has not begun."""
    return Recording({**request.describe(request.shown_lanes()), "run": 1, **said}, saver=saver(request.problem))
