"""One spectrum a moment, shared by all who ask: step control and probes of one process use the same products."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..host import Letter
from ..problem import Meter, Point, Problem
from .davidson import Davidson, Effort, forecast_error
from .tracker import Spectrum

LEAST_KEPT = 8
MOST_REPEATS = 4
LATE = 2
"""Looks after which the numbers of a look steer the effort: a device that is no further behind makes nobody wait."""
CALM = 0.8
NEAR = 0.9
TOLERATED = 1e-4
TOLERATED_IN_CALM = 3e-4
PER_DECADE = 3.0
MOST_CORRECTIONS = 10


@dataclass(frozen=True)
class Watch:
    """How a run is watched: eigenvalues recorded, seed of the trackers, rows between two measurements."""

    eigenvalues: int
    seed: int
    every: int = 1


class FollowedSpectrum:
    """The tracker of one process together with the moment it last looked at.

    It keeps at least eight vectors, and `guard` more than there are eigenvalues near the edge: with fewer, eigenvalues that
    change places at the edge are missed. How many products a look spends follows from the residuals and the sharpness of
    two looks before: one a step below 0.8 of the edge, where every second look carries the values on linearly, more near it, most where the spectrum turns quickly.
    """

    def __init__(self, problem: Problem, watch: Watch, guard: int) -> None:
        self._problem = problem
        self._count = watch.eigenvalues
        self._guard = guard
        self._tracker = Davidson(watch.eigenvalues, max(guard, LEAST_KEPT - watch.eigenvalues), watch.seed)
        self._repeats = min(watch.every, MOST_REPEATS)
        self._time: float | None = None
        self._spectrum: Spectrum | None = None
        self._spent = Meter(problem)
        self._letters: deque[Letter] = deque(maxlen=LATE)

    def at(
        self,
        time: float,
        point: Callable[[], Point],
        P: Tensor,
        payer: Meter | None = None,
        edge: float | None = None,
    ) -> Spectrum:
        """The spectrum at `point`, computed once a `time`; `edge` is the sharpness beyond which an oscillation grows.

        `payer` is charged for it (and for its point) even when somebody else asked first, so that the cost of a flow
        does not depend on what is measured beside it.
        """
        if self._spectrum is None or time != self._time:
            self._spent = Meter(self._problem)
            self._spent.gradients = 1
            self._time = time
            self._spectrum = self._look(point(), P, edge)
        if payer is not None:
            payer.gradients += self._spent.gradients
            payer.products += self._spent.products
        return self._spectrum

    def _look(self, point: Point, P: Tensor, edge: float | None) -> Spectrum:
        root = P.sqrt()

        def hessian(rows: Tensor) -> Tensor:
            return self._spent.apply(point, rows / root) / root

        effort = self._effort(edge)
        for _ in range(self._repeats):
            seen = self._tracker.look(hessian, point.grad / root, effort)
        first = seen.values[0]
        wrong = forecast_error(seen.arrivals, first)
        surprise = self._tracker.surprise.to(first)
        self._letters.append(Letter(torch.cat([torch.stack([wrong, surprise, first]), seen.values])))
        return seen

    def _effort(self, edge: float | None) -> Effort:
        """What the numbers of two looks before ask for; where looks are far apart, all that a look may spend."""
        most = MOST_CORRECTIONS + self._count
        seldom = self._repeats > 1
        if len(self._letters) < LATE:
            return Effort(corrections=most if seldom else 2)
        wrong, surprise, first, *values = self._letters[0].read().tolist()
        if not math.isfinite(wrong):
            return Effort()
        level = abs(first) if edge is None else edge
        near = sum(value > NEAR * level for value in values)
        self._tracker.guard = max(self._guard, LEAST_KEPT - self._count, near + self._guard - self._count)
        excess = math.log10(wrong / TOLERATED) if wrong > TOLERATED else 0.0
        if seldom:
            return Effort(corrections=most)
        if edge is not None and first < CALM * edge and max(wrong, surprise) <= TOLERATED_IN_CALM:
            return Effort(calm=True)
        return Effort(corrections=min(most, math.ceil(PER_DECADE * (2 + self._count) / 3 * excess)))
