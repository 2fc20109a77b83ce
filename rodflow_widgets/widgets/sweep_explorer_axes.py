"""Where runs stand on an axis, and which numbers are written along it: all scales are linear in a coordinate of our own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from ..figures.numbers import tick

MOST_ROWS = 240
"""Rows of the map: about as many as it has pixels for."""
DECADES = 12
"""Of a logarithmic axis at most: what is less stands at its end."""
ALONE = 0.15
"""Half the height of a row that is the only one, in the coordinate."""


@dataclass(frozen=True)
class Scale:
    """A linear axis, or a logarithmic one, whose coordinate is the decimal logarithm; or one on which nothing is yet."""

    log: bool
    low: float
    high: float
    empty: bool = False

    def at(self, values: np.ndarray | float) -> np.ndarray:
        """Coordinates; NaN where a logarithmic axis has no place for a value."""
        values = np.asarray(values, dtype=np.float64)
        if not self.log:
            return values
        return np.log10(values, out=np.full(values.shape, np.nan), where=values > 0)

    def value(self, coordinate: float) -> float:
        return float(10**coordinate if self.log else coordinate)

    def ticks(self, most: int, written: Callable[[float], str] = tick) -> dict[float, str]:
        """Coordinate -> what is written there."""
        if self.empty:
            return {self.low: ""}
        if not self.log:
            step = _round_up((self.high - self.low) / most)
            first = math.ceil(self.low / step - 1e-9)
            evenly = [round(i * step, 12) for i in range(first, math.floor(self.high / step + 1e-9) + 1)]
            return {mark: written(mark + 0.0) for mark in evenly}
        lowest, highest = math.floor(self.low), math.ceil(self.high)
        for within in ((1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
            marks = [(e + math.log10(m), m * 10.0**e) for e in range(lowest, highest + 1) for m in within]
            marks = [(u, value) for u, value in marks if self.low - 1e-9 <= u <= self.high + 1e-9]
            marks = [mark for mark in marks if written is not whole or float(mark[1]).is_integer()]
            if len(marks) <= most:
                break
        else:
            every = -(-len(marks) // most)
            marks = [mark for mark in marks if round(mark[0]) % every == 0]
        return {u: written(float(f"{value:.3g}")) for u, value in marks}


def spaced_logarithmically(values: Sequence[float]) -> bool:
    """Whether distinct ascending values are positive, and their ratios more even than their differences."""
    if len(values) < 2 or not values[0] > 0:
        return len(values) == 1 and values[0] > 0
    if len(values) == 2:
        return values[1] >= 3 * values[0]
    spread = [np.std(gaps) / np.mean(gaps) for gaps in (np.diff(np.log(values)), np.diff(values))]
    return bool(spread[0] < spread[1])


def around(values: np.ndarray, *, log: bool | None = None) -> Scale:
    """A scale on which all finite values of a chart have room; logarithmic unless some are not positive.

    Values of exactly 0 do not make it linear: they have no place on it.
    """
    finite = values[np.isfinite(values)]
    positive = finite[finite > 0]
    if log is None:
        log = len(positive) > 0 and not (finite < 0).any()
    shown = Scale(log, 0, 1).at(positive if log else finite)
    if not len(shown):
        return Scale(False, 0, 1, empty=True)
    low, high = float(shown.min()), float(shown.max())
    low = max(low, high - DECADES) if log else low
    least = 0.3 if log else (0.1 * max(abs(low), abs(high)) or 1.0)
    room = max(0.06 * (high - low), (least - (high - low)) / 2)
    return Scale(log, low - room, high + room)


class Rows:
    """Which row of the map is of which runs, the lowest value first.

    Args:
        values: [runs] of the axis; runs of one value share its band.
        shown: the runs that are drawn.

    Attributes:
        scale: the axis.
        members: for every row the runs in it: one, or several neighbours where there are more runs than rows.
        bounds: [rows + 1] coordinates.
    """

    def __init__(self, values: np.ndarray, shown: Sequence[int]) -> None:
        order = sorted(shown, key=lambda run: (values[run], run))
        distinct = sorted({float(values[run]) for run in order})
        log = spaced_logarithmically(distinct)
        at = Scale(log, 0, 1).at(np.array(distinct))
        self.values = values
        self.at = Scale(log, 0, 1).at(values)
        if len(at) == 1:
            half = ALONE if log else 0.5
            bands = np.array([at[0] - half, at[0] + half])
        else:
            middle = (at[1:] + at[:-1]) / 2
            bands = np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])
        self.scale = Scale(log, float(bands[0]), float(bands[-1]))
        self.distinct = distinct
        bounds: list[float] = []
        for i, value in enumerate(distinct):
            count = sum(values[run] == value for run in order)
            bounds += np.linspace(bands[i], bands[i + 1], count, endpoint=False).tolist()
        grouped = -(-len(order) // MOST_ROWS)
        self.members = [order[i : i + grouped] for i in range(0, len(order), grouped)]
        self.bounds = np.array([*bounds[::grouped], bands[-1]])

    def __len__(self) -> int:
        return len(self.members)

    @property
    def centres(self) -> np.ndarray:
        """[rows] coordinates."""
        return (self.bounds[1:] + self.bounds[:-1]) / 2

    def ticks(self, most: int) -> dict[float, str]:
        """Coordinate -> what is written there: the values themselves where they are few."""
        if len(self.distinct) > most:
            return self.scale.ticks(most)
        return {float(self.scale.at(value)): f"{value:.4g}".replace("-", "−") for value in self.distinct}

    def cells(self, cells: np.ndarray) -> np.ndarray:
        """[rows, columns] of [runs, columns]: of several runs the largest."""
        if all(len(runs) == 1 for runs in self.members):
            return cells[[runs[0] for runs in self.members]]
        return np.array([np.fmax.reduce(cells[runs]) for runs in self.members])

    def within(self, low: float, high: float) -> list[int]:
        """The runs whose value lies between two coordinates, the lowest first."""
        low, high = min(low, high), max(low, high)
        return [run for runs in self.members for run in runs if low <= self.at[run] <= high]


def whole(value: float) -> str:
    """A number of steps, as it stands on an axis."""
    return f"{value:,.0f}" if value >= 1 or value == 0 else f"{value:g}"


def labelled(ticks: Mapping[float, str]) -> tuple[np.ndarray, dict[str, str]]:
    """Ticks as an axis of bqplot takes them: where they are, and what JavaScript calls these numbers -> what is written."""
    ticks = {float(f"{at:.6g}"): text for at, text in ticks.items()}
    return np.array(list(ticks)), {_in_javascript(at): text for at, text in ticks.items()}


def _in_javascript(value: float) -> str:
    """A number as JavaScript writes it."""
    if value == int(value):
        return str(int(value))
    text = repr(value)
    if "e" in text and abs(value) >= 1e-6:
        return f"{Decimal(text):f}"
    return text.replace("e-0", "e-")


def _round_up(step: float) -> float:
    if not step > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * m for m in (1, 2, 5, 10) if power * m >= step * (1 - 1e-9))
