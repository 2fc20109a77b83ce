"""The loss on a grid: in a plane, or over the one or two parameters of a small problem."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ...errors import ArgumentError
from ..checks import whole
from ..host import fetch
from ..problem import Problem
from ..registry import SURVEYS, register
from .base import Survey, Topic
from .plane import Plane

if TYPE_CHECKING:
    from ..simulation import Simulation

SIZE, LARGEST = 49, 201
COARSE, PARTS = 6, 10
MARGIN = 0.2

Range = tuple[float, float]


@register(SURVEYS, "landscape")
class LandscapeTopic(Topic):
    """The loss on a grid, coarse first, then finer and finer.

    Args:
        problem: of the run.
        plane: the survey of a plane, or the identity under which it was asked for; None for problems of one or two parameters, whose
            coordinates it then is.
        x, y: from and to, in the coordinates of the plane; None is the extent of what is there and a fifth beyond. With
            one parameter there is no y.
        size: points along each axis, 2 to 201.

    Its survey has facts x_from, x_to, y_from, y_to, evaluations; words x and y; and the array loss [ny, nx], or [nx] with
    one parameter: NaN where it was not computed yet or is not finite.
    """

    def __init__(self, problem: Problem, plane: Any = None, x: Any = None, y: Any = None, size: int = SIZE) -> None:
        self._problem = problem
        self._size = whole("size", size, 2, LARGEST)
        self._ranges = [None if given is None else _range(name, given) for name, given in (("x", x), ("y", y))]
        if problem.dim == 1 and y is not None:
            raise ArgumentError(f"y={y!r} is not usable: the problem has one parameter, give x alone.")
        if plane is None and problem.dim > 2:
            raise ArgumentError(
                f"plane=None is for problems of one or two parameters, this one has {problem.dim:,}: survey a 'plane' "
                "first and give it."
            )
        self._plane = plane.kept if isinstance(plane, Survey) else plane
        if isinstance(plane, Survey) and not isinstance(self._plane, Plane):
            raise ArgumentError(f"plane is a survey of topic {plane.topic!r}: give one of topic 'plane'.")
        if isinstance(self._plane, Plane):
            self._check(self._plane)

    def _check(self, plane: Plane) -> None:
        if plane.origin.numel() != self._problem.dim:
            raise ArgumentError(
                f"plane lies in {plane.origin.numel():,} dimensions, this problem has {self._problem.dim:,}: survey a "
                "plane of this run."
            )

    def work(self, run: Simulation, kept: Mapping[Any, Any]) -> Iterator[Survey | None]:
        plane = self._found(run, kept)
        ranges = [given or _beyond(*seen) for given, seen in zip(self._ranges, plane.extent, strict=False)]
        lines = [np.linspace(*ends, self._size) for ends in ranges]
        shape = (self._size,) * len(lines)
        loss, waiting, places = np.full(shape, np.nan), list[Tensor](), list[tuple[int, ...]]()
        total, done = math.prod(shape), 0
        facts = {
            f"{axis}_{end}": at
            for axis, ends in zip("xy", ranges, strict=False)
            for end, at in zip(("from", "to"), ends, strict=True)
        }
        words = dict(zip("xy", plane.labels, strict=False))
        for level in _levels(self._size, len(shape)):
            for place in level:
                point = [float(line[i]) for line, i in zip(lines, reversed(place), strict=True)]
                waiting.append(self._problem.loss(plane.at(*point)))
                places.append(place)
                done += 1
                if place != level[-1] and len(places) < total / PARTS:
                    yield None
                    continue
                (values,) = fetch([torch.stack(waiting)])
                loss[tuple(np.array(places).T)] = np.where(np.isfinite(values), values, np.nan)
                waiting, places = [], []
                yield Survey(
                    "landscape", plane.step, done / total, facts | {"evaluations": done}, words, {"loss": loss.copy()}
                )

    def _found(self, run: Simulation, kept: Mapping[Any, Any]) -> Plane:
        """The plane that was asked for, or that of the coordinates."""
        if self._plane is None:
            return _coordinates(self._problem, run)
        if isinstance(self._plane, Plane):
            return self._plane
        plane = kept.get(self._plane) if isinstance(self._plane, str | int) else None
        if not isinstance(plane, Plane):
            known = ", ".join(repr(key) for key, value in kept.items() if isinstance(value, Plane))
            have = f"those of {known} are" if known else "none is"
            raise ArgumentError(f"plane={self._plane!r} is not kept, {have}: survey a plane again.")
        self._check(plane)
        return plane


def _coordinates(problem: Problem, run: Simulation) -> Plane:
    """The parameters themselves as a plane (or a line), as large as what is kept of the run, or about its start."""
    names, w0 = problem.coordinates, problem.w0
    origin, axes = torch.zeros_like(w0), torch.eye(len(names), dtype=w0.dtype, device=w0.device)
    seen, step = [fetch([w0])[0][None]], 0
    if run.trail is not None and len(run.trail.steps):
        step = int(run.trail.steps[-1])
        for name in run.columns:
            there = run.trail.present(name, run.trail.steps)
            if len(there):
                seen.append(fetch([run.trail.positions(name, there)])[0])
    points = np.concatenate(seen)
    extent = np.stack([points.min(0), points.max(0)], 1)
    return Plane(origin, axes, step, names, extent)


def _levels(size: int, dimensions: int) -> Iterator[list[tuple[int, ...]]]:
    """The places of a grid in levels, each with half the distance of the one before, from at most 7 points a side on."""
    stride, before = 2 ** max(0, math.floor(math.log2(max(1, (size - 1) / COARSE)))), None
    while stride:
        places = np.stack(np.meshgrid(*[np.arange(0, size, stride)] * dimensions, indexing="ij"), -1)
        flat = places.reshape(-1, dimensions)
        if before is not None:
            flat = flat[(flat % before != 0).any(1)]
        yield [tuple(place) for place in flat.tolist()]
        stride, before = stride // 2, stride


def _range(name: str, value: Any) -> Range:
    numbers = list(value) if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) else []
    usable = len(numbers) == 2 and all(isinstance(n, Real) and not isinstance(n, bool) for n in numbers)
    if not usable or not all(math.isfinite(n) for n in numbers) or not numbers[0] < numbers[1]:
        raise ArgumentError(f"{name}={value!r} is not usable: give from and to, two finite numbers, the smaller first.")
    return float(numbers[0]), float(numbers[1])


def _beyond(low: float, high: float) -> Range:
    """A range and a fifth of it beyond on both sides; about a single point, as far as it is from 0, or 1."""
    more = MARGIN * (high - low) or abs(low) or 1.0
    return float(low - more), float(high + more)
