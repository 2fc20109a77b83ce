"""Several runs of one problem that differ in learning rate, starting point or seed, computed as one batch."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from ..vocabulary import Status
from .curvature.following import Watch
from .fate import Block
from .lockstep import Lockstep
from .request import Request
from .schedule import Schedule
from .together import Together, alone


class Ensemble:
    """Runs together: every step, product and small matrix is one batch of all of them.

    Each keeps its own cadences, statuses and costs; what it records is what it would record alone, to rounding, but for
    flows whose steps are chosen for all runs at once (stable flow takes the shortest; the rod keeps as many vectors as
    the run that needs most).

    Args:
        requests: that `groups` has put together.
    """

    def __init__(self, requests: Sequence[Request]) -> None:
        first = requests[0]
        rates = [request.optimizer.learning_rate for request in requests]
        starts = torch.stack([request.problem.w0 for request in requests])
        speeds = starts.new_tensor(rates)[:, None] / rates[0]
        problem = Together(first.problem, starts)
        watch = Watch(first.eigenvalues, tuple(request.seed for request in requests), first.every)
        self._lockstep = Lockstep(first, problem, Schedule(first.optimizer.at_speeds(speeds)), watch, len(requests))
        self._drained: list[list[Block]] = [[] for _ in requests]
        self.members = [Member(self, i, request) for i, request in enumerate(requests)]

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

    def advance(self) -> None:
        """Move every process of every run to the next row; nothing is brought to the host."""
        self._lockstep.advance()

    def drain(self, run: int) -> list[Block]:
        """The rows of one run; those of the others, which come to the host in the same copy, wait here."""
        if not self._drained[run]:
            for waiting, blocks in zip(self._drained, self._lockstep.drain(), strict=True):
                waiting.extend(blocks)
        blocks, self._drained[run] = self._drained[run], []
        return blocks


class Member:
    """One run of an ensemble, with what a recorder asks of a simulation."""

    def __init__(self, ensemble: Ensemble, run: int, request: Request) -> None:
        self._ensemble = ensemble
        self._run = run
        self._request = request

    @property
    def row(self) -> int:
        return self._ensemble.row

    @property
    def statuses(self) -> dict[str, Status]:
        return {lane.name: lane.fates[self._run].status for lane in self._ensemble._lockstep.shown}

    def drain(self) -> list[Block]:
        return self._ensemble.drain(self._run)

    def describe(self) -> dict[str, Any]:
        return self._request.describe(self._ensemble._lockstep.shown)


@dataclass(frozen=True)
class Group:
    """Numbers of runs that are computed together, or why they are computed one after the other."""

    runs: tuple[int, ...]
    alone: str | None = None


def groups(requests: Sequence[Request], at_once: int) -> list[Group]:
    """Which of the runs asked for can be computed together, at most `at_once` of them."""
    shelves: dict[Hashable, list[list[int]]] = {}
    alike: list[list[int]] = []
    for i, request in enumerate(requests):
        shelf = shelves.setdefault(_shelf(request), [])
        for runs in shelf:
            if _alike(requests[runs[0]], request):
                runs.append(i)
                break
        else:
            shelf.append([i])
            alike.append(shelf[-1])
    made = []
    for runs in alike:
        why = _why_alone([requests[i] for i in runs], at_once)
        if why is not None:
            made.append(Group(tuple(runs), why))
            continue
        made += [Group(tuple(runs[i : i + at_once])) for i in range(0, len(runs), at_once)]
    return made


def _shelf(request: Request) -> Hashable:
    """The same for all runs that are alike, and found without comparing them."""
    values = request.optimizer.values
    return type(request.optimizer), tuple(value for name, value in values.items() if name != "learning_rate")


def _alike(one: Request, other: Request) -> bool:
    """Whether two runs differ in nothing but learning rate, starting point and seed."""
    return one.problem.same_loss(other.problem) and one == replace(
        other,
        problem=one.problem,
        optimizer=other.optimizer.replace(learning_rate=one.optimizer.learning_rate),
        seed=one.seed,
    )


def _why_alone(requests: Sequence[Request], at_once: int) -> str | None:
    """Why runs that are alike are computed one after the other, in words; None where they can be together."""
    first = requests[0]
    if at_once == 1:
        return "at_once=1"
    if len(requests) == 1:
        return "no other run differs from it in learning rate, starting point or seed alone"
    for name, flow, _ in first.flows:
        if not flow.batches:
            return f"{name!r} is computed run by run"
    if not first.optimizer.linear:
        return f"{first.optimizer.label} is a rule of one's own, which is differentiated run by run"
    return alone(first.problem, [request.problem.w0 for request in requests])
