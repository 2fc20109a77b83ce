"""What forms need to know of the registry, as plain data: names, labels, parameters, and which flow models what."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import ArgumentError
from ..vocabulary import Parameter

KINDS = {int: "whole", float: "number", str: "choice"}


def catalogue() -> dict[str, list[dict[str, Any]]]:
    """Problems, optimizers and flows, each with its parameters; JSON-able."""
    from . import flows, optimizers, problems  # noqa: F401 - importing them fills the registry
    from .registry import FLOWS, OPTIMIZERS, PROBLEMS

    return {
        "problems": [_problem(name, make) for name, make in PROBLEMS.items()],
        "optimizers": [_optimizer(name, cls) for name, cls in OPTIMIZERS.items()],
        "flows": [_flow(name, make, OPTIMIZERS) for name, make in FLOWS.items()],
    }


def _summary(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _problem(name: str, make: Callable[..., Any]) -> dict[str, Any]:
    choices = getattr(make, "choices", {})
    given = inspect.signature(make).parameters.values()
    parameters = [_guessed(p.name, p.default, choices.get(p.name)) for p in given if p.name not in ("dtype", "device")]
    return {"name": name, "label": name.replace("_", " "), "summary": _summary(make), "parameters": parameters}


def _optimizer(name: str, cls: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": cls.label,
        "summary": _summary(cls),
        "threshold": cls.threshold_text,
        "parameters": [{"kind": "number", **_plain(p)} for p in cls.parameters],
    }


def _flow(name: str, make: Callable[..., Any], optimizers: dict[str, Any]) -> dict[str, Any]:
    flow = make()
    fields = dataclasses.fields(flow) if isinstance(make, type) else ()
    return {
        "name": name,
        "label": flow.label,
        "detail": flow.detail,
        "kind": flow.kind,
        "parameters": [_guessed(f.name, f.default, None) for f in fields if f.name != "name"],
        "for": list(_modelled(flow, optimizers)),
    }


def _modelled(flow: Any, optimizers: dict[str, Any]) -> Iterator[str]:
    for name, cls in optimizers.items():
        try:
            flow.check(cls(cls.parameters[0].default))
        except ArgumentError:
            continue
        yield name


def _plain(parameter: Parameter) -> dict[str, Any]:
    keys = ("name", "label", "default", "lower", "upper", "unit", "scale", "meaning")
    return {key: getattr(parameter, key) for key in keys}


def _guessed(name: str, default: Any, options: tuple[str, ...] | None) -> dict[str, Any]:
    """A parameter of which the signature tells; a default of None is a whole number that is chosen by itself."""
    listed = isinstance(default, tuple)
    kind = "list" if listed else KINDS.get(type(default), "whole")
    found = {
        "name": name,
        "label": name.replace("_", " "),
        "kind": kind,
        "default": list(default) if listed else default,
        "lower": None,
        "upper": None,
        "unit": "",
        "scale": "linear",
        "meaning": "",
    }
    return {**found, "options": list(options)} if options else found
