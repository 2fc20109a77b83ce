"""Points that a person draws: whole steps with a number each."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ...errors import ArgumentError
from ...vocabulary import Parameter


@dataclass(frozen=True)
class Points:
    """(step, number) in ascending order of the steps, which are counted from 0; `item` says what a number may be."""

    name: str
    label: str
    item: Parameter
    meaning: str = ""
    default: tuple[tuple[int, float], ...] = ()
    kind: ClassVar[str] = "points"

    @property
    def wanted(self) -> str:
        """What is usable, in words."""
        return f"[(step, {self.item.label}), …], whole steps from 0 on in ascending order, each with {self.item.wanted}"

    def check(self, value: Any) -> tuple[tuple[int, float], ...]:
        """Return `value` as a tuple of pairs, or raise ArgumentError."""
        try:
            pairs = [(operator.index(step), self.item.check(number)) for step, number in _listed(value)]
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"{self.name}={value!r} is not usable: give {self.wanted}.") from error
        steps = [step for step, _ in pairs]
        if not pairs or steps[0] < 0 or any(b <= a for a, b in itertools.pairwise(steps)):
            raise ArgumentError(f"{self.name}={value!r} is not usable: give {self.wanted}.")
        return tuple(pairs)


def _listed(value: Any) -> Sequence[Any]:
    """Pairs as a list; a float that is a whole number, as JSON has it, is one."""
    if isinstance(value, str):
        raise TypeError("text is no list of points")
    return [(int(step) if isinstance(step, float) and step.is_integer() else step, number) for step, number in value]
