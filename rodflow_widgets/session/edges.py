"""Since when a run is at its edge of stability, from its sharpness ratio row by row."""

from __future__ import annotations

import math

ENTER, LEAVE = 0.975, 0.9
"""Shares of the edge threshold at which a stay begins and below which it ends, as on the page."""


class Stays:
    """The stays at the edge: the step of the first row at 0.975 of the threshold, and of the first one below 0.9 after it."""

    def __init__(self) -> None:
        self.all: tuple[tuple[int, int | None], ...] = ()
        self.ratio = math.nan

    @property
    def since(self) -> int | None:
        """The step since which it is there, or None."""
        return self.all[-1][0] if self.all and self.all[-1][1] is None else None

    def saw(self, step: int, ratio: float) -> None:
        """A row; NaN says nothing."""
        if math.isnan(ratio):
            return
        self.ratio = ratio
        since = self.since
        if since is None and ratio >= ENTER:
            self.all = (*self.all, (step, None))
        elif since is not None and ratio < LEAVE:
            self.all = (*self.all[:-1], (since, step))

    @property
    def words(self) -> str:
        """Where it stands, as a part of a sentence; empty before anything was measured."""
        if math.isnan(self.ratio):
            return ""
        where = f"(ratio {self.ratio:.3g})"
        if self.since is not None:
            return f"at its edge since step {self.since:,} {where}"
        left = f", which it left at step {self.all[-1][1]:,}" if self.all else ""
        return f"below its edge{left} {where}"
