"""The runs of a sweep in this process, one job after the other."""

from __future__ import annotations

from ..session.driving import Alone, Part, Together, drive
from ..session.recorder import Driver
from .board import Board
from .jobs import Job


class Here:
    """Computes in the calling thread; a job that was stopped goes on where it was."""

    def __init__(self) -> None:
        self._going: tuple[Job, Part] | None = None

    def work(self, board: Board) -> None:
        """Do what is to be done, until `board.stopping` is set."""
        while not board.stopping.is_set():
            if self._going is None:
                if not board.todo:
                    return
                job = board.todo.popleft()
                try:
                    self._going = job, _begin(board, job)
                except Exception as error:
                    board.failed(job, error)
                    continue
            job, part = self._going
            try:
                drive(part, lambda step: board.changed(), board.stopping.is_set)
            except Exception as error:
                self._going = None
                board.failed(job, error)
                continue
            if part.finished:
                self._going = None
            board.changed()


def _begin(board: Board, job: Job) -> Part:
    from ..engine.simulation import Simulation

    recordings = board.fresh(job)
    requests = [board.plan.requests[run] for run in job.runs]
    if job.alone is None:
        return Together(requests, recordings)
    simulation = Simulation.of(requests[0])
    return Alone(Driver(simulation, recording=recordings[0], together=1, alone=job.alone))
