"""Every error that this package raises on purpose."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class RodflowError(Exception):
    """Base of all errors raised on purpose; its message says what, the value that came, and what to do."""


class ArgumentError(RodflowError, ValueError):
    """An argument has a value that cannot work."""


class UnknownNameError(RodflowError, TypeError):
    """A keyword, process, optimizer, problem or column that does not exist."""


class ProblemError(RodflowError, ValueError):
    """A model, loss or batch that does not define a differentiable full-batch loss."""


class RunError(RodflowError, RuntimeError):
    """A run was asked for something that its state does not allow."""


class ParallelError(RodflowError, RuntimeError):
    """Processes that share a problem have lost each other, or do not ask for the same."""


def unknown(what: str, value: object, known: Iterable[str]) -> UnknownNameError:
    """Error for a name that is not among `known`, with the nearest one as a hint."""
    names = sorted(known)
    near = difflib.get_close_matches(str(value), names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return UnknownNameError(f"{what} {value!r} is unknown: {hint}known are {', '.join(names)}.")


def named_keywords(what: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorator: an unknown keyword of the function is an UnknownNameError with the nearest name."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        known = [name for name in inspect.signature(function).parameters if name != "self"]

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> T:
            for name in kwargs:
                if name not in known:
                    raise unknown(f"keyword of {what}", name, known)
            return function(*args, **kwargs)

        return checked

    return decorate
