"""What the watch of a training loop can be told, and with which arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ArgumentError, unknown
from ..vocabulary import Parameter, Whole
from .commands import Command, _takes

SHARE = Parameter("share", "share of training time", 0.1, 0.0, 1.0, open_lower=True, open_upper=True)
EVERY = Whole("every", "steps between two looks", None, 1)
STEPS = Whole("steps", "steps of the forecast", 200, 1)
RATE = Parameter("learning_rate", "learning rate", 0.1, 0.0, 1e6, scale="log", open_lower=True)


def order(name: str, args: Mapping[str, Any]) -> Command:
    """A checked command.

    Raises:
        UnknownNameError: no such command or argument.
        ArgumentError: an argument that cannot work.
    """
    if name not in ORDERS:
        raise unknown("command", name, ORDERS)
    return Command(name, ORDERS[name](name, args))


def _set(name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    for key in args:
        if key != "learning_rate":
            raise ArgumentError(
                f"{key}={args[key]!r} cannot be set from here: the learning rate can, the rest belongs to the training loop."
            )
    if not args:
        raise ArgumentError("set() needs what to set: learning_rate=….")
    return {"learning_rate": RATE.check(args["learning_rate"])}


def _measure(name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    for key in args:
        if key not in ("share", "every"):
            raise unknown("argument of measure", key, ("share", "every"))
    given = {key: value for key, value in args.items() if value is not None}
    if len(given) != 1:
        raise ArgumentError(f"measure() needs one of share and every: it was given {sorted(given) or 'neither'}.")
    if "share" in given:
        return {"share": SHARE.check(given["share"])}
    return {"every": EVERY.check(given["every"])}


def _flag(value: Any) -> bool:
    if value not in (None, True, False):
        raise ArgumentError(f"iterates={value!r} is not usable: give True or False.")
    return bool(value)


def _steps(value: Any) -> int:
    number: int = STEPS.check(STEPS.default if value is None else value)
    return number


ORDERS = {
    "set": _set,
    "forecast": _takes(steps=_steps, iterates=_flag),
    "measure": _measure,
    "pause": _takes(),
    "resume": _takes(),
    "stop": _takes(),
}
