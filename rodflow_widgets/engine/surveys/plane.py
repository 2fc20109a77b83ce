"""A plane through the run: where iterates, centres and rods are in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from ...errors import ArgumentError
from ..checks import whole
from ..host import fetch
from ..problem import Problem
from ..registry import SURVEYS, register
from ..trail import Trail
from . import directions
from .base import Survey, Topic, number, trail_of
from .directions import OSCILLATION, TRAVEL, Direction

if TYPE_CHECKING:
    from ..simulation import Simulation

WINDOW = 100

Taken = tuple[np.ndarray, Tensor | None, Tensor | None]


@dataclass(frozen=True)
class Plane:
    """Points origin + x axes[0] + y axes[1]; origin [p], axes [2, p], with the labels and the extent of what was seen.

    extent: smallest and largest coordinates [2, 2], the axis first. Of one parameter it is a line, with 1 for 2.
    """

    origin: Tensor
    axes: Tensor
    step: int
    labels: tuple[str, ...]
    extent: np.ndarray

    def at(self, *place: float) -> Tensor:
        """The parameter vector [p] of a point of the plane, by its coordinates."""
        point = self.origin
        for value, axis in zip(place, self.axes, strict=True):
            point = point + value * axis
        return point


@register(SURVEYS, "plane")
class PlaneTopic(Topic):
    """The iterates and the flows in a plane through the midpoint of two iterates.

    Args:
        problem: of the run.
        step: the row through whose midpoint the plane goes; None is the newest.
        window: how many rows are shown, as evenly about `step` as what is kept allows; None is 100.
        x, y: its directions: "travel" (the way of the midpoints over the window), "oscillation" (the alternating part of
            the iterates at `step`), "sharpest", "eigenvector 2" and so on (of the preconditioned Hessian at the midpoint,
            as directions of the parameters), or vectors [p]. The axes are orthonormal: of y counts what is not along x.

    Its survey has facts step, first, last (rows shown), inside (share of the squared distances of the iterates from the
    origin that lies in the plane) and along (the same of the oscillation at `step` and the y axis); words x and y; and
    for every process NAME arrays NAME/time [n], NAME/coordinates [n, 2], of flows with a rod also NAME/rod [n, 2].
    """

    def __init__(
        self,
        problem: Problem,
        step: int | None = None,
        window: int | None = None,
        x: Any = TRAVEL,
        y: Any = OSCILLATION,
    ) -> None:
        if problem.dim < 2:
            raise ArgumentError("a plane needs at least two parameters, this problem has one: take topic 'landscape'.")
        self._problem = problem
        self._step = None if step is None else whole("step", step, 0)
        self._window = WINDOW if window is None else whole("window", window, 1)
        self._x = directions.direction("x", x, problem)
        self._y = directions.direction("y", y, problem)

    def work(self, run: Simulation, kept: Mapping[Any, Any]) -> Iterator[Survey | None]:
        trail = trail_of(run)
        step = trail.find(self._step)
        newest = trail.find(None)
        shown = _about(trail.steps[trail.steps <= max(newest, step)], step, self._window)
        first, last = int(shown[0]), int(shown[-1])
        iterates = trail.window(step)
        origin = (iterates[0] + iterates[1]) / 2
        swing = (iterates[0] - 2 * iterates[1] + iterates[2]) / 4
        known: dict[str | int, Tensor] = {OSCILLATION: directions.upright(swing)}
        ends = [trail.window(t)[:2].mean(0) for t in (first, last)]
        known[TRAVEL] = ends[1] - ends[0] if last > first else iterates[1] - iterates[0]
        P = trail.vectors("discrete", "preconditioner", [step])[0]
        # All at once: the run goes on between two slices, and the trail forgets its oldest rows.
        moved = trail.positions("discrete", shown) - origin
        taken = {name: _taken(trail, name, shown) for name in run.columns}
        count = max((n for n in (self._x, self._y) if isinstance(n, int)), default=0)
        if count:
            vectors = yield from directions.eigenvectors(self._problem, origin, P, count)
            known |= {i + 1: directions.upright(v) for i, v in enumerate(vectors)}
        axes = directions.axes(_chosen(self._x, known), _chosen(self._y, known))
        yield None
        arrays: dict[str, np.ndarray] = {}
        for name, seen in taken.items():
            arrays |= _projected(name, seen, origin, axes)
            yield None
        inside, swung = _shares(moved, axes, swing)
        labels = tuple(directions.label(d, step, first, last) for d in (self._x, self._y))
        facts = {"step": step, "first": first, "last": last, "inside": number(inside), "along": number(swung)}
        plane = Plane(origin, axes, step, labels, _extent(arrays))
        yield Survey("plane", step, 1.0, facts, {"x": labels[0], "y": labels[1]}, arrays, plane)


def _about(steps: np.ndarray, step: int, count: int) -> np.ndarray:
    """`count` of the ascending `steps` about `step`, all of them where there are fewer."""
    at = int(np.searchsorted(steps, step))
    begin = max(0, min(at - (count - 1) // 2, len(steps) - count))
    return steps[begin : begin + count]


def _chosen(wanted: Direction, known: Mapping[str | int, Tensor]) -> Tensor:
    return wanted if isinstance(wanted, Tensor) else known[wanted]


def _taken(trail: Trail, name: str, steps: np.ndarray) -> Taken:
    """Steps, positions and rods of one process at those of `steps` where it was there."""
    there = trail.present(name, steps)
    if not len(there):
        return there, None, None
    rods = trail.vectors(name, "rod", there) if trail.has_rod(name) else None
    return there, trail.positions(name, there), rods


def _projected(name: str, seen: Taken, origin: Tensor, axes: Tensor) -> dict[str, np.ndarray]:
    """Times, coordinates and rods of one process in the plane."""
    there, positions, rods = seen
    if positions is None:
        return {}
    host = fetch([(positions - origin) @ axes.T, *([] if rods is None else [rods @ axes.T])])
    found = {f"{name}/time": there.astype(float), f"{name}/coordinates": host[0]}
    return found | ({f"{name}/rod": host[1]} if len(host) > 1 else {})


def _shares(moved: Tensor, axes: Tensor, swing: Tensor) -> tuple[float, float]:
    """Shares of the iterates' squared distances inside the plane, and of the squared oscillation along y."""
    tensors = [((moved @ axes.T) ** 2).sum(), (moved**2).sum(), (axes[1] @ swing) ** 2, (swing**2).sum()]
    inside, moves, along, swings = (float(one) for one in fetch(tensors))
    return inside / moves if moves else np.nan, along / swings if swings else np.nan


def _extent(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    seen = np.concatenate([values for name, values in arrays.items() if name.endswith("/coordinates")])
    return np.stack([seen.min(0), seen.max(0)], 1)
