"""A number a run against what varies, in bqplot: its final loss, or the steps that it took to a loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..figures.numbers import tick
from .sweep_explorer_axes import Rows, around
from .sweep_explorer_bqplot import bqplot
from .sweep_explorer_map import FIXED, MARGIN, NOWHERE, mark, put

if TYPE_CHECKING:
    from ..figures.sweep import ChartPicture

INK, FAILED = "var(--rodflow-sweep-ink)", "var(--rodflow-sweep-failed)"
PALE = 0.22
"""Opacity of what is not selected, while something is."""


@dataclass(frozen=True)
class Kind:
    """How runs are drawn that have come to one end: a marker, filled or not; above the others where it has no number."""

    name: str
    marker: str
    filled: bool
    colour: str = INK
    above: bool = False


DONE, GOING = Kind("done", "circle", True), Kind("going", "circle", False)
NEVER = Kind("never", "triangle-up", False, above=True)
LOST = Kind("lost", "cross", True, FAILED, above=True)
KINDS = (DONE, GOING, NEVER, LOST)


class Chart:
    """One number of every run, with a brush on the axis that the map has, too.

    Args:
        name: of the class of the figure, after "rodflow-sweep-".
        label: of the number.
        written: what stands on its axis.
    """

    def __init__(self, name: str, label: str, written: Callable[[float], str] = tick) -> None:
        self._written = written
        self._rate = bqplot.LinearScale(min=0.0, max=1.0, allow_padding=False)
        self._value = bqplot.LinearScale(min=0.0, max=1.0, allow_padding=False)
        scales = {"x": self._rate, "y": self._value}
        self._through = bqplot.Lines(**NOWHERE, scales=scales, preserve_domain=FIXED, colors=[INK], stroke_width=1.0)
        self.marks = {
            kind.name: bqplot.Scatter(
                x=np.zeros(0),
                y=np.zeros(0),
                scales=scales,
                preserve_domain=FIXED,
                marker=kind.marker,
                default_size=40 if kind.filled else 34,
                fill=kind.filled,
                colors=[kind.colour],
                stroke=kind.colour,
                stroke_width=1.4,
            )
            for kind in KINDS
        }
        self.brush = bqplot.interacts.BrushIntervalSelector(scale=self._rate, orientation="horizontal", color=INK)
        self._across = bqplot.Axis(scale=self._rate, grid_lines="none", label_offset="30px")
        self._up = bqplot.Axis(scale=self._value, side="left", label=label, label_offset="50px")
        self.figure = bqplot.Figure(
            marks=[self._through, *self.marks.values()],
            axes=[self._across, self._up],
            interaction=self.brush,
            fig_margin=MARGIN,
            padding_y=0,
            display_toolbar=False,
            layout={"height": "196px", "width": "100%", "min_width": "0"},
        )
        self.figure.add_class(f"rodflow-sweep-{name}")

    def picture(self, title: str) -> ChartPicture:
        """What is drawn now, for a static picture."""
        from ..figures.sweep import ChartPicture

        across, up = self._across, self._up
        points = {name: (np.array(mark.x), np.array(mark.y)) for name, mark in self.marks.items()}
        return ChartPicture(
            title,
            across.label,
            (self._rate.min, self._rate.max),
            (self._value.min, self._value.max),
            dict(zip(across.tick_values.tolist(), across.tick_labels.values(), strict=True)),
            dict(zip(up.tick_values.tolist(), up.tick_labels.values(), strict=True)),
            points,
        )

    def draw(
        self, rows: Rows, shown: list[int], values: np.ndarray, kinds: list[Kind], selected: set[int], label: str
    ) -> None:
        """Show the runs `shown`.

        Args:
            values: [all runs]; NaN for those without a number.
            kinds: of all runs.
            selected: the others are pale; where there are none, none is.
            label: of what varies.
        """
        numbered = [run for run in shown if not kinds[run].above and np.isfinite(values[run])]
        scale = around(values[numbered])
        above = any(kinds[run].above for run in shown)
        top = scale.high + (0.16 if above else 0.0) * (scale.high - scale.low)
        # Zero has no place on a logarithmic axis, nor what is far below the rest: they stand at the bottom.
        bottom = scale.low + 0.03 * (top - scale.low)
        heights = np.clip(np.nan_to_num(scale.at(values), nan=bottom), bottom, None)
        self._set(self._rate, rows.scale.low, rows.scale.high)
        self._set(self._value, scale.low, top)
        mark(self._across, rows.ticks(6), label)
        mark(self._up, scale.ticks(5, self._written), self._up.label)
        for kind in KINDS:
            runs = [run for run in shown if kinds[run] is kind and (kind.above or np.isfinite(values[run]))]
            points = self.marks[kind.name]
            pale = [1.0 if not selected or run in selected else PALE for run in runs]
            height = np.full(len(runs), top - 0.06 * (top - scale.low)) if kind.above else heights[runs]
            with points.hold_sync():
                points.x, points.y = rows.at[runs].astype(np.float32), height.astype(np.float32)
                points.opacities = np.array(pale or [1.0], dtype=np.float32)
        self._join(rows, [run for run in numbered if kinds[run] is DONE], heights)

    def _join(self, rows: Rows, runs: list[int], heights: np.ndarray) -> None:
        """A thin line through neighbours, where every value is of one run; what has no number breaks it."""
        order = [run for members in rows.members for run in members]
        joined = set(runs) if len(rows.distinct) == len(order) else set()
        put(self._through, rows.at[order], np.array([heights[run] if run in joined else np.nan for run in order]))

    @staticmethod
    def _set(scale: Any, low: float, high: float) -> None:
        if (scale.min, scale.max) != (low, high):
            with scale.hold_sync():
                scale.min, scale.max = low, high
