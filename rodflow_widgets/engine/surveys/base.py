"""What a survey is: work in slices that looks at a run and changes nothing in it."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ArgumentError, unknown
from ..problem import Problem
from ..registry import SURVEYS, lookup
from ..trail import Trail

if TYPE_CHECKING:
    from ..simulation import Simulation


@dataclass(frozen=True)
class Survey:
    """What was found, as far as the work has come.

    topic: which survey. step: of the row that it is about. share: of the work that is done; 1 is complete.
    facts: numbers by name, None where there is none. words: labels by name. arrays: by name.
    kept: what later surveys build on, e.g. the vectors of a plane.
    """

    topic: str
    step: int
    share: float
    facts: Mapping[str, float | None]
    words: Mapping[str, str]
    arrays: Mapping[str, np.ndarray]
    kept: Any = field(default=None, repr=False, compare=False)


class Topic(ABC):
    """One survey that was asked for: `__init__` takes the problem and checks the arguments.

    It has random numbers of its own, computes with the problem alone, and never touches a process.
    """

    @abstractmethod
    def work(self, run: Simulation, kept: Mapping[Any, Any]) -> Iterator[Survey | None]:
        """Do the work, a slice at every `next`: a few milliseconds, or one evaluation of the loss or its derivatives.

        Args:
            run: between two steps, at every slice.
            kept: what earlier surveys kept, by their identities.

        Yields:
            What is known so far where it is worth showing, else None; the last is complete.
        """


def topic(name: str, problem: Problem, args: Mapping[str, Any]) -> Topic:
    """The survey called `name` with checked arguments; UnknownNameError or ArgumentError says what cannot be."""
    kind = lookup(SURVEYS, "topic", name)
    known = [*inspect.signature(kind).parameters][1:]
    for key in args:
        if key not in known:
            raise unknown(f"argument of {name}", key, known)
    made: Topic = kind(problem, **args)
    return made


def trail_of(run: Simulation) -> Trail:
    """The parameter vectors that a run keeps, or ArgumentError."""
    if run.trail is None:
        raise ArgumentError("trail=0 keeps no parameter vectors, so that there is nothing to survey: give it bytes.")
    return run.trail


def number(value: float) -> float | None:
    """`value` as a fact: None where it is not finite."""
    return float(value) if np.isfinite(value) else None
