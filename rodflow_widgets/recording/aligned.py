"""Tables that begin at different times, on one time axis."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import RunError
from ..vocabulary import Column

if TYPE_CHECKING:
    from .recording import Recording

RECORDED = "recorded"
RESERVED = {"time", "process", RECORDED, "journal", "checkpoints", "parameters", "lock"}
USABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True)
class Variable:
    """A column of one or several processes: [process, time], or [process, time, width] where rows hold vectors."""

    name: str
    column: Column
    width: int | None

    @property
    def dims(self) -> tuple[str, ...]:
        return ("process", "time") if self.width is None else ("process", "time", f"{self.name}_index")

    @property
    def attributes(self) -> dict[str, str]:
        column = self.column
        said = {"units": column.unit, "long_name": column.meaning, "source": column.source}
        return said if column.name == self.name else {**said, "column": column.name}


@dataclass(frozen=True)
class Aligned:
    """The rows of all processes, and of which time each is.

    Args:
        processes: names, as many as tables.
        time: [times], increasing.
        places: for every process the place of its rows in `time`.
        rows: for every process its columns without the time.
        variables: what there is.
        attributes: of the whole.
    """

    processes: tuple[str, ...]
    time: np.ndarray
    places: tuple[np.ndarray, ...]
    rows: tuple[dict[str, np.ndarray], ...]
    variables: tuple[Variable, ...]
    attributes: dict[str, Any]

    @property
    def time_attributes(self) -> dict[str, str]:
        return {"units": "optimizer steps"}

    def recorded(self, process: int) -> np.ndarray:
        """[times]: where a process has a row."""
        there = np.zeros(len(self.time), bool)
        there[self.places[process]] = True
        return there

    def spread(self, variable: Variable, process: int) -> np.ndarray | None:
        """[times] or [times, width] of one process, NaN where it has no row; None where it has no such column."""
        values = self.rows[process].get(variable.column.name)
        if values is None:
            return None
        shape = (len(self.time),) if variable.width is None else (len(self.time), variable.width)
        if values.shape == shape:
            return values
        found = np.full(shape, np.nan)
        if variable.width is None:
            found[self.places[process]] = values
        else:
            values = values[:, None] if values.ndim == 1 else values
            found[self.places[process], : values.shape[1]] = values
        return found

    def whole(self, variable: Variable) -> np.ndarray:
        """[processes, times] or [processes, times, width]."""
        sizes = (variable.width,) if variable.width is not None else ()
        found = np.full((len(self.processes), len(self.time), *sizes), np.nan)
        for i in range(len(self.processes)):
            values = self.spread(variable, i)
            if values is not None:
                found[i] = values
        return found


def align(recording: Recording) -> Aligned:
    """What a recording holds now, on one time axis.

    Raises:
        RunError: the time of a process does not increase from row to row.
    """
    tables = recording.tables
    rows = tuple(table.rows(0, len(table)) for table in tables)
    times = [columns["time"] for columns in rows]
    for table, time in zip(tables, times, strict=True):
        if not _increases(time):
            raise RunError(
                f"The time of {table.name!r} does not increase from row to row, so there is no common time axis: "
                f"use to_pandas({table.name!r})."
            )
    axis = np.unique(np.concatenate(times)) if times else np.empty(0)
    columns: dict[str, Column] = {}
    widths: dict[str, int | None] = {}
    for table, found in zip(tables, rows, strict=True):
        for column in table.described:
            if column.name == "time":
                continue
            columns[column.name] = column
            widths.setdefault(column.name, None)
            if found[column.name].ndim == 2:
                widths[column.name] = max(column.width, widths[column.name] or 0)
    names = variable_names(list(columns), [name for name, width in widths.items() if width is not None])
    return Aligned(
        tuple(table.name for table in tables),
        axis,
        tuple(np.searchsorted(axis, time) for time in times),
        tuple({name: values for name, values in found.items() if name != "time"} for found in rows),
        tuple(Variable(names[name], column, widths[name]) for name, column in columns.items()),
        {"problem": recording.spec["problem"]["name"], "optimizer": recording.spec["optimizer"]["label"]},
    )


def variable_names(columns: list[str], matrices: list[str]) -> dict[str, str]:
    """Column -> name of its variable: the same where it is a plain word that nothing else has, whatever its case."""
    indices = {f"{name}_index".lower() for name in matrices}
    made = [f"variable_{i}" for i in range(len(columns))]
    taken = {*RESERVED, *indices, *made, *(f"{name}_index" for name in made)}
    names = {}
    for i, name in enumerate(columns):
        if USABLE.fullmatch(name) and name.lower() not in taken:
            names[name] = name
            taken.add(name.lower())
        else:
            names[name] = made[i]
    return names


def _increases(time: np.ndarray) -> bool:
    """Whether every time is finite, is not the negative zero, and is above the one before."""
    return bool(np.isfinite(time).all() and not (np.signbit(time) & (time == 0)).any() and (np.diff(time) > 0).all())
