"""When the rod's tracker looks again: often where its last prediction was wrong or the edge is near."""

from __future__ import annotations

import numpy as np

KEEP, MOST = 3, 8
SURPRISED, CALM = 0.02, 0.005
LONGEST, LONGEST_GROWING, LONGEST_AT_EDGE = 8.0, 4.0, 3.5
NEAR_EDGE, CRITICAL, MARGIN = 0.93, 0.9, 2
SLOPE_LIMIT = 0.05
SMALL_RESIDUAL = 1e-2


class Cadence:
    """Predicted eigenvalues between two looks, the interval to the next, and how many vectors it keeps.

    Source: section 3b of the design; thresholds as measured there. Times are in optimizer steps.
    """

    def __init__(self, least: int, shortest: float) -> None:
        self.least = max(KEEP, least)
        self.shortest = shortest
        self.interval = 1.0
        self.next = -np.inf
        self.time = 0.0
        self.values = np.zeros(0)
        self.slope = np.zeros(0)
        self.misprediction = 0.0
        self.corrected: list[int] | None = None

    def due(self, time: float, jump: float) -> bool:
        """Whether to look now: as planned, or at once when `jump` says that a changed hyperparameter moved the edge."""
        if abs(jump - 1) > SURPRISED:
            self.interval = min(self.interval, 1.0)
            return True
        return time >= self.next - 1e-9

    def predicted(self, time: float) -> np.ndarray:
        """Eigenvalues in the basis of the last look, carried on linearly to `time`."""
        return self.values + self.slope * (time - self.time)

    def saw(
        self,
        time: float,
        values: np.ndarray,
        arrivals: np.ndarray,
        edge: float,
        *,
        frozen: np.ndarray | None,
        expected: float,
        rod: bool,
    ) -> None:
        """Take note of eigenvalues [k] just measured.

        `frozen` [k] are the last ones in today's preconditioner, `expected` the largest one as predicted, `rod` says
        that an oscillation is being followed.
        """
        slope = np.zeros_like(values)
        if frozen is not None:
            self.misprediction = float(abs(values[0] - expected) / max(abs(values[0]), 1e-300))
            if self.misprediction > SURPRISED:
                self.interval = max(self.shortest, self.interval / 2)
            elif self.misprediction < CALM:
                self.interval = min(2 * self.interval, LONGEST)
            both = min(len(values), len(frozen))
            limit = SLOPE_LIMIT * abs(values[0])
            slope[:both] = np.clip((values[:both] - frozen[:both]) / (time - self.time), -limit, limit)
        self.values, self.slope, self.time = values, slope, time
        near = values[0] > NEAR_EDGE * edge
        self.next = time + min(self.interval, LONGEST_AT_EDGE if rod else LONGEST_GROWING if near else LONGEST)
        self.corrected = [i for i, r in enumerate(arrivals) if r >= SMALL_RESIDUAL * abs(values[0])]

    def kept(self, edge: float, dim: int) -> int:
        """How many vectors the tracker should keep: the critical ones and two more."""
        critical = int((self.values > CRITICAL * edge).sum())
        return min(max(MOST, self.least), dim, max(self.least, critical + MARGIN))
