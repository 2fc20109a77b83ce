"""The controls of the explorer of a sweep."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets
import numpy as np

from .branches import MOST
from .sweep_explorer_axes import Rows
from .sweep_explorer_data import Gathered, Quantity

STYLE = {"description_width": "initial"}
ANY = -1


class Controls:
    """What is chosen: axis, colour, the values of what else varies, the loss that is aimed at, a range of runs.

    Args:
        axes: what runs may be drawn against.
        axis: the first of them.
        varying: name -> values of all that varies.
        labels: of hyperparameters.
        quantities: that the map may show.
        colour: key of the first of them, or None.
        target: loss, or None for one that is proposed.

    Attributes:
        quiet: whether the range is being set by the program rather than by a person.
    """

    def __init__(
        self,
        axes: Sequence[str],
        axis: str,
        varying: Mapping[str, Sequence[Any]],
        labels: Mapping[str, str],
        quantities: Sequence[Quantity],
        colour: str | None,
        target: float | None,
    ) -> None:
        self.axis = _menu("Against", [(labels.get(name, name), name) for name in axes], axis)
        self.colour = _menu("Colour", [(q.label, q.key) for q in quantities], colour or quantities[0].key)
        self.filters = {
            name: _menu(labels.get(name, name), [("all", ANY), *((_written(v), i) for i, v in enumerate(values))], ANY)
            for name, values in varying.items()
            if len(varying) > 1
        }
        self._varying = varying
        self.axis.layout.display = "" if len(axes) > 1 else "none"
        self._proposed = target is None
        self.quiet = False
        self.target = ipywidgets.FloatText(
            value=0.0 if target is None else target,
            step=None,
            continuous_update=False,
            layout={"width": "110px"},
            tooltip="Steps are counted until the loss is first at most this.",
        )
        self.target.observe(lambda change: self._said(), names="value")
        self.range = ipywidgets.SelectionRangeSlider(
            options=[("", 0)],
            index=(0, 0),
            description="Runs",
            continuous_update=False,
            style=STYLE,
            layout={"flex": "1 1 260px", "max_width": "460px", "width": "auto"},
        )
        self.compare = ipywidgets.Button(description="Compare", button_style="primary", layout={"width": "auto"})
        self.clear = ipywidgets.Button(description="Select none", layout={"width": "auto"})
        self.message = ipywidgets.HTML(layout={"width": "100%"})
        self.top = row(self.axis, self.colour, *self.filters.values())
        self.bottom = row(self.range, self.compare, self.clear)
        self._hide_own_axis()
        self.axis.observe(lambda change: self._hide_own_axis(), names="value")

    @property
    def goal(self) -> float:
        """Loss that is aimed at; NaN before one is known."""
        return math.nan if self._proposed else float(self.target.value)

    @property
    def wanted(self) -> dict[str, Any]:
        """What else varies -> the value that runs must have, where not all are wanted."""
        asked = {name: menu.value for name, menu in self.filters.items() if name != self.axis.value}
        return {name: self._varying[name][place] for name, place in asked.items() if place != ANY}

    def propose(self, gathered: Gathered) -> None:
        """Aim at half the loss at the start, once that is known, unless somebody has said otherwise."""
        if self._proposed:
            first = gathered.first[np.isfinite(gathered.first)]
            if len(first):
                self._proposed = False
                start = float(np.median(first))
                self.target.value = float(f"{start / 2 if start > 0 else 2 * start:.1g}")

    def _said(self) -> None:
        self._proposed = False

    def offer(self, rows: Rows) -> None:
        """Let the slider go over the values of other rows."""
        options = [(_written(value), i) for i, value in enumerate(rows.distinct)]
        self.range.disabled = len(options) < 2
        self.quiet = True
        self.range.index = (0, 0)
        self.range.options = options
        self.range.index = (0, len(options) - 1)
        self.quiet = False

    def ends(self, rows: Rows) -> tuple[float, float] | None:
        """Coordinates about the values that the slider holds."""
        first, last = self.range.index
        if last >= len(rows.distinct):
            return None
        at = rows.scale.at(np.array(rows.distinct))
        low = rows.scale.low if first == 0 else (at[first] + at[first - 1]) / 2
        high = rows.scale.high if last == len(at) - 1 else (at[last] + at[last + 1]) / 2
        return float(low), float(high)

    def show(self, rows: Rows, selected: Sequence[int]) -> None:
        """Let the slider say what is selected."""
        values = {run: float(value) for run, value in enumerate(rows.values)}
        places = [rows.distinct.index(values[run]) for run in selected]
        self.quiet = True
        self.range.index = (min(places), max(places)) if places else (0, len(rows.distinct) - 1)
        self.quiet = False

    def count(self, selected: int, shown: int) -> None:
        """Say what Compare would take."""
        asked = selected or shown
        runs = f"{MOST} of {asked}" if asked > MOST else str(asked)
        self.compare.description = f"Compare {runs} runs" if asked > 1 else "Look at 1 run"
        self.clear.disabled = not selected

    def say(self, sentence: str) -> None:
        self.message.value = (
            f'<div class="rodflow-sweep-words" role="status">{html.escape(sentence)}</div>' if sentence else ""
        )

    def _hide_own_axis(self) -> None:
        for name, menu in self.filters.items():
            menu.layout.display = "none" if name == self.axis.value else ""


def row(*children: Any, align: str = "center", gap: str = "2px 12px") -> ipywidgets.HBox:
    layout = {"flex_flow": "row wrap", "align_items": align, "width": "100%", "grid_gap": gap}
    return ipywidgets.HBox(children, layout=layout)


def column(flex: str, *children: Any) -> ipywidgets.VBox:
    return ipywidgets.VBox(children, layout={"flex": flex, "min_width": "0", "overflow": "hidden"})


def close_figure(figure: Any) -> None:
    """Close a figure of bqplot with all that it is made of; it leaves marks, axes and scales open."""
    scales = {id(scale): scale for part in figure.marks for scale in part.scales.values()}
    brush = [figure.interaction] if figure.interaction is not None else []
    for part in (*figure.marks, *figure.axes, *brush, *scales.values(), figure.scale_x, figure.scale_y):
        part.close()


def _menu(title: str, options: list[tuple[str, Any]], value: Any) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(
        options=options, value=value, description=title, style=STYLE, layout={"width": "auto", "max_width": "300px"}
    )


def _written(value: Any) -> str:
    return "of the problem" if value is None else f"{value:g}"
