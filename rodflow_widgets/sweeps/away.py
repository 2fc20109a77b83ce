"""A sweep on an executor: jobs go out, and their runs come back whole."""

from __future__ import annotations

import contextlib
import queue
from collections import Counter
from typing import Any, Protocol

from .board import Board
from .carried import Outcome, Parcel
from .here import Here
from .jobs import Job
from .plan import Plan

BEAT = 0.2
TRIES = 3
"""How often a job may be under way when its process ends, before its runs are tried one by one."""


class Broken(Exception):
    """Processes have ended under their jobs, which can be sent again."""


class Gone(Exception):
    """There is nobody any more who computes, as a sentence."""


class Lender(Protocol):
    """Who lends processes; `here` says whether they are of this machine."""

    here: bool

    @property
    def hands(self) -> int:
        """How many jobs are computed at the same time."""
        ...

    def open(self, parcel: Parcel) -> None:
        """Have them ready."""
        ...

    def submit(self, parcel: Parcel, job: Job) -> Any:
        """A future of the outcome of a job."""
        ...

    def outcome(self, future: Any) -> Outcome:
        """Of a future that is done, which is given up.

        Raises:
            Broken, Gone: nobody computed it.
            Exception: what was raised where it was computed.
        """
        ...

    def check(self) -> None:
        """Raise Gone where nobody computes any more."""
        ...

    def stop(self) -> None:
        """Let jobs that are under way end early, where that is possible."""
        ...

    def close(self) -> None: ...


class Away:
    """Has jobs computed by somebody else; the recordings of a job are there when all of it is."""

    def __init__(self, lender: Lender) -> None:
        self._lender = lender
        self._parcel: tuple[Plan, Parcel] | None = None

    @property
    def hands(self) -> int:
        """How many jobs are computed at the same time."""
        return self._lender.hands

    @property
    def in_memory(self) -> int:
        """How many of them are in the memory of this machine, as far as is known."""
        return self._lender.hands if self._lender.here else 1

    @property
    def idle(self) -> bool:
        return True

    def prepare(self, plan: Plan) -> None:
        """Pack it, or raise ArgumentError where that cannot be."""
        if self._parcel is None or self._parcel[0] is not plan:
            self._parcel = plan, Parcel.of(plan)

    def leave(self, board: Board) -> None:
        """It holds nothing."""

    def work(self, board: Board) -> None:
        """Do what is to be done, until `board.stopping` is set."""
        alike = [job for job in board.todo if job.on_disk]
        if alike:  # they go on from files that others may not see
            rest = [job for job in board.todo if not job.on_disk]
            board.todo.clear()
            board.todo.extend(alike)
            Here().work(board)
            board.todo.extend(rest)
        if not board.todo or board.stopping.is_set():
            return
        self.prepare(board.plan)
        assert self._parcel is not None
        lender, parcel = self._lender, self._parcel[1]
        try:
            lender.open(parcel)
            _Round(board, lender, parcel).work()
        except Gone as gone:
            board.trouble = str(gone)
        finally:
            lender.close()


class _Round:
    def __init__(self, board: Board, lender: Lender, parcel: Parcel) -> None:
        self._board, self._lender, self._parcel = board, lender, parcel
        self._going: dict[int, tuple[Any, Job]] = {}
        self._done: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._sent = 0
        self._tries: Counter[Job] = Counter()

    def work(self) -> None:
        board, told = self._board, False
        try:
            while self._going or (board.todo and not board.stopping.is_set()):
                if board.stopping.is_set() and not told:
                    told = True
                    self._lender.stop()
                while board.todo and len(self._going) < self._lender.hands and not board.stopping.is_set():
                    self._send(board.todo.popleft())
                try:
                    number = self._done.get(timeout=BEAT)
                except queue.Empty:
                    self._lender.check()
                    continue
                self._take(*self._going.pop(number))
        finally:
            for future, job in reversed(self._going.values()):
                with contextlib.suppress(Exception):  # of a cluster that is gone
                    future.cancel()
                self._back(job)

    def _send(self, job: Job) -> None:
        self._board.begun(job)
        number, self._sent = self._sent, self._sent + 1
        try:
            future = self._lender.submit(self._parcel, job)
        except BaseException:
            self._back(job)
            raise
        self._going[number] = future, job
        future.add_done_callback(lambda done: self._done.put(number))

    def _take(self, future: Any, job: Job) -> None:
        board = self._board
        try:
            outcome = self._lender.outcome(future)
        except Gone:
            self._back(job)
            raise
        except Broken as error:
            self._tries[job] += 1
            if self._tries[job] < TRIES:
                self._back(job)
            else:
                board.failed(job, error)
        except Exception as error:
            board.failed(job, error)
        else:
            board.arrived(job, outcome.recordings, outcome.errors)

    def _back(self, job: Job) -> None:
        self._board.put_back(job)
