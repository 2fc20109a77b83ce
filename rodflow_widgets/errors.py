"""Every error that this package raises on purpose."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


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


def unknown(what: str, value: object, known: Iterable[str]) -> UnknownNameError:
    """Error for a name that is not among `known`, with the nearest one as a hint."""
    names = sorted(known)
    near = difflib.get_close_matches(str(value), names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return UnknownNameError(f"{what} {value!r} is unknown: {hint}known are {', '.join(names)}.")
