"""The map of a sweep, a row a run and a column every few steps, in bqplot.

A heat map of bqplot is one array, which goes to the page whole; so the map is made of tiles of a few columns, of which
only those go that have changed. Its cells hold the logarithm of what they show, and a value far below any of it stands for
nothing: bqplot paints a NaN in the colour of the cell before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..figures.palette import HATCHING, LOW_TO_HIGH, ON_HEAT, RATIO_STOPS, SMALL_TO_LARGE, ramp
from .sweep_explorer_axes import Rows, Scale, around, labelled, whole
from .sweep_explorer_bqplot import bqplot
from .sweep_explorer_data import LOSS, RATIO, Gathered, Quantity

if TYPE_CHECKING:
    from ..figures.sweep import MapPicture

TILE = 25
"""Columns of a tile."""
NOTHING, FLOOR = -1000.0, -300.0
"""The value of a cell that holds none, and the least of those that do."""
SHADES = 65
MARGIN = {"top": 6, "right": 10, "bottom": 38, "left": 64}
FIXED = {"x": True, "y": True}
NOWHERE = {"x": np.zeros(1), "y": np.zeros(1)}


class Colours:
    """How the values of a quantity become colours: `at` gives what a cell holds, from `low` to `high` on the scale.

    Args:
        log: 2 or 10, the base of the logarithm; 0 for values as they are.
        low, high: coordinates of the first and of the last shade.
        shades: from low to high.
    """

    def __init__(self, log: int, low: float, high: float, shades: list[str]) -> None:
        self.log, self.low, self.high, self.shades = log, low, high, shades

    @staticmethod
    def of(quantity: Quantity, values: np.ndarray) -> Colours:
        """Those that suit all `values`; of the ratio they are always the same."""
        if quantity.key == RATIO:
            stops = [(float(np.log2(ratio)), colour) for ratio, colour in RATIO_STOPS]
            return Colours(2, stops[0][0], stops[-1][0], ramp(stops, SHADES))
        given = LOW_TO_HIGH if quantity.key == LOSS else SMALL_TO_LARGE
        scale = around(values)
        shades = ramp(list(enumerate(given)), SHADES)
        return Colours(10 if scale.log else 0, round(scale.low, 2), round(scale.high, 2), shades)

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.log, self.low, self.high, self.shades[0], self.shades[-1])

    def at(self, values: np.ndarray) -> np.ndarray:
        """What cells hold: the logarithm, or the share of the way from `low` to `high`; NaN stays."""
        if not self.log:
            return np.clip((values - self.low) / ((self.high - self.low) or 1.0), FLOOR, -FLOOR)
        base = np.log2 if self.log == 2 else np.log10
        found = base(values, out=np.full(values.shape, np.nan), where=values > 0)
        return np.where(values <= 0, FLOOR, np.clip(found, FLOOR, -FLOOR))

    @property
    def ends(self) -> tuple[float, float]:
        """The first and the last shade on the scale of what cells hold."""
        return (self.low, self.high) if self.log else (0.0, 1.0)


class Map:
    """The figure of the map, with the lines of the edge and of divergence, and a brush on the axis of the runs.

    Args:
        gathered: whose columns it has.
    """

    def __init__(self, gathered: Gathered) -> None:
        self.columns, self.span = gathered.columns, gathered.span
        self._time = bqplot.LinearScale(min=0.0, max=float(self.columns * self.span), allow_padding=False)
        self._rate = bqplot.LinearScale(min=0.0, max=1.0, allow_padding=False)
        self._colour = bqplot.ColorScale(min=NOTHING, mid=-3.0, max=1.0, colors=["black", "white"])
        self._scales = {"x": self._time, "y": self._rate}
        starts = list(range(0, self.columns, TILE))
        if len(starts) > 1 and self.columns - starts[-1] < 2:
            starts.pop()
        # A tile also holds the first column of the next one, which is drawn over it: no seam shows between them.
        ends = [min(start + 1, self.columns) for start in starts[1:]] + [self.columns]
        self._ranges = list(zip(starts, ends, strict=True))
        nothing = np.full((2, 2), NOTHING, dtype=np.float32)
        self.tiles = [
            bqplot.HeatMap(
                x=np.array([0.0, 1.0]),
                y=np.array([0.0, 1.0]),
                color=nothing,
                scales={**self._scales, "color": self._colour},
                preserve_domain={"x": True, "y": True, "color": True},
                null_color=None,
            )
            for _ in self._ranges
        ]
        self._after = bqplot.Lines(
            **NOWHERE,
            scales=self._scales,
            preserve_domain=FIXED,
            stroke_width=0.0,
            fill="inside",
            fill_colors=[HATCHING],
            fill_opacities=[0.45],
            colors=[HATCHING],
        )
        self._edge = self._line("dashed")
        self._diverged = self._line("solid")
        self.brush = bqplot.interacts.BrushIntervalSelector(scale=self._rate, orientation="vertical", color=ON_HEAT[0])
        self.axis = bqplot.Axis(scale=self._rate, side="left", grid_lines="none", label_offset="50px")
        steps = bqplot.Axis(scale=self._time, grid_lines="none", label_offset="30px")
        mark(steps, Scale(False, 0.0, self._time.max).ticks(6, whole), "step")
        self.figure = bqplot.Figure(
            marks=[*self.tiles, self._after, *self._edge, *self._diverged],
            axes=[self.axis, steps],
            interaction=self.brush,
            fig_margin=MARGIN,
            padding_y=0,
            display_toolbar=False,
            layout={"height": "400px", "width": "100%", "min_width": "0"},
        )
        self.figure.add_class("rodflow-sweep-map")
        self._shown: tuple[Any, ...] = ()
        self.sent = 0

    def draw(self, gathered: Gathered, quantity: Quantity, rows: Rows, changed: np.ndarray, label: str) -> Colours:
        """Show what is new, or everything where another quantity or other rows are asked for."""
        cells = rows.cells(gathered.cells[quantity.key])
        # What a run does on its way out would take all colours.
        steady = ~np.isfinite(_first(gathered.diverged, rows))
        colours = Colours.of(quantity, cells[steady] if np.isfinite(cells[steady]).any() else cells)
        if (quantity.key, id(rows)) != self._shown[:2]:
            changed = np.ones_like(changed)
            self._rate.min, self._rate.max = rows.scale.low, rows.scale.high
            mark(self.axis, rows.ticks(8), label)
        if (quantity.key, *colours.key) != self._shown[2:]:
            self._recolour(colours)
            changed = changed | (not colours.log)
        self._shown = (quantity.key, id(rows), quantity.key, *colours.key)
        held = colours.at(cells)
        self._complete(held, gathered, rows)
        self._drawn = (held, colours, rows)
        self.sent = 0
        for tile, (start, end) in zip(self.tiles, self._ranges, strict=True):
            if changed[start:end].any():
                self._fill(tile, held[:, start:end], np.arange(start, end), rows)
        self._met, self._lost = _first(gathered.edge, rows), _first(gathered.diverged, rows)
        self._stairs(self._edge, self._met, rows)
        self._stairs(self._diverged, self._lost, rows)
        self._hatch(self._lost, rows)
        return colours

    def picture(self, title: str, bar: dict[float, str]) -> MapPicture:
        """What is drawn now, for a static picture; `bar` says what stands below its colours."""
        from ..figures.sweep import MapPicture

        held, colours, rows = self._drawn
        low, high = colours.ends
        cells = np.where(held > NOTHING, held, np.nan)
        x = np.arange(self.columns + 1) * float(self.span)
        share = {
            low + (at - colours.low) / ((colours.high - colours.low) or 1.0) * (high - low): text
            for at, text in bar.items()
        }
        return MapPicture(
            title,
            self.axis.label,
            x,
            rows.bounds,
            rows.ticks(8),
            cells,
            colours.shades,
            low,
            high,
            self._met,
            self._lost,
            share,
        )

    def _recolour(self, colours: Colours) -> None:
        """From NOTHING to the first shade there are as many colours as shades: none at first, then the first shade."""
        low, high = colours.ends
        before = ["rgba(0, 0, 0, 0)"] * (SHADES // 2) + [colours.shades[0]] * (SHADES // 2)
        with self._colour.hold_sync():
            self._colour.colors = [*before, *colours.shades]
            self._colour.mid, self._colour.max = low, max(high, low + 1e-9)

    def _complete(self, held: np.ndarray, gathered: Gathered, rows: Rows) -> None:
        """Where a run has measured nothing for some steps, its cells repeat the one before; after its last row they are empty."""
        columns = np.arange(self.columns)
        for row, runs in enumerate(rows.members):
            there = np.isfinite(held[row])
            if there.all():
                continue
            last = np.nanmax(gathered.last[runs], initial=-np.inf)
            before = np.maximum.accumulate(np.where(there, columns, -1))
            inside = ~there & (before >= 0) & (columns * self.span <= last)
            held[row, inside] = held[row, before[inside]]
            held[row, ~there & ~inside] = NOTHING

    def _fill(self, tile: Any, held: np.ndarray, columns: np.ndarray, rows: Rows) -> None:
        """A heat map of bqplot needs two columns and two rows: where there is one, it is cut in half."""
        x, y = (columns + 0.5) * self.span, rows.centres
        if len(x) == 1:
            x, held = np.array([0.25, 0.75]) * self.span, np.repeat(held, 2, axis=1)
        if len(y) == 1:
            quarter = (rows.bounds[1] - rows.bounds[0]) / 4
            y, held = np.array([y[0] - quarter, y[0] + quarter]), np.repeat(held, 2, axis=0)
        with tile.hold_sync():
            tile.x, tile.y = x, y
            tile.color = np.ascontiguousarray(held, dtype=np.float32)
        self.sent += tile.color.nbytes

    def _stairs(self, lines: tuple[Any, Any], steps: np.ndarray, rows: Rows) -> None:
        """A vertical stroke a row; neighbours are joined, and where a run has none the line is broken."""
        known = np.isfinite(steps)
        x = np.repeat(np.where(known, steps, 0.0), 2)
        y = np.where(np.repeat(known, 2), np.column_stack([rows.bounds[:-1], rows.bounds[1:]]).ravel(), np.nan)
        for line in lines:
            put(line, x, y)

    def _hatch(self, steps: np.ndarray, rows: Rows) -> None:
        """An area a row, from the step at which it diverged to the end."""
        there = np.flatnonzero(np.isfinite(steps))
        left, right = steps[there], np.full(len(there), self._time.max)
        low, high = rows.bounds[:-1][there], rows.bounds[1:][there]
        x = np.column_stack([left, left, right, right, left, left]).ravel()
        put(self._after, x, np.column_stack([low, high, high, low, low, np.full(len(there), np.nan)]).ravel())

    def _line(self, style: str) -> tuple[Any, Any]:
        """A dark line with a light halo, to be seen on every colour."""
        ink, halo = ON_HEAT
        made = [
            bqplot.Lines(
                **NOWHERE,
                scales=self._scales,
                preserve_domain=FIXED,
                colors=[colour],
                stroke_width=width,
                line_style=how,
                opacities=[opacity],
            )
            for colour, width, how, opacity in ((halo, 4.5, "solid", 0.75), (ink, 2.0, style, 1.0))
        ]
        return made[0], made[1]


def mark(axis: Any, ticks: dict[float, str], label: str) -> None:
    """Write along an axis. What is written goes to the page before the places where it is.

    bqplot draws new places with what was to be written when it heard of them.
    """
    at, names = labelled(ticks)
    if names != axis.tick_labels or label != axis.label:
        axis.label = label
        axis.tick_labels = names
        axis.tick_values = at


def put(line: Any, x: np.ndarray, y: np.ndarray) -> None:
    """Give a line its points; NaN breaks it. bqplot asks where the last one is, so that one is added that is somewhere."""
    with line.hold_sync():
        line.x = np.append(x, [0.0, 0.0]).astype(np.float32)
        line.y = np.append(y, [np.nan, 0.0]).astype(np.float32)


def _first(steps: np.ndarray, rows: Rows) -> np.ndarray:
    """[rows] the first step of the runs of a row; infinite where there is none."""
    return np.array([np.nanmin(steps[runs], initial=np.inf) for runs in rows.members])
