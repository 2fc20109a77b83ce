"""The explorer of a sweep: a map of its runs, what they came to, and a way to compare some of them."""

from __future__ import annotations

import functools
import math
import threading
import weakref
from collections.abc import Iterable
from typing import Any

import ipywidgets
import numpy as np

from ..errors import ArgumentError, unknown
from ..sweeps import Sweep
from . import cells, overlay
from .branches import MOST
from .live import Live
from .saved import LIVE_CLASS
from .sender import SENDER
from .sweep_explorer_axes import Rows
from .sweep_explorer_controls import Controls
from .sweep_explorer_data import Gathered
from .sweep_explorer_feed import Updates
from .sweep_explorer_still import Kept
from .sweep_explorer_view import Figures, Scene

NAMES = {"start": "starting point", "seed": "seed"}


class SweepExplorer(ipywidgets.VBox):
    """A map of learning rate (or what else varies) against steps, final loss and steps to a loss, and a brush on the runs.

    It follows a sweep that is running. A brush on the map or on a chart selects runs, and Compare opens them, overlaid, in
    the live view, where they go on growing. At most eight are drawn there: of more, eight that are spread evenly.

    Args:
        sweep: what `rf.sweep` returned, or `rf.load` of its folder.
        axis: what runs are drawn against, a hyperparameter, "seed" or "start"; None takes the learning rate where it varies.
        colour: what the map shows, "sharpness_ratio", "loss" or "FLOW/relative_distance"; None takes the first there is.
        target: loss to which steps are counted; None takes half the loss at the start.

    Raises:
        ArgumentError, UnknownNameError: no sweep, or nothing of that name.
    """

    def __init__(
        self, sweep: Sweep, *, axis: str | None = None, colour: str | None = None, target: float | None = None
    ) -> None:
        if not isinstance(sweep, Sweep):
            raise ArgumentError(f"sweep={sweep!r} is no sweep: give what rf.sweep returned, or rf.load of its folder.")
        self.sweep = sweep
        self.live: Live | None = None
        spec = sweep.recordings[0].spec
        labels = {p["name"]: p["label"] for p in spec["optimizer"]["parameters"]}
        self._labels = {**labels, **NAMES}
        self._gathered = Gathered(sweep.recordings, sweep.steps, int(spec["every"]))
        varying = {name: values for name, values in sweep.axes.items() if len(values) > 1}
        axes = list(varying or sweep.axes or {"learning_rate": ()})
        if axis is not None and axis not in axes:
            raise unknown("axis", axis, axes)
        quantities = {quantity.key: quantity for quantity in self._gathered.quantities}
        if colour is not None and colour not in quantities:
            raise unknown("colour", colour, quantities)
        if target is not None and not math.isfinite(target):
            raise ArgumentError(f"target={target!r} is not usable: give a finite loss.")
        self._quantities = quantities
        first = axis or ("learning_rate" if "learning_rate" in axes else axes[0])
        self.controls = Controls(axes, first, varying, self._labels, self._gathered.quantities, colour, target)
        self._selection: tuple[float, float] | None = None
        self._selected: list[int] = []
        self._turn = threading.RLock()
        self._figures = figures = Figures(self._gathered, self.controls, [point.name for point in sweep.points])
        self.reader = figures.reader
        self._kept = Kept(self._picture, self.__repr__)
        super().__init__(figures.children)
        self.add_class("rodflow-sweep")
        self.add_class(LIVE_CLASS)
        me = weakref.ref(self)
        self._updates = Updates(me, SENDER.budget, SENDER.wake)
        self.reader.on_msg(lambda widget, message, buffers: self._updates.receive(message))
        self._arrange()
        self.draw()
        self._listen()
        self._forget = sweep.on_change(self._updates.changed)
        SENDER.add(self._updates)
        cells.replace(self)

    # ------------------------------------------------------------------ for people

    @property
    def selected(self) -> tuple[int, ...]:
        """Numbers of the runs that are selected, the lowest value first; none where nothing is."""
        return tuple(self._selected)

    def select(self, low: float | None = None, high: float | None = None) -> tuple[int, ...]:
        """Select the runs whose value lies from `low` to `high`, as the brush does; without arguments none.

        Args:
            low, high: of the axis, e.g. learning rates; None is the end of the axis.

        Returns:
            Numbers of the runs.
        """
        if low is None and high is None:
            self._brushed(None)
        else:
            scale = self._rows.scale
            ends = [
                bound if given is None else float(scale.at(given))
                for given, bound in ((low, scale.low), (high, scale.high))
            ]
            ends = [bound if math.isnan(end) else end for end, bound in zip(ends, (scale.low, scale.high), strict=True)]
            self._brushed((min(ends), max(ends)))
        return self.selected

    def compare(self, runs: Iterable[int] | None = None) -> Live:
        """Open runs, overlaid, in the live view below; they go on growing there while the sweep runs.

        Args:
            runs: numbers of runs; None takes those that are selected, and all where none is. Of more than eight, eight are
                drawn that are spread evenly.

        Raises:
            ArgumentError: no run, or a number that no run has.
        """
        asked = list(runs) if runs is not None else self._selected or self._shown
        for number in asked:
            if number not in range(len(self.sweep)):
                raise ArgumentError(f"runs={asked!r} is not usable: there are runs 0 to {len(self.sweep) - 1}.")
        if not asked:
            raise ArgumentError("runs are empty: give at least one.")
        drawn = overlay.spread(asked)
        first, *beside = overlay.followed(self.sweep, drawn)
        live = Live(first, beside=beside)
        said = (
            f"{len(drawn)} of {len(asked)} runs, spread evenly: one view tells {MOST} apart."
            if len(asked) > len(drawn)
            else ""
        )
        self.controls.say(said)
        before, self.live = self.live, live
        self.children = [*self._figures.children, live]
        if before is not None:
            before.close()
        return live

    def refresh(self) -> None:
        """Draw now what is new, on the thread that calls."""
        self.draw()

    def close(self) -> None:
        """Take the explorer and its comparison off the page; the sweep goes on."""
        if "_forget" not in self.__dict__:
            super().close()
            return
        SENDER.remove(self._updates)
        self._forget()
        with self._turn:
            if self.live is not None:
                self.live.close()
            self._kept.close()
            self._figures.close()
            self.layout.close()
            super().close()

    # ------------------------------------------------------------------ for the sender

    def ended(self) -> bool:
        """Whether nothing is added any more."""
        return self.sweep.status.state != "running"

    def draw(self) -> int:
        """Take over what is new; returns the bytes of arrays that went to the page."""
        with self._turn:
            return self._draw() if self.comm is not None else 0

    def _draw(self) -> int:
        gathered, controls = self._gathered, self.controls
        changed = gathered.read(self.sweep.recordings)
        controls.propose(gathered)
        if gathered.target != controls.goal:
            gathered.aim(controls.goal)
        quantity = self._quantities[controls.colour.value]
        scene = Scene(self._rows, self._shown, self._values, set(self._selected), self._labels[controls.axis.value])
        size = self._figures.draw(self.sweep, gathered, quantity, scene, changed)
        if self.ended():
            self._kept.soon()
        return size

    def _picture(self) -> bytes:
        with self._turn:
            return self._figures.picture(self.sweep)

    # ------------------------------------------------------------------ inside

    def _arrange(self) -> None:
        """Which runs are drawn, and where, after another axis or other values were chosen."""
        with self._turn:
            points, axis = self.sweep.points, self.controls.axis.value
            self._values = np.array([_number(point[axis]) for point in points])
            self._shown = [
                point.index
                for point in points
                if all(point[name] == wanted for name, wanted in self.controls.wanted.items())
            ]
            self._rows = Rows(self._values, self._shown)
            self.controls.offer(self._rows)
            self._selection, self._selected = None, []

    def _listen(self) -> None:
        controls = self.controls
        for control in (controls.axis, *controls.filters.values()):
            control.observe(lambda change: self._rearranged(), names="value")
        for control in (controls.colour, controls.target):
            control.observe(lambda change: self._updates.asked(), names="value")
        for brush in self._figures.brushes:
            brush.observe(functools.partial(self._on_brush, brush), names=["selected", "brushing"])
        controls.range.observe(lambda change: self._on_range(), names="index")
        controls.clear.on_click(lambda button: self._brushed(None))
        controls.compare.on_click(lambda button: self.compare())

    def _rearranged(self) -> None:
        self._arrange()
        self._brushed(None)

    def _on_brush(self, brush: Any, change: Any) -> None:
        """A brush was let go: the others follow it."""
        if brush.brushing:
            return
        chosen = brush.selected
        ends = None if chosen is None or len(chosen) != 2 else (float(min(chosen)), float(max(chosen)))
        if ends != self._selection:
            self._brushed(ends)

    def _on_range(self) -> None:
        ends = None if self.controls.quiet else self.controls.ends(self._rows)
        if ends is not None and self._rows.within(*ends) != (self._selected or self._shown_in_order):
            self._brushed(ends)

    @property
    def _shown_in_order(self) -> list[int]:
        return [run for members in self._rows.members for run in members]

    def _brushed(self, ends: tuple[float, float] | None) -> None:
        """Select the runs between two coordinates, in every figure."""
        with self._turn:
            self._selection = ends
            self._selected = [] if ends is None else self._rows.within(*ends)
            for brush in self._figures.brushes:
                now = None if brush.selected is None or not len(brush.selected) else tuple(map(float, brush.selected))
                if now != ends:
                    brush.selected = None if ends is None else np.array(ends)
            self.controls.show(self._rows, self._selected)
        self._updates.asked()

    def _ipython_display_(self) -> None:
        from IPython.display import publish_display_data

        data = self._repr_mimebundle_() if self.comm is not None else None
        if data is None:
            publish_display_data({"text/plain": f"{self!r}, closed: run the cell that made it again"})
            return
        publish_display_data(data)
        self._kept.display(ready=self.ended())

    def __repr__(self) -> str:
        return f"<SweepExplorer of {self.sweep!r}>"


def _number(value: Any) -> float:
    """A place on an axis; that of the problem's own starting point is −1."""
    return -1.0 if value is None else float(value)
