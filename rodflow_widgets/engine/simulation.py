"""An optimizer and its flows in lockstep: one optimizer step per unit of time, measured row by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, ProblemError, unknown
from ..vocabulary import Column, Event, Status
from .checks import whole
from .curvature.following import Watch
from .curvature.tracker import EigenTracker
from .flows.base import Flow
from .host import fetch
from .lane import Block, Lane
from .optimizers.base import Optimizer
from .probes import Context
from .problem import Problem, check_problem
from .process import Discrete, NotFinite, Start
from .registry import FLOWS, lookup
from .schedule import Schedule


class Simulation:
    """Processes in lockstep on one problem.

    Args:
        problem: what is trained.
        optimizer: with its hyperparameters; `set` changes them between two steps.
        processes: names ("discrete", "rod", "rod-paper", "rod-covariance", "central", "edge", "stable") or flow
            objects.
        steps: number of optimizer steps; rows are the times 0 … steps.
        start: step at which the flows begin; None takes each flow's own (of gradient descent, 2, and 0 for stable
            flow).
        eigenvalues: how many leading eigenvalues are recorded.
        every: measure every so many steps.
        snapshots: steps at which parameter vectors are kept.
        seed: of the random vectors that the eigenvalue trackers begin with.

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
    ) -> None:
        check_problem(problem)
        if not isinstance(optimizer, Optimizer):
            raise ArgumentError(
                f"optimizer={optimizer!r} is no optimizer: give, e.g., rf.optimizers.GradientDescent(0.1)."
            )
        self.problem = problem
        self.steps = whole("steps", steps, 1)
        self.every = whole("every", every, 1)
        self.eigenvalues = min(whole("eigenvalues", eigenvalues, 1), problem.dim)
        self.seed = whole("seed", seed, 0, upper=2**32 - 1)
        if not isinstance(snapshots, Iterable):
            raise ArgumentError(f"snapshots={snapshots!r} is not usable: give the steps, e.g. (0, 100).")
        self.snapshots = frozenset(whole("snapshots", s, 0) for s in snapshots)
        if start is not None and whole("start", start, 0) >= self.steps:
            raise ArgumentError(f"start={start} lies beyond the last step: give a step below steps={self.steps}.")
        if max(self.snapshots, default=0) > self.steps:
            raise ArgumentError(f"snapshots={max(self.snapshots)} lies beyond the last step {self.steps}.")
        self._schedule = Schedule(optimizer)
        self._lanes = [
            Lane("discrete", None, 0, self.eigenvalues, optimizer),
            *self._flow_lanes(processes, optimizer, start),
        ]
        self._check_moves()
        self._watch = Watch(self.eigenvalues, self.seed, self.every)
        self._discrete = Discrete(problem, self._schedule, self._watch)
        self._recorded_discrete = "discrete" in processes
        self._row = -1
        self._pending = 0
        self._lanes[0].process = self._discrete

    def _flow_lanes(self, processes: Sequence[str | Flow], optimizer: Optimizer, start: int | None) -> list[Lane]:
        if isinstance(processes, str) or not isinstance(processes, Sequence) or not processes:
            raise ArgumentError(f"processes={processes!r} is not usable: give a tuple of names or flows.")
        lanes: dict[str, Lane] = {}
        for item in processes:
            if item == "discrete":
                continue
            if isinstance(item, str):
                if item not in FLOWS:
                    raise unknown("process", item, ["discrete", *FLOWS])
                name, flow = item, lookup(FLOWS, "process", item)()
            elif isinstance(item, Flow):
                name, flow = item.name or item.default_name, item
            else:
                raise ArgumentError(f"processes holds {item!r}: give a name or a flow such as rf.flows.Rod().")
            if name in lanes or name == "discrete":
                raise ArgumentError(f"processes name {name!r} twice: give one of them name=….")
            flow.check(optimizer)
            begin = flow.default_start(optimizer) if start is None else start
            lanes[name] = Lane(name, flow, begin, self.eigenvalues, optimizer)
        late = [lane.name for lane in lanes.values() if lane.start > self.steps]
        if late:
            raise ArgumentError(f"steps={self.steps} end before {late[0]!r} begins: run more steps, or give start=0.")
        return list(lanes.values())

    def _check_moves(self) -> None:
        _, gradient = self.problem.value_and_grad(self.problem.w0)
        if not bool((gradient != 0).any()):
            raise ProblemError(
                "the gradient at the start is exactly zero, so nothing would move: start elsewhere, or use a loss "
                "whose gradient reaches the parameters (rounding and thresholds have none)."
            )

    @property
    def row(self) -> int:
        """The next row to be measured."""
        return self._row + 1

    @property
    def finished(self) -> bool:
        return self.row > self.steps or not any(lane.moving for lane in self._lanes)

    @property
    def pending(self) -> int:
        """Rows measured and not yet drained."""
        return self._pending

    @property
    def optimizer(self) -> Optimizer:
        return self._schedule.latest

    @property
    def edge_factor(self) -> float:
        """Edge threshold × learning rate at the step of the newest row, with the hyperparameters as they are now.

        No optimizer's factor depends on its learning rate: the threshold at another one is the factor over that.
        """
        return self.optimizer.edge_threshold(max(self._row, 0) + 1) * self.optimizer.learning_rate

    @property
    def columns(self) -> dict[str, tuple[Column, ...]]:
        return {lane.name: lane.columns for lane in self._shown}

    @property
    def statuses(self) -> dict[str, Status]:
        return {lane.name: lane.status for lane in self._shown}

    @property
    def _shown(self) -> list[Lane]:
        return self._lanes if self._recorded_discrete else self._lanes[1:]

    def extend(self, steps: int) -> None:
        """Add so many steps to the run."""
        self.steps += whole("steps", steps, 1)
        for lane in self._lanes:
            if lane.status.state == "finished":
                lane.status = Status("running", self._row, "It is running.")

    def set(self, **changes: Any) -> list[Event]:
        """Change hyperparameters from the first step that has not been computed; ArgumentError leaves all as it was."""
        new = self.optimizer.replace(**changes)
        old, step = self.optimizer.values, self._discrete.next_step
        events = [Event(step, name, old[name], value) for name, value in new.values.items() if old[name] != value]
        if events:
            self._schedule.change(step, new)
        return events

    def advance(self) -> None:
        """Move every process to the next row and measure it where it is due; nothing is brought to the host."""
        if self.finished:
            return
        self._row += 1
        if self._row > 0:
            self._discrete.advance()
            for lane in self._lanes[1:]:
                if lane.process is not None and lane.moving:
                    self._guarded(lane, lane.process.advance)
        for lane in self._lanes[1:]:
            if lane.process is None and lane.start == self._row:
                self._begin(lane)
        if self._row % self.every == 0 or self._row == self.steps:
            self._measure()
        if self._row in self.snapshots:
            self._keep()

    def _begin(self, lane: Lane) -> None:
        assert lane.flow is not None
        start = Start(self.problem, self._schedule, self._row, self._discrete.window, self._watch)

        def begin() -> None:
            assert lane.flow is not None
            lane.process = lane.flow.begin(start)

        self._guarded(lane, begin)

    def _guarded(self, lane: Lane, action: Any) -> Any:
        """Run one process's action; numbers that are not finite end that process alone."""
        try:
            result = action()
        except NotFinite:
            lane.lose(self._row, "a value was no longer finite")
            return None
        if lane.process is not None and lane.process.status.ended:
            lane.status = lane.process.status
        return result

    def _measure(self) -> None:
        iterates = self._discrete
        context = Context(self._schedule.at(self._row), iterates.midpoint, iterates.origin, iterates.mean_second_moment)
        for lane in self._lanes:
            if lane.process is not None and lane.moving:
                seen = self._guarded(lane, lane.process.observe)
                if seen is not None:
                    lane.record(self._row, seen, context)
        self._pending += 1

    def _keep(self) -> None:
        for lane in self._lanes:
            if lane.process is not None and lane.moving:
                seen = self._guarded(lane, lane.process.observe)
                if seen is not None:
                    lane.keep(self._row, seen.position)

    def drain(self) -> list[Block]:
        """Bring all pending rows to the host in one copy, find out who diverged, and return the rows."""
        arrays = iter(fetch([tensor for lane in self._lanes for tensor in lane.waiting()]))
        blocks = {lane.name: lane.block(arrays) for lane in self._lanes}
        self._pending = 0
        self._forget_distances(blocks)
        if self.row > self.steps:
            for lane in self._lanes:
                if lane.moving:
                    lane.status = Status("finished", self.steps, f"It finished all {self.steps} steps.")
        return [blocks[lane.name] for lane in self._shown]

    def _forget_distances(self, blocks: dict[str, Block]) -> None:
        """Distances to iterates that have diverged are not numbers, whenever that was found out."""
        status = self._lanes[0].status
        if status.state != "diverged":
            return
        for block in blocks.values():
            late = block.columns["time"] >= status.step
            for name in ("distance", "relative_distance"):
                if name in block.columns:
                    block.columns[name] = np.where(late, np.nan, block.columns[name])

    @property
    def cites(self) -> list[str]:
        """Keys of the sources of what it uses, in `sources.bib`."""
        flows = [lane.flow.sources(self.optimizer) for lane in self._shown if lane.flow is not None]
        used = [self.problem.cites, self.optimizer.cites, *flows, EigenTracker.cites]
        return list(dict.fromkeys(key for keys in used for key in keys))

    def describe(self) -> dict[str, Any]:
        """Problem, optimizer, processes and columns as JSON-able data: what a page needs to label a picture."""
        problem = self.problem
        return {
            "problem": {
                "name": problem.name,
                "dim": problem.dim,
                "device": str(problem.device),
                "dtype": str(problem.dtype).removeprefix("torch."),
                "loss": problem.loss_name,
            },
            "optimizer": self.optimizer.describe(),
            "steps": self.steps,
            "every": self.every,
            "eigenvalues": self.eigenvalues,
            "seed": self.seed,
            "cites": self.cites,
            "processes": [lane.describe() for lane in self._shown],
        }
