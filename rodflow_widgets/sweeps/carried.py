"""Runs that are computed in another process, or on another machine."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from typing import Any

from ..errors import ArgumentError
from ..recording import Recording
from .board import Board
from .here import Here
from .jobs import Job
from .plan import Plan

KEPT = 4
_plans: OrderedDict[str, Plan] = OrderedDict()
_making = threading.Lock()


@dataclass(frozen=True)
class Parcel:
    """A plan as bytes, with a name by which a process that has unpacked it finds it again."""

    name: str
    data: bytes

    @staticmethod
    def of(plan: Plan) -> Parcel:
        """Of a plan with a problem of whatever kind: what cannot be found by its name goes along.

        Raises:
            ArgumentError: something of it is no data.
        """
        import cloudpickle

        try:
            return Parcel(uuid.uuid4().hex, cloudpickle.dumps(plan))
        except Exception as error:
            raise ArgumentError(
                f"problem={plan.problem!r} cannot be sent to another process ({type(error).__name__}: {error}): run the "
                "sweep in this one (workers=1), or make model, loss and rule of what can be pickled."
            ) from error

    def plan(self) -> Plan:
        """Unpacked, once a process."""
        import cloudpickle

        with _making:
            if self.name not in _plans:
                _plans[self.name] = cloudpickle.loads(self.data)
                while len(_plans) > KEPT:
                    _plans.popitem(last=False)
            return _plans[self.name]


@dataclass(frozen=True)
class Outcome:
    """What came of a job: a recording a run, and what was raised in those that failed, by number of the run."""

    recordings: tuple[Recording, ...]
    errors: dict[int, str]


def computed(parcel: Parcel, job: Job, stopping: Any = None) -> Outcome:
    """Compute a job in this process; a batch in which a run fails is split until that run is found.

    Args:
        stopping: an event that ends it early, with what it has.
    """
    plan = part(parcel.plan(), job.runs)
    board = Board(plan.sketch(), lambda: None)
    if stopping is not None:
        board.stopping = stopping
    board.take_on(plan, deque([replace(job, runs=tuple(range(len(job.runs))))]))
    Here().work(board)
    return Outcome(tuple(board.recordings), {job.runs[i]: sentence for i, sentence in board.errors.items()})


def part(plan: Plan, runs: tuple[int, ...]) -> Plan:
    """The plan of some of the runs."""
    points = tuple(replace(plan.points[run], index=i) for i, run in enumerate(runs))
    return replace(plan, points=points, requests=tuple(plan.requests[run] for run in runs))
