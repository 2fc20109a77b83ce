"""A learning rate as a function of the steps since it began, and of what it was then."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from ...errors import ArgumentError, unknown
from ...vocabulary import Setting, Whole
from ..optimizers.base import LEARNING_RATE
from .points import Points

LEAST, MOST = 1e-30, LEARNING_RATE.upper
"""Between these every rate is held: a rate of zero has no edge, and flows divide by it."""
STEPS = Whole("steps", "steps", 200, 1, 10_000_000, meaning="how long it takes; the rate stays from then on")


@dataclass(frozen=True)
class Rates(ABC):
    """Base of all learning-rate schedules: frozen, and a pure function of numbers or arrays.

    length: steps after which the rate stays as it is; None where it never does.
    """

    kind: ClassVar[str]
    label: ClassVar[str]
    meaning: ClassVar[str]
    parameters: ClassVar[tuple[Setting | Points, ...]]

    def __post_init__(self) -> None:
        for parameter in self.parameters:
            object.__setattr__(self, parameter.name, parameter.check(getattr(self, parameter.name)))

    @property
    @abstractmethod
    def length(self) -> int | None: ...

    @property
    @abstractmethod
    def words(self) -> str:
        """What it does, for an event: cosine to 0.01 over 200 steps."""

    @abstractmethod
    def rate(self, steps: np.ndarray, first: float) -> np.ndarray:
        """Learning rates for whole `steps` since it began at `first`."""

    def __call__(self, steps: Any, first: float) -> Any:
        """The learning rate `steps` after it began, where it was `first`: a number, or an array for an array."""
        found = np.clip(self.rate(np.asarray(steps, dtype=float), float(first)), LEAST, MOST)
        return found if np.ndim(steps) else float(found)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Rates:
        """One of this kind from its arguments by name; what is missing or unknown is named."""
        known = [parameter.name for parameter in cls.parameters]
        for name in given:
            if name not in known:
                raise unknown(f"argument of {cls.kind}", name, known)
        needed = {entry.name for entry in fields(cls) if not hasattr(cls, entry.name)}
        for parameter in cls.parameters:
            if parameter.name in needed and parameter.name not in given:
                raise ArgumentError(f"{parameter.name} is missing: a {cls.kind} needs it, {parameter.wanted}.")
        return cls(**given)


def shown(rate: float) -> str:
    """A learning rate for a person."""
    return f"{rate:.4g}"
