"""An optimizer and its flows in lockstep: one optimizer step per unit of time, measured row by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..vocabulary import Column, Event, Status
from .catalogue import schedules
from .checks import whole
from .curvature.following import Watch
from .fate import Block
from .flows.base import Flow
from .forking import forked
from .lockstep import Lockstep
from .optimizers.base import Optimizer
from .origin import Origin
from .problem import Problem
from .rates import Rates, check_schedule
from .request import Request
from .schedule import Schedule
from .trail import Trail


class Simulation:
    """Processes in lockstep on one problem.

    Args:
        problem: what is trained.
        optimizer: with its hyperparameters; `set` changes them between two steps.
        processes: names ("discrete", "rod", "rod-paper", "rod-covariance", "central", "central-paper", "edge",
            "stable") or flow objects.
        steps: number of optimizer steps; rows are the times 0 … steps, with an origin origin.step … origin.step + steps.
        start: step at which the flows begin; None takes each flow's own (of gradient descent, 2, and 0 for stable
            flow), and with an origin its step, since the moments are warm there.
        eigenvalues: how many leading eigenvalues are recorded.
        every: measure every so many steps, from the first row on.
        snapshots: steps at which parameter vectors are kept.
        seed: of the random vectors that the eigenvalue trackers begin with.
        trail: bytes on the device for the parameter vectors of the last rows, of which surveys are made; 0 keeps none.
        schedule: of the learning rate, from the first step on; `follow` gives another one later.
        origin: a state of the optimizer to begin from, instead of the problem's starting point at step 0; start and
            snapshots are counted as its step is.

    Raises:
        ArgumentError, UnknownNameError, ProblemError: before anything runs.
    """

    def __init__(
        self,
        problem: Problem,
        optimizer: Optimizer,
        processes: Sequence[str | Flow] = ("discrete", "rod", "stable"),
        *,
        steps: int = 1000,
        start: int | None = None,
        eigenvalues: int = 1,
        every: int = 1,
        snapshots: Iterable[int] = (),
        seed: int = 0,
        trail: int = 0,
        schedule: Rates | None = None,
        origin: Origin | None = None,
    ) -> None:
        self._begin(
            Request.of(
                problem,
                optimizer,
                processes,
                steps=steps,
                start=start,
                eigenvalues=eigenvalues,
                every=every,
                snapshots=snapshots,
                seed=seed,
                trail=trail,
                schedule=schedule,
                origin=origin,
            )
        )

    @classmethod
    def of(cls, request: Request) -> Simulation:
        """The simulation of arguments that have been checked before."""
        simulation = cls.__new__(cls)
        simulation._begin(request)
        return simulation

    def _begin(self, request: Request) -> None:
        self.problem = request.problem
        self.nbytes = 0
        self._request = request
        self._schedule = Schedule(request.optimizer)
        if request.schedule is not None:
            self._schedule.follow(request.first, request.schedule)
        watch = Watch(request.eigenvalues, request.seed, request.every)
        self._lockstep = Lockstep(request, request.problem, self._schedule, watch)

    @property
    def first(self) -> int:
        """The first row: 0, or the step of the origin."""
        return self._lockstep.first

    @property
    def steps(self) -> int:
        """The last row."""
        return self._lockstep.steps

    @property
    def row(self) -> int:
        """The next row to be measured."""
        return self._lockstep.row

    @property
    def finished(self) -> bool:
        return self._lockstep.finished

    @property
    def pending(self) -> int:
        """Rows measured and not yet drained."""
        return self._lockstep.pending

    @property
    def optimizer(self) -> Optimizer:
        """With the hyperparameters of the first step that has not been computed."""
        return self._schedule.at(self._lockstep.next_step)

    @property
    def events(self) -> tuple[Event, ...]:
        """Every change so far, in order."""
        return self._schedule.events

    @property
    def trail(self) -> Trail | None:
        """The parameter vectors of the last rows, if they are kept."""
        return self._lockstep.trail

    def optimizer_at(self, step: float) -> Optimizer:
        """The optimizer that makes the step from `step` on."""
        return self._schedule.at(step)

    @property
    def edge_factor(self) -> float:
        """Edge threshold × learning rate at the step of the newest row, with the hyperparameters as they are now.

        No optimizer's factor depends on its learning rate: the threshold at another one is the factor over that.
        """
        return self.optimizer.edge_threshold(max(self.row, 1)) * self.optimizer.learning_rate

    @property
    def columns(self) -> dict[str, tuple[Column, ...]]:
        return {lane.name: lane.columns for lane in self._lockstep.shown}

    @property
    def statuses(self) -> dict[str, Status]:
        return {lane.name: lane.fates[0].status for lane in self._lockstep.shown}

    def extend(self, steps: int) -> None:
        """Add so many steps to the run."""
        self._lockstep.extend(whole("steps", steps, 1))

    def set(self, **changes: Any) -> list[Event]:
        """Change hyperparameters from the first step that has not been computed; ArgumentError leaves all as it was.

        A learning rate ends the schedule that it followed.
        """
        return self._schedule.set(self._lockstep.next_step, changes)

    def follow(self, schedule: Rates) -> list[Event]:
        """Let the learning rate follow a schedule, of `rf.schedules`, from the first step that has not been computed."""
        return self._schedule.follow(self._lockstep.next_step, check_schedule(schedule))

    def undo(self) -> list[Event]:
        """Undo the last change that has not been undone, from the first step that has not been computed.

        A schedule that the change had ended goes on as if it had not. RunError where there is nothing to undo.
        """
        return self._schedule.undo(self._lockstep.next_step)

    def fork(self) -> Simulation:
        """An independent copy of everything but the problem; both go on bit for bit alike if nothing is changed.

        Its `nbytes` are what it held when it was made.

        Raises:
            RunError: a flow of one's own holds what cannot be copied.
        """
        other, nbytes = forked(self, (self.problem, self._request))
        other.nbytes = nbytes
        return other

    def advance(self) -> None:
        """Move every process to the next row and measure it where it is due; nothing is brought to the host."""
        self._lockstep.advance()

    def drain(self) -> list[Block]:
        """Bring all pending rows to the host in one copy, find out who diverged, and return the rows."""
        return self._lockstep.drain()[0]

    @property
    def cites(self) -> list[str]:
        """Keys of the sources of what it uses, in `sources.bib`."""
        return self._request.cites

    def describe(self) -> dict[str, Any]:
        """Problem, optimizer, processes and columns as JSON-able data: what a page needs to label a picture."""
        return {
            **self._request.describe(self._lockstep.shown),
            "optimizer": self._schedule.latest.describe(),
            "steps": self.steps,
            "schedules": schedules(),
        }
