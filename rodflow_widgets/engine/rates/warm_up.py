"""A learning rate that grows to what it was set to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...vocabulary import Parameter
from ..registry import SCHEDULES, register
from .base import STEPS, Rates


@register(SCHEDULES, "warm_up")
@dataclass(frozen=True)
class WarmUp(Rates):
    """Linear growth from a share of the learning rate: rate (start + (1 − start) (k + 1) / (steps + 1)) at step k.

    Args:
        steps: how many steps are made with less than the whole learning rate.
        start: the share that the step before the first would have had, so that with 0 the first step moves too.
    """

    steps: int
    start: float = 0.0

    kind: ClassVar[str] = "warm_up"
    label: ClassVar[str] = "warm-up"
    meaning: ClassVar[str] = "grows linearly from a share of the learning rate to the whole"
    parameters = (
        STEPS,
        Parameter("start", "start", 0.0, 0.0, 1.0, unit="of the rate", meaning="the share from which it grows"),
    )

    @property
    def length(self) -> int:
        return self.steps

    @property
    def words(self) -> str:
        return f"warm-up over {self.steps:,} steps" + (f" from {self.start:g} of it" if self.start else "")

    def rate(self, steps: np.ndarray, first: float) -> np.ndarray:
        grown = np.minimum((steps + 1) / (self.steps + 1), 1.0)
        return first * (self.start + (1 - self.start) * grown)
