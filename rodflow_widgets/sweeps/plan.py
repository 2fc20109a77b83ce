"""What a sweep is asked for: every argument checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError
from ..recording import Recording
from ..session import leading
from ..session.driving import blank
from ..store import save
from .points import Axes, Point, grid

if TYPE_CHECKING:
    from torch import Tensor

    from ..engine import Problem
    from ..engine.optimizers.base import Optimizer
    from ..engine.request import Request


@dataclass(frozen=True)
class Sketch:
    """What is known of the runs of a sweep without the problem.

    spec: of the first run, as recordings have it. begins: the starting points [n, p] that `Point.start` numbers.
    """

    points: tuple[Point, ...]
    axes: Axes
    spec: Mapping[str, Any]
    begins: np.ndarray

    @property
    def steps(self) -> int:
        """Of every run."""
        return int(self.spec["steps"])

    def blank(self, run: int) -> Recording:
        """The recording of a run that has not begun."""
        point, spec = self.points[run], dict(self.spec)
        spec["optimizer"] = {**spec["optimizer"], "values": dict(point.values)}
        spec["seed"] = point.seed
        if point.start is not None and spec["problem"]["coordinates"]:
            spec["problem"] = {**spec["problem"], "start": self.begins[point.start].tolist()}
        return Recording(spec, saver=save)


@dataclass(frozen=True)
class Plan:
    """The runs of a sweep.

    options: steps, start, eigenvalues, every and snapshots, the same for all. starts: the points [p] that `Point.start`
    numbers.
    """

    problem: Problem
    optimizer: Optimizer
    processes: tuple[Any, ...]
    options: dict[str, Any]
    starts: tuple[Tensor, ...]
    points: tuple[Point, ...]
    axes: Axes
    requests: tuple[Request, ...]

    @staticmethod
    def of(
        problem: Any,
        optimizer: Any,
        processes: Any,
        options: dict[str, Any],
        lists: dict[str, Any],
        *,
        seeds: Any = 0,
        starts: Any = None,
        points: Any = None,
    ) -> Plan:
        """The arguments of `sweep`, checked."""
        from ..engine.optimizers.base import Optimizer
        from ..engine.problem import check_problem

        check_problem(problem)
        leading.refuse(problem)
        if not isinstance(optimizer, Optimizer):
            raise ArgumentError(
                f"optimizer={optimizer!r} is no optimizer: give, e.g., rf.optimizers.GradientDescent(0.1)."
            )
        begins = [] if starts is None else _vectors(starts)
        made, axes = grid(optimizer, lists, seeds, len(begins) if starts is not None else None, points)
        problems: dict[int | None, Problem] = {None: problem}
        problems |= {i: problem.starting_at(w) for i, w in enumerate(begins)}
        processes = processes if isinstance(processes, str) or not isinstance(processes, Sequence) else tuple(processes)
        requests = _requests(problems, optimizer, processes, options, made)
        kept = tuple(problems[i].w0 for i in range(len(begins)))
        return Plan(problem, optimizer, processes, dict(options), kept, made, axes, requests)

    def sketch(self) -> Sketch:
        """What can be said without the problem."""
        vectors = [vector.detach().cpu().double().numpy() for vector in self.starts]
        begins = np.stack(vectors) if vectors else np.zeros((0, self.problem.dim))
        return Sketch(self.points, self.axes, blank(self.requests[0]).spec, begins)


def _requests(
    problems: dict[int | None, Problem],
    optimizer: Optimizer,
    processes: Any,
    options: dict[str, Any],
    points: Sequence[Point],
) -> tuple[Request, ...]:
    """A request a run; what costs a gradient is looked at once for every starting point."""
    from ..engine.request import Request

    first: dict[int | None, Request] = {}
    made = []
    for point in points:
        rule = optimizer.replace(**point.values)
        if point.start not in first:
            first[point.start] = Request.of(problems[point.start], rule, processes, **options)
        for _, flow, _ in first[point.start].flows:
            flow.check(rule)
        made.append(replace(first[point.start], optimizer=rule, seed=point.seed))
    return tuple(made)


def _vectors(starts: Any) -> list[Any]:
    """Starting points as a list of vectors."""
    starts = [starts] if getattr(starts, "ndim", 2) == 1 else starts
    if not hasattr(starts, "__len__") or isinstance(starts, str):
        raise ArgumentError(f"starts={starts!r} is not usable: give vectors [p], or a tensor [runs, p].")
    if not len(starts):
        raise ArgumentError("starts are empty: give at least one.")
    return list(starts)
