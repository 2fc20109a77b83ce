"""Name -> class for problems, optimizers, flows, schedules, probes and surveys: forms, command line, tests read it here."""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import torch

from ..errors import named_keywords, unknown
from ..vocabulary import Setting

PROBLEMS: dict[str, Any] = {}
OPTIMIZERS: dict[str, Any] = {}
FLOWS: dict[str, Any] = {}
PROBES: dict[str, Any] = {}
SURVEYS: dict[str, Any] = {}
SCHEDULES: dict[str, Any] = {}

Registered = TypeVar("Registered")


def register(
    table: dict[str, Any],
    name: str,
    *,
    label: str | None = None,
    parameters: tuple[Setting, ...] = (),
    cites: tuple[str, ...] = (),
) -> Callable[[Registered], Registered]:
    """Decorator that enters a class or factory into `table` under `name`.

    Args:
        table: PROBLEMS, OPTIMIZERS, FLOWS, SCHEDULES, PROBES or SURVEYS.
        name: under which it is found.
        label: of a factory, for people; a class states its own.
        parameters: of a factory, for forms: its arguments come to it as these have checked them. A class states its own.
        cites: of a problem, keys of `sources.bib`, which what it makes carries too. A class states its own.
    """

    def enter(entry: Any) -> Any:
        if name in table:
            raise ValueError(f"{name!r} is registered twice")
        if isinstance(entry, type):
            if "__init__" in vars(entry):
                setattr(entry, "__init__", named_keywords(name)(vars(entry)["__init__"]))  # noqa: B010 - mypy forbids the plain form
            table[name] = entry
            return entry
        made = named_keywords(name)(_checked(name if table is PROBLEMS else None, entry, parameters, cites))
        vars(made).update(label=label or name.replace("_", " "), parameters=parameters, cites=cites)
        table[name] = made
        return made

    return enter


def _checked(
    problem: str | None, function: Callable[..., Any], parameters: tuple[Setting, ...], cites: tuple[str, ...]
) -> Callable[..., Any]:
    """The function with every argument that one of `parameters` describes as its `check` returns it.

    What it makes knows `cites`; what makes a `problem` also says in `recipe` how that can be made again, as JSON data.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        for parameter in parameters:
            bound.arguments[parameter.name] = parameter.check(bound.arguments[parameter.name])
        made = function(*bound.args, **bound.kwargs)
        if cites:
            made.cites = cites
        if problem is None:
            return made
        plain = {key: _plain(value) for key, value in bound.arguments.items() if key != "device"}
        with contextlib.suppress(TypeError, ValueError):  # what is no JSON cannot be written down
            json.dumps(plain, allow_nan=False)
            made.recipe = {"name": problem, "arguments": plain}
        return made

    return checked


def _plain(value: Any) -> Any:
    """An argument of a problem as JSON data."""
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    return list(value) if isinstance(value, tuple) else value


def discover(package: str, path: Iterable[str], first: Sequence[str] = ()) -> None:
    """Import every module of a folder, so that a new file is found without being listed anywhere; forms show them in this order."""
    found = sorted(m.name for m in pkgutil.iter_modules(path))
    for module in (*first, *found):
        importlib.import_module(f"{package}.{module}")


def lookup(table: dict[str, Any], what: str, name: str) -> Any:
    """The entry called `name`, or UnknownNameError with the nearest name."""
    try:
        return table[name]
    except (KeyError, TypeError):
        raise unknown(what, name, table) from None
