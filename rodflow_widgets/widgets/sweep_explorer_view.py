"""The figures of the explorer of a sweep with the words about them, laid out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import ipywidgets
import numpy as np

from ..sweeps import Sweep
from . import parts
from . import sweep_explorer_words as words
from .sweep_explorer_axes import Rows, whole
from .sweep_explorer_charts import DONE, GOING, LOST, NEVER, Chart, Kind
from .sweep_explorer_controls import Controls, close_figure, column, row
from .sweep_explorer_data import Gathered, Quantity
from .sweep_explorer_feed import Reader
from .sweep_explorer_map import Colours, Map


@dataclass(frozen=True)
class Scene:
    """What is drawn: rows, the runs in them, the values [all runs] of the axis, which runs are selected, what the axis is called."""

    rows: Rows
    shown: list[int]
    values: np.ndarray
    selected: set[int]
    axis: str


class Figures:
    """Map and charts with titles and words, the controls, and the reader.

    Args:
        gathered: what there is to be drawn.
        controls: that stand between them.
        names: of all runs.
    """

    def __init__(self, gathered: Gathered, controls: Controls, names: list[str]) -> None:
        self._controls, self._names = controls, names
        self._map = Map(gathered)
        self._final, self._reached = Chart("final", "loss"), Chart("reached", "steps", whole)
        self.brushes = (self._map.brush, self._final.brush, self._reached.brush)
        self.reader = Reader(tiles=[tile.model_id for tile in self._map.tiles])
        self._head, self._title, self._bar, self._words = (ipywidgets.HTML(layout={"width": "100%"}) for _ in range(4))
        left = column("3 1 400px", self._title, self._map.figure, self._bar)
        right = column(
            "2 1 300px",
            ipywidgets.HTML(words.title("Final loss")),
            self._final.figure,
            row(ipywidgets.HTML(words.title("Steps to loss")), controls.target),
            self._reached.figure,
            ipywidgets.HTML(words.markers()),
        )
        body = row(left, right, align="stretch", gap="4px 20px")
        self.children = (self._head, controls.top, body, controls.bottom, controls.message, self._words, self.reader)

    def draw(self, sweep: Sweep, gathered: Gathered, quantity: Quantity, scene: Scene, changed: np.ndarray) -> int:
        """Show what is new; returns the bytes of arrays that went to the page, but for a few numbers.

        Args:
            changed: [columns] of the map, where something is new.
        """
        rows, shown, selected, axis = scene.rows, scene.shown, scene.selected, scene.axis
        colours = self._map.draw(gathered, quantity, rows, changed, axis)
        ends = [_kind(gathered, run, reached=False) for run in range(gathered.runs)]
        self._final.draw(rows, shown, gathered.final, ends, selected, axis)
        ends = [_kind(gathered, run, reached=True) for run in range(gathered.runs)]
        steps = np.where(np.isfinite(gathered.reached), gathered.reached, gathered.last)
        self._reached.draw(rows, shown, steps, ends, selected, axis)
        said = words.sentences(gathered, shown, self._names, scene.values, axis)
        status = sweep.status
        self._head.value = words.head(sweep.recordings[0].spec, status.state, status.sentence)
        grouped = max(len(runs) for runs in rows.members)
        self._label = quantity.label[0].upper() + quantity.label[1:]
        self._ticks = words.ticks_of(quantity, colours)
        self._title.value = words.title(self._label, words.cells_of(quantity, gathered, grouped))
        self._bar.value = words.bar(quantity, colours)
        self._words.value = words.listed(said, sweep.errors, self._names)
        self._controls.count(len(selected), len(shown))
        labels = words.labels(said, quantity, colours, axis, len(shown), gathered.target)
        self._read(gathered, quantity, colours, rows, sweep.steps, labels)
        return self._map.sent + len(self.reader.numbers)

    def _read(
        self,
        gathered: Gathered,
        quantity: Quantity,
        colours: Colours,
        rows: Rows,
        steps: int,
        labels: dict[str, str],
    ) -> None:
        """Tell the page what stands where."""
        reader = self.reader
        numbers = (rows.at, gathered.final, gathered.edge, gathered.diverged, gathered.last, gathered.reached)
        with reader.hold_sync():
            reader.plan = {
                "names": self._names,
                "members": rows.members,
                "bounds": rows.bounds.tolist(),
                "columns": gathered.columns,
                "span": gathered.span,
                "steps": steps,
                "quantity": quantity.label,
                "key": quantity.key,
                "largest": quantity.largest,
                "log": colours.log,
                "low": colours.low,
                "high": colours.high,
                "target": gathered.target if math.isfinite(gathered.target) else None,
            }
            reader.numbers = np.array(numbers, dtype="<f4").tobytes()
            reader.states = list(gathered.states)
            reader.labels = labels

    def picture(self, sweep: Sweep) -> bytes:
        """PNG of what is drawn now."""
        from ..figures.sweep import sweep_picture

        spec = sweep.recordings[0].spec
        title = f"{spec['optimizer']['label']} on {spec['problem']['name']}. {sweep.status.sentence}"
        shown = self._map.picture(self._label, self._ticks)
        steps = f"Steps to loss {self._controls.goal:g}"
        return sweep_picture(title, shown, [self._final.picture("Final loss"), self._reached.picture(steps)])

    def close(self) -> None:
        """Close all widgets that this is made of."""
        for part in (self._map, self._final, self._reached):
            close_figure(part.figure)
        parts.close(*self.children)


def _kind(gathered: Gathered, run: int, *, reached: bool) -> Kind:
    """How a run is drawn in one of the charts."""
    state = gathered.states[run]
    if reached and math.isfinite(gathered.reached[run]):
        return DONE
    if math.isfinite(gathered.diverged[run]) or state == "error":
        return LOST
    if state not in ("finished", "diverged"):
        return GOING
    return NEVER if reached else DONE
