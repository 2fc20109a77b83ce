"""The words that all layers share: what a column, a status, an event and a parameter are."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .errors import ArgumentError

State = Literal["ready", "running", "paused", "finished", "stopped", "diverged", "error"]


@dataclass(frozen=True)
class Bound:
    """What a signal says while it is above `above`: the rest of a sentence that begins with the name of the flow.

    In `words`, {since} is the step at which the value passed the bound, {value} the value, {share} the value in per cent,
    and *these* words are set in bold. What is `lasting` is said from then on, with the largest value so far.
    """

    above: float
    words: str
    lasting: bool = False


@dataclass(frozen=True)
class Column:
    """One recorded quantity: its unit, what it means, where that is defined, and how many numbers a row holds.

    A quantity by which a flow doubts itself has bounds in `signal`, the lowest first.
    """

    name: str
    unit: str
    meaning: str
    source: str = ""
    width: int = 1
    signal: tuple[Bound, ...] = ()

    def __post_init__(self) -> None:
        bounds = (bound if isinstance(bound, Bound) else Bound(**bound) for bound in self.signal)
        object.__setattr__(self, "signal", tuple(bounds))

    def describe(self) -> dict[str, Any]:
        """As JSON-able data, of which `Column(**data)` makes the column again."""
        return {**asdict(self), "signal": [asdict(bound) for bound in self.signal]}


@dataclass(frozen=True)
class Status:
    """Where a run or a process stands: a state, the step it was reached at, and a sentence for a person."""

    state: State
    step: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.state}: {self.sentence}"

    @property
    def ended(self) -> bool:
        return self.state in ("finished", "stopped", "diverged", "error")


@dataclass(frozen=True)
class Event:
    """A hyperparameter that changed: optimizer step `step` is the first to use `new`."""

    step: int
    name: str
    old: float
    new: float


@dataclass(frozen=True)
class Parameter:
    """A number that a user may set: its bounds are what makes sense, `unit` is for people, `scale` for sliders.

    A slider is linear in the value, in its logarithm, or ("decay") in the logarithm of 1 − value.
    """

    name: str
    label: str
    default: float
    lower: float
    upper: float
    unit: str = ""
    scale: Literal["linear", "log", "decay"] = "linear"
    meaning: str = ""
    open_lower: bool = False
    open_upper: bool = False

    def check(self, value: Any) -> float:
        """Return `value` as a float, or raise ArgumentError naming the parameter, the value and its bounds."""
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        below = number <= self.lower if self.open_lower else number < self.lower
        above = number >= self.upper if self.open_upper else number > self.upper
        if isinstance(value, bool) or not math.isfinite(number) or below or above:
            left = "(" if self.open_lower else "["
            right = ")" if self.open_upper else "]"
            raise ArgumentError(
                f"{self.name}={value!r} is not usable: give a number in {left}{self.lower:g}, {self.upper:g}{right}."
            )
        return number

    def describe(self) -> dict[str, Any]:
        return asdict(self)
