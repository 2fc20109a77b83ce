"""Processes of one run, or of several together, moved step by step and measured row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..vocabulary import Status
from .curvature.following import Watch
from .fate import Block, Fate
from .host import fetch
from .lane import Lane
from .probes import Context
from .problem import Problem
from .process import Discrete, NotFinite, Start
from .request import Request
from .schedule import Schedule
from .trail import Trail


class Lockstep:
    """The iterates and their flows, one optimizer step per `advance`, from step `first` to step `steps`.

    Args:
        request: what is asked for; of several runs, of any of them.
        problem: what the processes compute with.
        schedule: its optimizer at every step.
        watch: how eigenvalues are followed.
        runs: how many are computed together; None is one.
    """

    def __init__(
        self, request: Request, problem: Problem, schedule: Schedule, watch: Watch, runs: int | None = None
    ) -> None:
        self.first = request.first
        self.steps = request.last
        self.every = request.every
        self.snapshots = request.snapshots
        self.pending = 0
        self.lanes = request.lanes(runs)
        self.shown = self.lanes if request.shown else self.lanes[1:]
        self._problem = problem
        self._schedule = schedule
        self._watch = watch
        self._row = self.first - 1
        self._discrete = Discrete(problem, schedule, watch, request.origin)
        self.lanes[0].process = self._discrete
        rods = {lane.name: lane.flow.process.has_rod for lane in self.lanes if lane.flow is not None}
        self.trail = Trail(request.trail, request.every, rods) if request.trail else None

    @property
    def row(self) -> int:
        """The next row to be measured."""
        return self._row + 1

    @property
    def finished(self) -> bool:
        return self.row > self.steps or not any(lane.moving for lane in self.lanes)

    @property
    def next_step(self) -> int:
        """The first optimizer step that has not been computed."""
        return self._discrete.next_step

    def extend(self, steps: int) -> None:
        """Add so many steps."""
        self.steps += steps
        for lane in self.lanes:
            for fate in lane.fates:
                fate.resume(self._row)

    def advance(self) -> None:
        """Move every process to the next row and measure it where it is due; nothing is brought to the host.

        A row in which something is raised does not count: `row` stays at it, and what was begun of it cannot go on.
        """
        if self.finished:
            return
        self._row += 1
        try:
            self._move()
        except BaseException:
            for lane in self.lanes:
                lane.forget(self._row)
            self._row -= 1  # it was not made
            raise

    def _move(self) -> None:
        if self._row > self.first:
            self._discrete.advance()
            for lane in self.lanes[1:]:
                if lane.process is not None and lane.moving:
                    self._guarded(lane, lane.process.advance)
        for lane in self.lanes[1:]:
            if lane.process is None and lane.start == self._row:
                self._begin(lane)
        if (self._row - self.first) % self.every == 0 or self._row == self.steps:
            self._measure()
        if self._row in self.snapshots:
            self._keep()

    def _begin(self, lane: Lane) -> None:
        start = Start(self._problem, self._schedule, self._row, self._discrete.window, self._watch)

        def begin() -> None:
            assert lane.flow is not None
            lane.process = lane.flow.begin(start)

        self._guarded(lane, begin)

    def _guarded(self, lane: Lane, action: Callable[[], Any]) -> Any:
        """Run one process's action; numbers that are not finite end that process alone."""
        try:
            result = action()
        except NotFinite:
            for fate in lane.fates:
                fate.lose(self._row, "a value was no longer finite")
            return None
        if lane.process is not None:
            self._heed(lane.fates, lane.process.status, lane.process.ends)
        return result

    @staticmethod
    def _heed(fates: list[Fate], status: Status, ends: dict[int, Status]) -> None:
        """Take over that a process has ended by itself, or some of its runs have."""
        for run, end in ends.items():
            if fates[run].moving:
                fates[run].status = end
        if status.ended:
            for fate in fates:
                if fate.moving:
                    fate.status = status

    def _measure(self) -> None:
        iterates = self._discrete
        context = Context(self._schedule.at(self._row), iterates.midpoint, iterates.origin, iterates.mean_second_moment)
        observed = {}
        for lane in self.lanes:
            if lane.process is not None and lane.moving:
                seen = self._guarded(lane, lane.process.observe)
                if seen is not None:
                    lane.record(self._row, seen, context)
                    observed[lane.name] = seen
        if self.trail is not None and "discrete" in observed:
            self.trail.record(self._row, observed, [state.w for state in iterates.window])
        self.pending += 1

    def _keep(self) -> None:
        for lane in self.lanes:
            if lane.process is not None and lane.moving:
                seen = self._guarded(lane, lane.process.observe)
                if seen is not None:
                    lane.keep(self._row, seen.position)

    def drain(self) -> list[list[Block]]:
        """Bring all pending rows to the host in one copy, find out who diverged, and return the rows: [runs][shown]."""
        arrays = iter(fetch([tensor for lane in self.lanes for tensor in lane.waiting()]))
        blocks = [lane.blocks(arrays) for lane in self.lanes]
        self.pending = 0
        for fate, *of_run in zip(self.lanes[0].fates, *blocks, strict=True):
            if fate.status.state == "diverged":
                for block in of_run:
                    _forget_distances(block, fate.status.step)
        if self.row > self.steps:
            for lane in self.lanes:
                for fate in lane.fates:
                    fate.finish(self.steps, self.steps - self.first)
        first = len(self.lanes) - len(self.shown)
        return [list(of_run) for of_run in zip(*blocks[first:], strict=True)]


def _forget_distances(block: Block, step: int) -> None:
    """Distances to iterates that have diverged are not numbers, whenever that was found out."""
    late = block.columns["time"] >= step
    for name in ("distance", "relative_distance"):
        if name in block.columns:
            block.columns[name] = np.where(late, np.nan, block.columns[name])
