"""The closed table of what may be made again from data: which classes, with which attributes, of which kinds."""

from __future__ import annotations

import ast
import functools
import inspect
import sys
import textwrap
import types
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from ..errors import ArgumentError
from .flows.base import Flow
from .objective import Objective
from .optimizers.base import Optimizer
from .optimizers.from_map import MappedOptimizer
from .optimizers.rule import Rule
from .point import Graph
from .problem import Problem
from .rates import Rates
from .registry import FLOWS, OPTIMIZERS, SCHEDULES

PACKAGE = __name__.rpartition(".")[0].rpartition(".")[0]
DESCRIPTIONS = (Optimizer, Flow, Rates)
"""Frozen descriptions, which are made by their constructors from their fields and so are checked once more."""
LEFT_OUT = (BaseException, Problem, Objective, Graph, Rule, MappedOptimizer)
ELSEWHERE = tuple(
    f"{PACKAGE}.engine.{name}"
    for name in ("checkpoint", "decoding", "encoding", "ensemble", "host", "model", "recompute", "surveys", "together")
)
"""Modules whose classes no simulation is made of."""
OWN = "own:"


def table(own: Iterable[Any] = ()) -> dict[str, type]:
    """Classes by name: those of the engine and the vocabulary, those that were registered, and those that `own` gives.

    A flow of one's own brings the class of its process along. Nothing is imported: it holds what this process has loaded.
    """
    found = {}
    for name, module in list(sys.modules.items()):
        inside = name.startswith(f"{PACKAGE}.engine.") and not name.startswith(ELSEWHERE)
        if inside or name == f"{PACKAGE}.vocabulary":
            for cls in vars(module).values():
                if isinstance(cls, type) and cls.__module__ == name and not issubclass(cls, LEFT_OUT):
                    found[name_of(cls)] = cls
    given = [entry for entry in (*OPTIMIZERS.values(), *FLOWS.values(), *SCHEDULES.values()) if isinstance(entry, type)]
    for one in own:
        given += [one] if isinstance(one, type) else [type(one)] if isinstance(one, Flow) else []
    for cls in given:
        found.setdefault(name_of(cls), cls)
        if issubclass(cls, Flow) and isinstance(getattr(cls, "process", None), type):
            found.setdefault(name_of(cls.process), cls.process)
    return found


def name_of(cls: type) -> str:
    """Under which a class is written down; those that are not ours by their own name alone, wherever they are defined."""
    ours = f"{PACKAGE}.engine."
    if cls.__module__.startswith(ours):
        return f"{cls.__module__.removeprefix(ours)}.{cls.__qualname__}"
    if cls.__module__ == f"{PACKAGE}.vocabulary":
        return f"vocabulary.{cls.__qualname__}"
    return f"{OWN}{cls.__qualname__}"


def bare(cls: type) -> Any:
    """An instance without attributes, or ArgumentError."""
    try:
        return object.__new__(cls)
    except TypeError as error:
        raise ArgumentError(f"the checkpoint holds a {cls.__name__}, of which there can be none ({error}).") from error


def check_attributes(cls: type, names: Iterable[str]) -> None:
    """ArgumentError unless an instance of `cls` may have, and has, the attributes `names`."""
    given = set(names)
    missing = sorted(required(cls) - given)
    if missing:
        raise ArgumentError(f"the checkpoint is damaged: a {cls.__name__} in it has no {missing[0]!r}.")
    for name in sorted(given):
        known = inspect.getattr_static(cls, name, None)
        code = inspect.isroutine(known) or isinstance(known, property | classmethod | staticmethod)
        if not name.isidentifier() or name.startswith("__") or code:
            raise ArgumentError(f"the checkpoint is damaged: {name!r} is no attribute of a {cls.__name__}.")
    if is_dataclass(cls):
        odd = sorted(given - {entry.name for entry in fields(cls)})
        if odd:
            raise ArgumentError(f"the checkpoint is damaged: {odd[0]!r} is no field of a {cls.__name__}.")


@functools.cache
def required(cls: type) -> frozenset[str]:
    """The attributes that every instance has: fields, or what `__init__` sets before anything is decided."""
    if is_dataclass(cls):
        return frozenset(entry.name for entry in fields(cls))
    found: set[str] = set()
    for base in cls.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(vars(base)["__init__"])))
        except (OSError, TypeError, SyntaxError):
            break  # a class that was typed somewhere: nothing is known of it
        body = tree.body[0]
        assert isinstance(body, ast.FunctionDef)
        onwards = False
        for statement in body.body:
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            targets = [statement.target] if isinstance(statement, ast.AnnAssign) and statement.value else targets
            for target in targets:
                found |= {node.attr for node in ast.walk(target) if isinstance(node, ast.Attribute) and _of_self(node)}
            onwards = onwards or "super().__init__" in ast.unparse(statement)
        if not onwards:
            break
    return frozenset(found)


def _of_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "self" and isinstance(node.ctx, ast.Store)


@functools.cache
def hints(cls: type) -> dict[str, Any]:
    """The kinds of a dataclass's fields, as far as they can be known."""
    if not is_dataclass(cls):
        return {}
    try:
        return get_type_hints(cls)
    except (NameError, TypeError, AttributeError):
        return {}


def fits(value: Any, hint: Any) -> bool:
    """Whether `value` is of the kind that an annotation names; what cannot be told fits."""
    origin, inside = get_origin(hint), get_args(hint)
    if hint is Any or isinstance(hint, TypeVar | str):
        return True
    if hint is None or hint is type(None):
        return value is None
    if origin in (Union, types.UnionType):
        return any(fits(value, one) for one in inside)
    if origin is Literal:
        return value in inside if isinstance(value, str | int) else False
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if len(inside) == 2 and inside[1] is ...:
            return all(fits(one, inside[0]) for one in value)
        return len(value) == len(inside) and all(map(fits, value, inside))
    if origin in (list, frozenset, set) and inside:
        return isinstance(value, origin) and all(fits(one, inside[0]) for one in value)
    kind = origin or hint
    if kind in (int, float):
        allowed = (int, float, np.integer, np.floating) if kind is float else (int, np.integer)
        return isinstance(value, allowed) and not isinstance(value, bool)
    return isinstance(value, kind) if isinstance(kind, type) else True
