"""What a run can be told, and with which arguments: any JSON value comes in, checked ones go on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from ..errors import ArgumentError, unknown

Check = Callable[[Any], Any]


@dataclass(frozen=True)
class Command:
    """A wish that the worker fulfils between two steps; `done` then holds what came of it, or why it could not be."""

    name: str
    args: Mapping[str, Any]
    done: Future[Any] = field(default_factory=Future, compare=False)


def command(name: str, args: Mapping[str, Any]) -> Command:
    """A checked command.

    Raises:
        UnknownNameError: no such command or argument.
        ArgumentError: an argument that cannot work.
    """
    if name not in COMMANDS:
        raise unknown("command", name, COMMANDS)
    return Command(name, COMMANDS[name](name, args))


def _takes(**checks: Check) -> Callable[[str, Mapping[str, Any]], dict[str, Any]]:
    """Arguments by name; one that is left out is checked as None."""

    def check(name: str, args: Mapping[str, Any]) -> dict[str, Any]:
        for key in args:
            if key not in checks:
                raise (
                    unknown(f"argument of {name}", key, checks)
                    if checks
                    else ArgumentError(f"{key}={args[key]!r} is not usable: {name} takes no arguments.")
                )
        return {key: check(args.get(key)) for key, check in checks.items()}

    return check


def _anything(name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """Whatever comes: the optimizer checks it."""
    return dict(args)


def _schedule(name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """A schedule as itself, or as its kind with its arguments."""
    from ..engine.rates import check_schedule, named

    if set(args) == {"schedule"}:
        return {"schedule": check_schedule(args["schedule"])}
    return {"schedule": named(args)}


def _count(name: str) -> Check:
    def check(value: Any) -> int:
        value = 1 if value is None else value
        if not _number(value) or not float(value).is_integer() or value < 1:
            raise ArgumentError(f"{name}={value!r} is not usable: give a whole number of at least 1.")
        return int(float(value))

    return check


def _number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _start(value: Any) -> Any:
    """A starting point: None, an array or tensor, or a list of finite numbers."""
    if value is None or hasattr(value, "__array__"):
        return value
    numbers: Sequence[Any] = value if isinstance(value, Sequence) and not isinstance(value, str) and value else [None]
    if not all(_number(x) and math.isfinite(x) for x in numbers):
        raise ArgumentError(f"start={value!r} is not usable: give a finite number for each of the parameters.")
    return [float(x) for x in numbers]


COMMANDS: dict[str, Callable[[str, Mapping[str, Any]], dict[str, Any]]] = {
    "pause": _takes(),
    "resume": _takes(),
    "step": _takes(n=_count("n")),
    "set": _anything,
    "undo": _takes(),
    "schedule": _schedule,
    "stop": _takes(),
    "reset": _takes(start=_start),
    "extend": _takes(steps=_count("steps")),
}
