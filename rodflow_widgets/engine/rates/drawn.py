"""A learning rate through points that somebody drew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..optimizers.base import LEARNING_RATE
from ..registry import SCHEDULES, register
from .base import Rates
from .points import Points


@register(SCHEDULES, "drawn")
@dataclass(frozen=True)
class Drawn(Rates):
    """Through points, linear in the logarithm of the learning rate between them, and held after the last.

    Args:
        points: [(step, learning rate), …], steps counted from the one at which it begins; where none is at 0 it sets out
            from the learning rate in use there.
    """

    points: tuple[tuple[int, float], ...]

    kind: ClassVar[str] = "drawn"
    label: ClassVar[str] = "drawn"
    meaning: ClassVar[str] = "goes through points that were drawn"
    parameters = (
        Points(
            "points",
            "points",
            replace(LEARNING_RATE, label="learning rate"),
            meaning="steps since it began, with the learning rate at each",
        ),
    )

    @property
    def length(self) -> int:
        return self.points[-1][0]

    @property
    def words(self) -> str:
        many = "1 point" if len(self.points) == 1 else f"{len(self.points)} points"
        return f"drawn through {many} over {self.length:,} steps"

    def rate(self, steps: np.ndarray, first: float) -> np.ndarray:
        points = self.points if self.points[0][0] == 0 else ((0, first), *self.points)
        at, rates = (np.array(values, dtype=float) for values in zip(*points, strict=True))
        before = np.searchsorted(at, steps, side="right") - 1
        after = np.minimum(before + 1, len(at) - 1)
        share = (steps - at[before]) / np.maximum(at[after] - at[before], 1.0)
        found: np.ndarray = rates[before] * (rates[after] / rates[before]) ** share
        return found
