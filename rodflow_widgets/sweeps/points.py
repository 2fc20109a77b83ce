"""What varies from run to run: the product of lists, or an explicit list."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError, unknown
from ..vocabulary import Whole

if TYPE_CHECKING:
    from ..engine.optimizers.base import Optimizer

MOST = 10_000
"""Runs of one sweep."""
SEED = Whole("seed", "seed", 0, 0, 2**32 - 1)
OTHERS = ("start", "seed")
"""What varies beside hyperparameters."""


@dataclass(frozen=True)
class Point:
    """One run of a sweep.

    index: its place among all. values: all hyperparameters of its optimizer. start: number of its starting point, or None
    for that of the problem. name: what varies, e.g. "learning rate 0.1, seed 2".
    """

    index: int
    values: Mapping[str, float]
    seed: int
    start: int | None
    name: str

    def __getitem__(self, what: str) -> float | int | None:
        """The value of a hyperparameter, or "seed" or "start"."""
        return {**self.values, "seed": self.seed, "start": self.start}[what]


Axes = dict[str, tuple[Any, ...]]


def grid(
    optimizer: Optimizer, lists: Mapping[str, Any], seeds: Any, starts: int | None, points: Any
) -> tuple[tuple[Point, ...], Axes]:
    """The points of a sweep, and what varies: name -> its distinct values, in order.

    Args:
        optimizer: whose hyperparameters are set.
        lists: of hyperparameters, a list each that varies it or a number that sets it.
        seeds: one, or a list.
        starts: how many starting points there are; None is that of the problem alone.
        points: explicit ones, a dictionary each, of hyperparameters, "seed" and "start"; what one leaves out is as for all.

    Raises:
        ArgumentError, UnknownNameError: nothing of that name, a list that is empty, a value that cannot work.
    """
    for name in lists:
        if name not in optimizer.values:
            raise unknown("hyperparameter", name, optimizer.values)
    given = {name: _listed(name, value) for name, value in lists.items()}
    fixed = {name: values[0] for name, (values, varies) in given.items() if not varies}
    varied = {name: values for name, (values, varies) in given.items() if varies}
    numbers, several = _listed("seeds", seeds)
    if points is not None:
        if varied or several:
            both = next(iter(varied), "seeds")
            raise ArgumentError(f"points and a list of {both} were given: name every run in points, or give lists.")
        return _explicit(optimizer, fixed, numbers[0], starts, points)
    axes: dict[str, Sequence[Any]] = dict(varied)
    if starts is not None:
        axes["start"] = range(starts)
    if several:
        axes["seed"] = numbers
    runs = 1
    for values in axes.values():
        runs *= len(values)
    _check_many(runs)
    asked = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    common = {"seed": numbers[0], "start": None, **fixed}
    return _made(optimizer, [{**common, **one} for one in asked], list(axes))


def _explicit(
    optimizer: Optimizer, fixed: Mapping[str, Any], seed: Any, starts: int | None, points: Any
) -> tuple[tuple[Point, ...], Axes]:
    if isinstance(points, str | Mapping) or not isinstance(points, Iterable):
        raise ArgumentError(
            f"points={points!r} are not usable: give a list of dictionaries, e.g. [{{'learning_rate': 0.1}}]."
        )
    asked = list(points)
    if not asked:
        raise ArgumentError("points are empty: give at least one.")
    _check_many(len(asked))
    names: dict[str, None] = {}
    for i, one in enumerate(asked):
        if not isinstance(one, Mapping):
            raise ArgumentError(f"points[{i}]={one!r} is not usable: give a dictionary, e.g. {{'learning_rate': 0.1}}.")
        for name in one:
            if name not in optimizer.values and name not in OTHERS:
                raise unknown(f"points[{i}]: hyperparameter", name, {*optimizer.values, *OTHERS})
        names |= dict.fromkeys(one)
        begins = one.get("start")
        if begins is not None and not (type(begins) is int and 0 <= begins < (starts or 0)):
            has = "no starts were given" if starts is None else f"there are {starts}"
            raise ArgumentError(
                f"points[{i}]: start={begins!r} is not usable: give the number of one of starts ({has})."
            )
    common = {"seed": seed, "start": None, **fixed}
    return _made(optimizer, [{**common, **one} for one in asked], list(names))


def _made(
    optimizer: Optimizer, asked: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> tuple[tuple[Point, ...], Axes]:
    values = []
    for one in asked:
        hyper = optimizer.replace(**{name: value for name, value in one.items() if name not in OTHERS}).values
        values.append({**hyper, "seed": SEED.check(one["seed"]), "start": one["start"]})
    axes: Axes = {name: tuple(dict.fromkeys(one[name] for one in values)) for name in names}
    labels = {p.name: p.label for p in optimizer.parameters}
    made = []
    for i, one in enumerate(values):
        hyper = {what: value for what, value in one.items() if what not in OTHERS}
        made.append(Point(i, hyper, one["seed"], one["start"], named(one, axes, labels)))
    return tuple(made), axes


def named(one: Mapping[str, Any], axes: Axes, labels: Mapping[str, str]) -> str:
    """What varies of one run, for a person."""
    said = [name for name, values in axes.items() if len(values) > 1] or list(axes)
    return ", ".join(f"{labels.get(what, what)} {_number(one[what])}" for what in said) or "the run"


def _listed(name: str, given: Any) -> tuple[list[Any], bool]:
    """What is given as a list, and whether it was one."""
    if isinstance(given, str | bytes | Mapping):
        raise ArgumentError(f"{name}={given!r} is not usable: give a number, or a list of numbers.")
    if getattr(given, "ndim", 1) == 0 or not isinstance(given, Iterable):
        return [_plain(given)], False
    found = [_plain(value) for value in given]
    if not found:
        raise ArgumentError(f"{name}={given!r} is empty: give at least one value.")
    twice = next((value for i, value in enumerate(found) if value in found[:i]), None) if len(found) <= MOST else None
    if twice is not None:
        raise ArgumentError(f"{name} holds {twice!r} twice: give each value once.")
    return found, True


def _plain(value: Any) -> Any:
    """A number of numpy or torch as one of Python."""
    return value.item() if getattr(value, "ndim", None) == 0 else value


def _check_many(runs: int) -> None:
    if runs > MOST:
        raise ArgumentError(
            f"{runs:,} runs are more than the {MOST:,} of one sweep: give shorter lists, or several sweeps."
        )


def _number(value: Any) -> str:
    return "of the problem" if value is None else f"{value:g}" if isinstance(value, float) else f"{value:,}"
