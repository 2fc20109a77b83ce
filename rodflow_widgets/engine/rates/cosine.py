"""A learning rate that goes to another along half a cosine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..optimizers.base import LEARNING_RATE
from ..registry import SCHEDULES, register
from .base import STEPS, Rates, shown


@register(SCHEDULES, "cosine")
@dataclass(frozen=True)
class Cosine(Rates):
    """Half a cosine from the learning rate to another: to + (rate − to) (1 + cos(π k / steps)) / 2 at step k.

    Args:
        steps: how many steps it takes.
        to: the learning rate at its end.

    Source: Loshchilov and Hutter, arXiv 1608.03983, without restarts.
    """

    steps: int
    to: float

    kind: ClassVar[str] = "cosine"
    label: ClassVar[str] = "cosine"
    meaning: ClassVar[str] = "goes smoothly to another learning rate, along half a cosine"
    parameters = (STEPS, replace(LEARNING_RATE, name="to", label="to", default=0.01, meaning="the rate at its end"))

    @property
    def length(self) -> int:
        return self.steps

    @property
    def words(self) -> str:
        return f"cosine to {shown(self.to)} over {self.steps:,} steps"

    def rate(self, steps: np.ndarray, first: float) -> np.ndarray:
        share = (1 - np.cos(np.pi * np.minimum(steps / self.steps, 1.0))) / 2
        return (1 - share) * first + share * self.to
