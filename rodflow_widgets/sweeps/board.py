"""Where the runs of a sweep stand, and what is still to be done."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from ..recording import Recording
from ..vocabulary import Status
from .jobs import Job, jobs
from .plan import Plan

ENDED = ("finished", "diverged", "error")
"""States of a run that nothing is left to do for."""


class Board:
    """The recordings of all runs, and the jobs that are left; one thread works on it, any may read.

    Args:
        plan: of the sweep.
        at_once: the most runs in one job.
        changed: called when rows or statuses are new.
    """

    def __init__(self, plan: Plan, at_once: int, changed: Callable[[], None]) -> None:
        self.plan = plan
        self.at_once = at_once
        self.changed = changed
        self.stopping = threading.Event()
        self.recordings = [plan.blank(point.index) for point in plan.points]
        self.errors: dict[int, str] = {}
        self.todo: deque[Job] = deque(self._jobs(range(len(plan.points))))
        self.trouble = ""

    def _jobs(self, runs: Sequence[int]) -> list[Job]:
        found = jobs(self.plan.requests, runs, self.at_once)
        for job in found:
            for run in job.runs:
                self._say_how(run, job)
        return found

    def _say_how(self, run: int, job: Job) -> None:
        spec = self.recordings[run].spec
        spec["together"] = len(job.runs)
        if job.alone is not None:
            spec["alone"] = job.alone

    def fresh(self, job: Job) -> list[Recording]:
        """Empty recordings for the runs of a job, which begins; those that have rows are replaced."""
        for run in job.runs:
            if any(len(table) for table in self.recordings[run].tables) or self.recordings[run].status.ended:
                self.recordings[run] = self.plan.blank(run)
            self._say_how(run, job)
            self.errors.pop(run, None)
        return [self.recordings[run] for run in job.runs]

    def failed(self, job: Job, error: BaseException) -> None:
        """A job came to its end by an exception: each half is tried alone, until the guilty run is found."""
        if len(job.runs) > 1:
            self.todo.extendleft(reversed(job.halves()))
            for run in job.runs:
                self.recordings[run] = self.plan.blank(run)
        else:
            (run,) = job.runs
            recording = self.recordings[run]
            if recording.status.state != "error":
                recording.status = Status("error", recording.status.step, f"{type(error).__name__}: {error}")
            self.errors[run] = recording.status.sentence
        self.changed()

    def again(self, failed: bool) -> None:
        """Put the runs that failed back among those to be done."""
        if failed:
            self.todo.extend(self._jobs(sorted(self.errors)))

    def ended(self, runs: Iterable[int] | None = None) -> int:
        """How many runs have come to their end."""
        found = self.recordings if runs is None else [self.recordings[run] for run in runs]
        return sum(recording.status.state in ENDED for recording in found)
