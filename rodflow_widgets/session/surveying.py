"""Surveys of a run, in slices between its steps on the same worker."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import RunError
from .spec import Plan, RunSpec

if TYPE_CHECKING:
    from ..engine import Simulation
    from ..engine.surveys import Survey, Topic

    OnPart = Callable[[Survey], None]

log = logging.getLogger(__name__)

SHARE = 0.25
KEPT = 8


@dataclass
class Job:
    """A survey that was asked for; `done` then holds it, or why it could not be made."""

    topic: Topic
    identity: Any
    on_part: OnPart | None
    done: Future[Survey] = field(default_factory=Future)
    slices: Iterator[Survey | None] | None = None
    latest: Survey | None = None


class Surveys:
    """The surveys of one run, one after the other, in the order in which they were asked for.

    Args:
        simulation: of the run, as it is now.
        clock: seconds.
    """

    def __init__(self, simulation: Callable[[], Simulation], clock: Callable[[], float] = time.perf_counter) -> None:
        self._simulation = simulation
        self._clock = clock
        self._jobs: deque[Job] = deque()
        self._identities = itertools.count(1)
        self._kept: dict[Any, Any] = {}
        self._credit = 0.0

    @property
    def waiting(self) -> bool:
        return bool(self._jobs)

    def ask(self, name: str, args: Mapping[str, Any], identity: Any = None, on_part: OnPart | None = None) -> Job:
        """A checked survey that waits for its turn.

        Raises:
            UnknownNameError, ArgumentError: no such topic, argument or value.
            RunError: the run has no problem that could be surveyed.
        """
        from ..engine.surveys import topic

        problem = getattr(self._simulation(), "problem", None)
        if problem is None:
            raise RunError("survey() needs a run of a problem: this simulation has none.")
        job = Job(topic(name, problem, args), next(self._identities) if identity is None else identity, on_part)
        self._jobs.append(job)
        return job

    def beside(self, step: Callable[[], None], interrupted: Callable[[], bool]) -> None:
        """Make a step of the run, and slices for as long as keeps their share of the time at a quarter.

        A slice that takes longer is made up for by steps without any; `interrupted` says that something else has to be done.
        """
        before = self._clock()
        step()
        if not self._jobs:
            self._credit = 0.0
            return
        self._credit += (self._clock() - before) * SHARE / (1 - SHARE)
        while self._jobs and self._credit > 0 and not interrupted():
            before = self._clock()
            self.slice()
            self._credit -= self._clock() - before

    def slice(self) -> None:
        """One slice of the first survey; what goes wrong in it is its own affair."""
        job = self._jobs[0]
        if job.done.cancelled():
            self._jobs.popleft()
            return
        try:
            simulation = self._simulation()
            if job.slices is None:
                job.slices = job.topic.work(simulation, self._kept)
            part = next(job.slices, job)
        except BaseException as error:  # on this thread nobody else would hear of it
            self._end(job, error)
            return
        if isinstance(part, Job):
            self._end(job)
        elif part is not None:
            job.latest = part
            self._show(job, part)

    def _show(self, job: Job, part: Survey) -> None:
        if part.kept is not None:
            self._kept.pop(job.identity, None)
            self._kept[job.identity] = part.kept
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        if job.on_part is None:
            return
        try:
            job.on_part(part)
        except BaseException:
            job.on_part = None
            log.exception("A listener of a survey failed. The survey goes on without it.")

    def _end(self, job: Job, error: BaseException | None = None) -> None:
        self._jobs.popleft()
        with suppress(InvalidStateError):  # it was cancelled in this moment
            if error is not None:
                job.done.set_exception(error)
            elif job.latest is None:
                job.done.set_exception(RunError("The survey ended without a result."))
            else:
                job.done.set_result(job.latest)

    def drop(self, why: str) -> None:
        """End all surveys that are not complete, with an error that says why."""
        while self._jobs:
            self._end(self._jobs[0], RunError(f"The run was {why} before its survey was complete: ask for it again."))

    def forget(self) -> None:
        """Forget what surveys kept for later ones."""
        self._kept.clear()


class Surveyed:
    """What a run says about itself when it is asked."""

    _lock: threading.Lock
    _surveys: Surveys

    def _wake(self) -> None:
        """Have a worker; called with the lock held."""
        raise NotImplementedError

    def survey(self, topic: str, on_part: OnPart | None = None, *, identity: Any = None, **args: Any) -> Future[Survey]:
        """Look at the run beside its steps, which it neither stops nor changes; `survey("plane").result()` waits for it.

        A survey takes at most about a quarter of the time while the run goes, and all of it while the run holds still.
        Cancelling the future ends it; so do `stop` and `reset`.

        Args:
            topic: "plane", "landscape" or "density".
            on_part: called on the worker with what is known so far, and at last with the whole; it must return at once.
            identity: under which a later survey finds what this one kept, as a landscape does its plane; None makes one up.
            **args: of the topic; `rodflow_widgets.engine.surveys` describes them:
                plane: step, window, x, y. landscape: plane, x, y, size. density: step, process, probes.

        Returns:
            A future of the complete survey, or of what spoke against it: a step that is no longer kept, an exception of the
            loss. The run goes on in any case.

        Raises:
            UnknownNameError, ArgumentError: no such topic or argument, or a value that can never work.
        """
        with self._lock:
            job = self._surveys.ask(topic, args, identity, on_part)
            self._wake()
        return job.done


def simulation_of(plan: Plan) -> Simulation:
    """A new simulation, which keeps its last parameter vectors for surveys."""
    if not isinstance(plan, RunSpec):
        return plan.simulation()
    from ..engine.trail import TRAIL_BYTES

    return plan.simulation(TRAIL_BYTES)
