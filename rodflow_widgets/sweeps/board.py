"""Where the runs of a sweep stand, and what is still to be done."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..errors import RunError
from ..recording import Recording
from ..vocabulary import Status
from .jobs import Job, jobs
from .plan import Plan, Sketch
from .written import Written

ENDED = ("finished", "diverged", "error")
"""States of a run that nothing is left to do for."""


class Board:
    """The recordings of all runs, and the jobs that are left; one thread works on it, any may read.

    Args:
        sketch: of the runs.
        changed: called when rows or statuses are new.
    """

    def __init__(self, sketch: Sketch, changed: Callable[[], None]) -> None:
        self.sketch = sketch
        self.stopping = threading.Event()
        self.recordings = [sketch.blank(point.index) for point in sketch.points]
        self.errors: dict[int, str] = {}
        self.todo: deque[Job] = deque()
        self.disk: Written | None = None
        self.trouble = ""
        self.done: list[tuple[int, ...]] = []
        self._plan: Plan | None = None
        self._changed = changed

    @property
    def plan(self) -> Plan:
        if self._plan is None:
            raise RunError("The sweep has no problem yet.")
        return self._plan

    def arrange(
        self, plan: Plan, runs: Sequence[int], at_once: int, hands: int = 1, going_on: Sequence[int] = ()
    ) -> None:
        """Have these runs computed, and those of `going_on` from their checkpoints on disk."""
        self._plan = plan
        on = [Job((run,), "it goes on from a checkpoint", on_disk=True) for run in going_on]
        self.todo = deque([*on, *jobs(plan.requests, runs, at_once, hands)])
        for job in self.todo:
            if not job.on_disk:
                self._say_how(job)

    def take_on(self, plan: Plan, todo: deque[Job]) -> None:
        """Have these jobs computed."""
        self._plan, self.todo = plan, todo

    def add(self, runs: Sequence[int], at_once: int, hands: int) -> None:
        """Have these runs computed, too."""
        more = jobs(self.plan.requests, runs, at_once, hands) if runs else []
        self.todo.extend(more)
        for job in more:
            self._say_how(job)

    def _say_how(self, job: Job) -> None:
        for run in job.runs:
            spec = self.recordings[run].spec
            spec["together"] = len(job.runs)
            spec.pop("alone", None)
            if job.alone is not None:
                spec["alone"] = job.alone

    def fresh(self, job: Job) -> list[Recording]:
        """Empty recordings for the runs of a job, which begins; those that have rows are replaced."""
        for run in job.runs:
            recording = self.recordings[run]
            if any(len(table) for table in recording.tables) or recording.status.ended:
                self.recordings[run] = self.sketch.blank(run)
            self.errors.pop(run, None)
        self._say_how(job)
        return [self.recordings[run] for run in job.runs]

    def begun(self, job: Job) -> None:
        """A job goes to somebody else; its rows come with its end."""
        for recording in self.fresh(job):
            recording.status = Status("running", 0, "Running elsewhere.")
        self._changed()

    def put_back(self, job: Job) -> None:
        """A job that nobody has computed is to be done again."""
        for run in job.runs:
            self.recordings[run].status = Status("ready", 0, "Nothing has run yet.")
        self.todo.appendleft(job)
        self._changed()

    def arrived(self, job: Job, recordings: Sequence[Recording], errors: dict[int, str]) -> None:
        """A job was computed elsewhere; what was stopped there is to be done again."""
        for run, recording in zip(job.runs, recordings, strict=True):
            if self.disk is not None and any(len(table) for table in recording.tables):
                self.disk.save(run, recording)
            self.recordings[run] = recording
        self.errors |= errors
        left = tuple(run for run in job.runs if self.recordings[run].status.state not in ENDED)
        if left:
            self.todo.appendleft(replace(job, runs=left))
        self.done.append(tuple(run for run in job.runs if run not in left))
        self.over(job)

    def told(self, job: Job, step: int = 0) -> None:
        """There are new rows of a job, which is at `step`."""
        if self.disk is not None:
            for run in job.runs:
                if self.recordings[run].status.ended:
                    self.disk.end(run)
            self.disk.append()
            self.disk.put(self.recordings)
        self._changed()

    def over(self, job: Job) -> None:
        """A job has come to its end or was stopped; returns when all of it is on the disk."""
        if self.disk is not None:
            self.disk.settle(job.runs)
            self.disk.put(self.recordings)
        self._changed()

    def failed(self, job: Job, error: BaseException) -> None:
        """A job came to its end by an exception: each half is tried alone, until the guilty run is found."""
        if len(job.runs) > 1:
            if self.disk is not None:
                self.disk.settle(job.runs)
            self.todo.extendleft(reversed(job.halves()))
        else:
            self.mark(job.runs[0], f"{type(error).__name__}: {error}")
        self.over(job)

    def mark(self, run: int, sentence: str) -> None:
        """A run has failed; where its recording does not say how, it says so from now on."""
        recording = self.recordings[run]
        if recording.status.state != "error":
            recording.status = Status("error", recording.status.step, sentence)
        self.errors[run] = recording.status.sentence

    def ended(self, run: int) -> bool:
        """Whether a run has come to its end, and is on the disk where it is to be."""
        there = self.disk is None or not self.disk.pending(run)
        return there and self.recordings[run].status.state in ENDED
