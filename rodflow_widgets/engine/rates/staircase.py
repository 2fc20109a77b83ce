"""A learning rate that is multiplied again and again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...vocabulary import Parameter, Whole
from ..registry import SCHEDULES, register
from .base import LEAST, MOST, Rates


@register(SCHEDULES, "steps")
@dataclass(frozen=True)
class Steps(Rates):
    """Times a factor after every so many steps: rate · factor^⌊k / every⌋ at step k.

    Args:
        every: steps between two changes.
        factor: by which the rate is multiplied.
    """

    every: int
    factor: float

    kind: ClassVar[str] = "steps"
    label: ClassVar[str] = "steps"
    meaning: ClassVar[str] = "is multiplied by a factor after every so many steps"
    parameters = (
        Whole("every", "every", 100, 1, 10_000_000, unit="steps", meaning="steps between two changes"),
        Parameter("factor", "factor", 0.5, 0.0, 100.0, scale="log", meaning="multiplies the rate", open_lower=True),
    )

    @property
    def length(self) -> None:
        return None

    @property
    def words(self) -> str:
        return f"times {self.factor:g} every {self.every:,} steps"

    def rate(self, steps: np.ndarray, first: float) -> np.ndarray:
        powers = np.floor(steps / self.every) * math.log(self.factor)
        return first * np.exp(np.clip(powers, math.log(LEAST / first), math.log(MOST / first)))
