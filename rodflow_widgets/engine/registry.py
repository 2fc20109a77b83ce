"""Name -> class for problems, optimizers, flows and probes: forms, command line and conformance tests read it here."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from typing import Any

from ..errors import named_keywords, unknown

PROBLEMS: dict[str, Callable[..., Any]] = {}
OPTIMIZERS: dict[str, Any] = {}
FLOWS: dict[str, Callable[[], Any]] = {}
PROBES: dict[str, Any] = {}


def register(
    table: dict[str, Any], name: str, *, choices: dict[str, tuple[str, ...]] | None = None
) -> Callable[[Any], Any]:
    """Decorator that enters a class or factory into `table` under `name`; `choices`: of arguments that are words."""

    def enter(entry: Any) -> Any:
        if name in table:
            raise ValueError(f"{name!r} is registered twice")
        if isinstance(entry, type):
            if "__init__" in vars(entry):
                setattr(entry, "__init__", named_keywords(name)(vars(entry)["__init__"]))  # noqa: B010 - mypy forbids the plain form
            table[name] = entry
            return entry
        entry.choices = choices or {}
        table[name] = named_keywords(name)(entry)
        return table[name]

    return enter


def discover(package: str, path: Iterable[str]) -> None:
    """Import every module of a folder, so that a new file is found without being listed anywhere."""
    for module in sorted(m.name for m in pkgutil.iter_modules(path)):
        importlib.import_module(f"{package}.{module}")


def lookup(table: dict[str, Any], what: str, name: str) -> Any:
    """The entry called `name`, or UnknownNameError with the nearest name."""
    try:
        return table[name]
    except (KeyError, TypeError):
        raise unknown(what, name, table) from None
