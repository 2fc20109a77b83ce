"""What forms and the command line need to know of the registry, as plain data."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from ..errors import ArgumentError
from ..vocabulary import ENDLESS, Choice, Several, Whole


def catalogue() -> dict[str, list[dict[str, Any]]]:
    """Problems, optimizers and flows, each with its parameters; JSON-able.

    A parameter has a name, a label, a kind ("number", "whole", "choice", "list" or "folder"), its default, its bounds `lower` and
    `upper` (`open_lower` and `open_upper` where they are excluded themselves), unit, scale of a slider, and meaning; those
    that do not apply are None. A choice has `options`; a whole number is a `multiple`; a list has a `length`, None where
    that is free, and bounds that hold for each of its numbers, which are `whole` or not. A default of None is a whole
    number, or a folder, that is chosen by itself. `for` of a flow are the optimizers that it models.
    """
    from . import flows, optimizers, problems  # noqa: F401 - importing them fills the registry
    from .registry import FLOWS, OPTIMIZERS, PROBLEMS

    return {
        "problems": [_entry(name, make) for name, make in PROBLEMS.items()],
        "optimizers": [{**_entry(name, cls), "threshold": cls.threshold_text} for name, cls in OPTIMIZERS.items()],
        "flows": [_flow(name, make, OPTIMIZERS) for name, make in FLOWS.items()],
    }


def schedules() -> list[dict[str, Any]]:
    """Learning-rate schedules, each with its kind, label, meaning and parameters; JSON-able.

    A parameter of kind "points" is a list of (step, number) in ascending order of the steps; its bounds are those of a number.
    """
    from .rates import SCHEDULES

    return [
        {
            "kind": kind,
            "label": cls.label,
            "meaning": cls.meaning,
            "parameters": [_parameter(parameter) for parameter in cls.parameters],
        }
        for kind, cls in SCHEDULES.items()
    ]


def summary(thing: Any) -> str:
    """The first line of what a class or a factory says of itself."""
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _entry(name: str, thing: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": thing.label,
        "summary": summary(thing),
        "parameters": [_parameter(p) for p in thing.parameters],
    }


def _flow(name: str, make: Any, optimizers: dict[str, Any]) -> dict[str, Any]:
    flow = make()
    return {
        **_entry(name, make),
        "label": flow.label,
        "detail": flow.detail,
        "kind": flow.kind,
        "for": list(_modelled(flow, optimizers)),
    }


def _modelled(flow: Any, optimizers: dict[str, Any]) -> Iterator[str]:
    for name, cls in optimizers.items():
        try:
            flow.check(cls(cls.parameters[0].default))
        except ArgumentError:
            continue
        yield name


def _parameter(parameter: Any) -> dict[str, Any]:
    number = getattr(parameter, "item", parameter)
    entry = {
        "name": parameter.name,
        "label": parameter.label,
        "kind": parameter.kind,
        "default": list(parameter.default) if number is not parameter else parameter.default,
        "lower": getattr(number, "lower", None),
        "upper": None if (upper := getattr(number, "upper", None)) == ENDLESS else upper,
        **{key: getattr(number, key, False) for key in ("open_lower", "open_upper")},
        "unit": getattr(number, "unit", ""),
        "scale": getattr(number, "scale", "linear"),
        "meaning": parameter.meaning,
    }
    if isinstance(parameter, Choice):
        return {**entry, "options": list(parameter.options)}
    if isinstance(parameter, Several):
        return {**entry, "length": parameter.length, "whole": isinstance(number, Whole)}
    return {**entry, "multiple": parameter.multiple} if isinstance(parameter, Whole) else entry
