"""The runs of a sweep in this process, one job after the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ..session import resume
from ..session.driving import Alone, Part, Together, drive
from ..session.keeping import Keeper
from ..session.recorder import Driver
from .board import Board
from .jobs import Job
from .plan import Plan

LOOK_SECONDS = 0.1


class Crew(Protocol):
    """Who computes the runs."""

    def work(self, board: Board) -> None:
        """Do what is to be done, until `board.stopping` is set."""
        ...

    @property
    def idle(self) -> bool:
        """Whether it holds no run that goes on."""
        ...

    @property
    def hands(self) -> int:
        """How many jobs it computes at the same time."""
        ...

    @property
    def in_memory(self) -> int:
        """How many of them are in the memory of this machine, as far as is known."""
        ...

    def prepare(self, plan: Plan) -> None:
        """Raise ArgumentError where it cannot compute this."""
        ...

    def leave(self, board: Board) -> None:
        """Give what it holds back to those to be done."""
        ...


@dataclass
class _Going:
    job: Job
    part: Part
    keeper: Keeper | None


class Here:
    """Computes in the calling thread; a job that was stopped goes on where it was."""

    hands = 1
    in_memory = 1

    def __init__(self) -> None:
        self._going: _Going | None = None

    def work(self, board: Board) -> None:
        """Do what is to be done, until `board.stopping` is set."""
        if self._going is not None:
            self._reopen(board, self._going)
        while not board.stopping.is_set() and (self._going or board.todo):
            job = self._going.job if self._going else board.todo.popleft()
            try:
                if job.on_disk:
                    _go_on(board, job)
                    continue
                self._going = self._going or _begun(board, job)
                drive(self._going.part, partial(board.told, job), board.stopping.is_set)
            except Exception as error:
                self._put_down(board)
                self._going = None
                board.failed(job, error)
                continue
            self._put_down(board)
            if self._going is not None and self._going.part.finished:
                self._going = None
            board.over(job)

    @property
    def idle(self) -> bool:
        """Whether it holds no run that goes on."""
        return self._going is None

    def prepare(self, plan: Plan) -> None:
        """It computes everything."""

    def leave(self, board: Board) -> None:
        """Give what it holds back to those to be done, from their beginning."""
        if self._going is not None:
            board.todo.appendleft(self._going.job)
            self._going = None

    def _put_down(self, board: Board) -> None:
        if self._going is not None and self._going.keeper is not None:
            self._going.keeper.close()

    @staticmethod
    def _reopen(board: Board, going: _Going) -> None:
        """Write down again what was stopped, and what is measured from now on."""
        if board.disk is None:
            return
        left = [run for run in going.job.runs if not board.ended(run)]
        if going.job.alone is None:
            board.disk.begin(left, [board.recordings[run] for run in left])
            return
        (run,) = left
        going.keeper = board.disk.keeper(run, board.recordings[run])
        if going.keeper is not None:
            going.part.leave_copies(going.keeper)


def _begun(board: Board, job: Job) -> _Going:
    from ..engine.simulation import Simulation

    recordings = board.fresh(job)
    requests = [board.plan.requests[run] for run in job.runs]
    if job.alone is None:
        part = Together(requests, recordings)
        if board.disk is not None:
            board.disk.begin(job.runs, recordings)
        return _Going(job, part, None)
    driver = Driver(Simulation.of(requests[0]), recording=recordings[0], together=1, alone=job.alone)
    keeper = None if board.disk is None else board.disk.keeper(job.runs[0], recordings[0])
    return _Going(job, Alone(driver, keeper), keeper)


def _go_on(board: Board, job: Job) -> None:
    """A run from its checkpoint on disk, on a thread of its own."""
    (run,) = job.runs
    assert board.disk is not None
    going = resume(board.disk.path_of(run), board.plan.requests[run].problem)
    board.recordings[run] = going.recording
    remove = going.on_change(partial(board.told, job))
    try:
        going.start()
        while not going.wait(LOOK_SECONDS).ended:
            if board.stopping.is_set():
                going.stop()
    finally:
        remove()
    if going.status.state == "stopped":
        board.todo.appendleft(job)
    board.over(job)
