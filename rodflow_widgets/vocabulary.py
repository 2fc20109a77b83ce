"""The words that all layers share: what a column, a status, an event and a parameter are."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from .errors import ArgumentError, unknown

ENDLESS = 2**53
"""The upper bound of a whole number that has none: above it floats skip whole numbers."""
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


@dataclass(frozen=True, slots=True)
class Event:
    """A hyperparameter that changed: optimizer step `step` is the first to use `new`; `note` says what else is to say."""

    step: int
    name: str
    old: float
    new: float
    note: str = ""


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

    kind: ClassVar[str] = "number"

    @property
    def wanted(self) -> str:
        """What is usable, in words."""
        left, right = "(" if self.open_lower else "[", ")" if self.open_upper else "]"
        return f"a number in {left}{self.lower:g}, {self.upper:g}{right}"

    def check(self, value: Any) -> float:
        """Return `value` as a float, or raise ArgumentError naming the parameter, the value and its bounds."""
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        below = number <= self.lower if self.open_lower else number < self.lower
        above = number >= self.upper if self.open_upper else number > self.upper
        if isinstance(value, bool) or not math.isfinite(number) or below or above:
            raise _unusable(self.name, value, self.wanted)
        return number

    def describe(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Whole:
    """A whole number that a user may set, a multiple of `multiple`; with a default of None it may be left to the program."""

    name: str
    label: str
    default: int | None
    lower: int
    upper: int = ENDLESS
    unit: str = ""
    meaning: str = ""
    multiple: int = 1
    kind: ClassVar[str] = "whole"
    scale: ClassVar[str] = "linear"

    @property
    def wanted(self) -> str:
        """What is usable, in words."""
        kind = {1: "a whole number", 2: "an even number"}.get(self.multiple, f"a multiple of {self.multiple}")
        most = "" if self.upper == ENDLESS else f" and at most {self.upper}"
        return f"{kind} of at least {self.lower}{most}" + (", or None" if self.default is None else "")

    def check(self, value: Any) -> Any:
        """Return `value` as an int (or None where that is the default), or raise ArgumentError as a Parameter does."""
        if value is None and self.default is None:
            return None
        try:
            number = operator.index(value)
        except TypeError:
            number = self.lower - 1
        if isinstance(value, bool) or not self.lower <= number <= self.upper or number % self.multiple:
            raise _unusable(self.name, value, self.wanted)
        return number


@dataclass(frozen=True)
class Choice:
    """One word out of `options`."""

    name: str
    label: str
    default: str
    options: tuple[str, ...]
    meaning: str = ""
    kind: ClassVar[str] = "choice"

    @property
    def wanted(self) -> str:
        """What is usable, in words."""
        return ", ".join(self.options[:-1]) + f" or {self.options[-1]}"

    def check(self, value: Any) -> str:
        """Return `value`, or raise UnknownNameError with the nearest option."""
        if not isinstance(value, str) or value not in self.options:
            raise unknown(self.name, value, self.options)
        return value


@dataclass(frozen=True)
class Several:
    """Numbers one after the other, each as `item` says: `length` of them, or as many as one likes."""

    item: Parameter | Whole
    default: tuple[float, ...]
    length: int | None = None
    meaning: str = ""
    kind: ClassVar[str] = "list"

    @property
    def name(self) -> str:
        return self.item.name

    @property
    def label(self) -> str:
        return self.item.label

    @property
    def wanted(self) -> str:
        """What is usable, in words."""
        many = "as many as you like" if self.length is None else f"{self.length} of them"
        return f"{self.item.wanted} each, {many}, e.g. {self.default}"

    def check(self, value: Any) -> tuple[Any, ...]:
        """Return `value` as a tuple, one number alone as a tuple of one, or raise ArgumentError."""
        if isinstance(value, Sequence) or hasattr(value, "__array__"):
            items = [value] if isinstance(value, str) or getattr(value, "ndim", 1) == 0 else list(value)
        else:
            items = [value]
        try:
            checked = tuple(self.item.check(item) for item in items)
        except ArgumentError:
            raise _unusable(self.name, value, self.wanted) from None
        if self.length not in (None, len(checked)):
            raise _unusable(self.name, value, self.wanted)
        return checked


@dataclass(frozen=True)
class Folder:
    """A folder of the machine, or None: the program knows where to look."""

    name: str
    label: str
    default: None = None
    meaning: str = ""
    kind: ClassVar[str] = "folder"

    @property
    def wanted(self) -> str:
        """What is usable, in words."""
        return "a folder that exists, or None"

    def check(self, value: Any) -> str | None:
        """Return the path of the folder as text, ~ resolved, or None, or raise ArgumentError."""
        if value is None:
            return None
        try:
            path = os.path.expanduser(os.fspath(value))
        except TypeError:
            path = b""
        if not isinstance(path, str) or not os.path.isdir(path):
            raise _unusable(self.name, value, self.wanted)
        return path


Setting = Parameter | Whole | Choice | Several | Folder
"""Everything that a form or a command line can ask for."""


def _unusable(name: str, value: Any, wanted: str) -> ArgumentError:
    return ArgumentError(f"{name}={value!r} is not usable: give {wanted}.")
