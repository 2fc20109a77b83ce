"""When central flow looks at the spectrum again: seldom where it saw coming what it saw."""

from __future__ import annotations

import numpy as np

SURPRISED, CALM = 0.01, 0.003
LONGEST, LONGEST_NEAR = 8.0, 4.0
NEAR = 0.9
SLOPE_LIMIT = 0.05


class Watched:
    """Eigenvalues known at the last look, carried on linearly; those of the critical directions are measured in between.

    A look at `next` is due. It is judged by the eigenvalues near the edge alone: the interval is halved where one was
    mispredicted by more than 1 % of the edge and doubled below 0.3 %, up to 8 steps, or 4 with one near the edge; and it
    ends where an eigenvalue is predicted to become critical. Times are in optimizer steps.
    """

    def __init__(self, shortest: float) -> None:
        self.shortest = shortest
        self.interval = 1.0
        self.next = -np.inf
        self.misprediction = 0.0
        self.values = np.zeros(0)
        self.slope = np.zeros(0)
        self.times = np.zeros(0)
        self.looked = -np.inf
        self._at_look = np.zeros(0)

    def due(self, time: float) -> bool:
        return time >= self.next - 1e-9

    def predicted(self, time: float) -> np.ndarray:
        """All known eigenvalues, carried on to `time`."""
        return self.values + self.slope * (time - self.times)

    def measured(self, time: float, values: np.ndarray) -> None:
        """Take note of the leading eigenvalues, measured without a look."""
        k = len(values)
        self.values, self.slope, self.times = self.values.copy(), self.slope.copy(), self.times.copy()
        self.values[:k], self.slope[:k], self.times[:k] = values, 0.0, time

    def saw(self, time: float, values: np.ndarray, edge: float, critical: float) -> None:
        """Take note of a look: all eigenvalues in descending order; those above `critical` will be measured."""
        both = min(len(values), len(self.values))
        slope = np.zeros_like(values)
        near = values[:both] > NEAR * edge
        if both:
            expected = np.sort(self.predicted(time))[::-1][:both]
            error = np.abs(values[:both] - expected) / edge
            self.misprediction = float(error[near].max(initial=0.0 if near.any() else error[0]))
            if self.misprediction > SURPRISED:
                self.interval = max(self.shortest, self.interval / 2)
            elif self.misprediction < CALM:
                self.interval = min(2 * self.interval, LONGEST)
            passed = max(time - self.looked, self.shortest)
            limit = SLOPE_LIMIT * edge
            slope[:both] = np.clip((values[:both] - self._at_look[:both]) / passed, -limit, limit)
        self.values, self.slope, self.times = values, slope, np.full(len(values), time)
        self.looked, self._at_look = time, values
        wait = min(self.interval, LONGEST_NEAR if (values > NEAR * edge).any() else LONGEST)
        rising = (values < critical) & (slope > 0)
        reach = (critical - values[rising]) / slope[rising]
        self.next = time + max(self.shortest, min(wait, reach.min(initial=np.inf)))
