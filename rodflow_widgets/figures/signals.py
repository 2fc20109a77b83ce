"""What flows say about themselves at the end of a recording: bounds that their signals have passed, in their words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..vocabulary import Bound, Column
from .numbers import share, significant


def told(recording: Any) -> Iterator[tuple[str, str]]:
    """Name of the process and a plain sentence, for every signal that is beyond a bound or was beyond one that lasts."""
    for described in recording.spec["processes"]:
        table = recording[described["name"]]
        for column in (Column(**data) for data in described["columns"]):
            found = reached(column, np.asarray(table[column.name], dtype=float)) if column.signal else None
            if found is not None:
                bound, row, value = found
                since = float(np.asarray(table["time"])[row])
                yield described["name"], say(title(recording.spec, described["name"]), bound.words, since, value)


def reached(column: Column, values: np.ndarray) -> tuple[Bound, int, float] | None:
    """The highest bound that holds in the last row of `values` [rows], the row from which on it does, and the value."""
    for bound in reversed(column.signal):
        beyond = values > bound.above
        if bound.lasting and beyond.any():
            return bound, int(np.argmax(beyond)), float(np.nanmax(values))
        if not bound.lasting and beyond[-1:].any():
            before = np.flatnonzero(~beyond)
            return bound, int(before[-1]) + 1 if before.size else 0, float(values[-1])
    return None


def say(label: str, words: str, since: float, value: float) -> str:
    """A bound's words as a sentence about the flow called `label`."""
    numbers = {"{since}": f"{since:,.0f}", "{value}": significant(value, 2), "{share}": share(value)}
    for place, text in numbers.items():
        words = words.replace(place, text)
    return f"{label[:1].upper()}{label[1:]} {words.replace('*', '')}."


def title(spec: dict[str, Any], name: str) -> str:
    """The label of a process; its name where an earlier process has the same label."""
    labels = {process["name"]: process["label"] for process in spec["processes"]}
    first = next(other for other, label in labels.items() if label == labels[name])
    return str(labels[name] if first == name else name)
