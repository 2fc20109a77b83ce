"""What a run can be told."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from ..errors import ArgumentError, unknown
from ..vocabulary import Event

COMMANDS: dict[str, tuple[str, ...] | None] = {
    "pause": (),
    "resume": (),
    "step": ("n",),
    "set": None,
    "stop": (),
    "reset": (),
    "extend": ("steps",),
}


@dataclass(frozen=True)
class Command:
    """A wish that the worker fulfils between two steps; `done` then holds the events that it caused, or why not."""

    name: str
    args: Mapping[str, Any]
    done: Future[tuple[Event, ...]] = field(default_factory=Future, compare=False)


def command(name: str, args: Mapping[str, Any]) -> Command:
    """A checked command.

    Raises:
        UnknownNameError: no such command or argument.
        ArgumentError: a count that is not a whole number of at least 1.
    """
    if name not in COMMANDS:
        raise unknown("command", name, COMMANDS)
    known = COMMANDS[name]
    if known is not None:
        for key in args:
            if key not in known:
                raise (
                    unknown(f"argument of {name}", key, known)
                    if known
                    else ArgumentError(f"{key}={args[key]!r} is not usable: {name} takes no arguments.")
                )
        args = {key: _count(key, args.get(key, 1)) for key in known}
    return Command(name, dict(args))


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Real) or not float(value).is_integer() or value < 1:
        raise ArgumentError(f"{name}={value!r} is not usable: give a whole number of at least 1.")
    return int(float(value))
