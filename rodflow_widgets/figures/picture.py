"""The live view as a static picture: four panels on one time axis, with the read-out beside them."""

from __future__ import annotations

import io
import textwrap
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from PIL import Image

from .numbers import tick
from .palette import Stroke, Theme, ThemeName
from .palette import theme as named_theme
from .panels import Panel, Series, drawable, facts, limits, panels, processes, series, ticks
from .signals import told

WIDTH = 960
SCALE = 1.5
POINT = 0.72  # of a CSS pixel, on a canvas of 100 CSS pixels an inch
HEADER, TITLE, AXIS, STATUS = 36, 28, 26, 28
LEFT, RAIL, PAD, LINE, CLOSURE = 62, 228, 12, 17, 14
VALUE = 44  # of a fact, beside its name
LETTERS = 140  # of a sentence in one line
RATIO_LINE = "edge of stability"
STATE_WORDS = {
    "ready": "Ready",
    "running": "Running",
    "paused": "Paused",
    "finished": "Finished",
    "stopped": "Stopped",
    "diverged": "Diverged",
    "error": "Error",
}
FONTS = ("Inter", "Segoe UI", "Helvetica Neue", "Arial", "Liberation Sans")


def picture(recording: Any, *, theme: ThemeName = "light") -> bytes:
    """PNG of a recording, 960 CSS pixels wide at 1.5 times the pixels, drawn without any global state.

    `recording` is read only: `spec`, `status`, `events`, and for each process its columns.
    Raises ArgumentError for a theme other than "light" and "dark".
    """
    page = _Page(recording, named_theme(theme))
    return page.draw()


class _Page:
    """A figure addressed in CSS pixels from its upper left corner."""

    def __init__(self, recording: Any, theme: Theme) -> None:
        self.recording, self.theme = recording, theme
        self.panels = panels(recording.spec)
        closures = [bool(process["detail"]) for process in recording.spec["processes"]]
        legend = 36 + LINE * (len(closures) + len(self.panels[0].facts)) + CLOSURE * sum(closures)
        self.room = max(0, legend - TITLE - self.panels[0].height)
        body = self.room + sum(TITLE + panel.height for panel in self.panels)
        self.told = [line for name, sentence in told(recording) for line in _lines(name, sentence)]
        words = 2 * PAD + LINE * len(self.told) if self.told else 0
        self.height = HEADER + body + AXIS + words + STATUS + 4
        self.figure = Figure(figsize=(WIDTH / 100, self.height / 100), dpi=100 * SCALE, facecolor=theme.ground)
        self.canvas = FigureCanvasAgg(self.figure)
        known = set(fontManager.get_font_names())
        self.family = [*(name for name in FONTS if name in known), "DejaVu Sans"]

    def draw(self) -> bytes:
        self._bar(0, HEADER)
        self._bar(self.height - STATUS, STATUS)
        self._header()
        top = HEADER
        end = self._end()
        for index, panel in enumerate(self.panels):
            last = index == len(self.panels) - 1
            self._panel(panel, top, end, first=index == 0, last=last)
            top += TITLE + panel.height + (self.room if index == 0 else 0)
            if not last:
                self._line(0, WIDTH, top, top)
        self._line(WIDTH - RAIL, WIDTH - RAIL, HEADER, top + AXIS)
        self._signals(top + AXIS + 4)
        self._status()
        self.canvas.draw()
        buffer = io.BytesIO()
        _few_colours(np.asarray(self.canvas.buffer_rgba())[..., :3]).save(buffer, "PNG", optimize=True)
        return buffer.getvalue()

    # -- pieces -----------------------------------------------------------

    def _header(self) -> None:
        spec, status = self.recording.spec, self.recording.status
        colour = {"diverged": self.theme.failed, "error": self.theme.failed, "paused": self.theme.text}
        mark = colour.get(status.state, self.theme.good)
        self._text(PAD, HEADER / 2, "●", size=11, color=mark)
        x = self._text(PAD + 14, HEADER / 2, STATE_WORDS.get(status.state, status.state), weight="bold")
        x = self._text(x + 12, HEADER / 2, spec["problem"]["name"])
        values = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in spec["optimizer"]["values"].items())
        self._text(x + 8, HEADER / 2, f"{spec['optimizer']['label']}, {values}", color=self.theme.secondary)

    def _status(self) -> None:
        spec = self.recording.spec
        y = self.height - STATUS / 2
        end = "" if spec["steps"] is None else f" of {spec['steps']:,}"
        parts = [f"step {self._step():,}{end}"]
        parts.append(f"{spec['problem']['device']} {spec['problem']['dtype']}")
        parts.append(f"{spec['problem']['dim']:,} parameters")
        x: float = PAD
        for index, part in enumerate(parts):
            if x > WIDTH - 160:
                break
            if index:
                x = self._text(x + 8, y, "·", size=11, color=self.theme.secondary) + 8
            x = self._text(x, y, part, size=11, color=self.theme.secondary)

    def _panel(self, panel: Panel, top: float, end: float, *, first: bool, last: bool) -> None:
        known = series(self.recording, panel)
        if panel.name == "loss" and any((one.values <= 0).any() for one in known):
            panel = replace(panel, log=False)
        drawn = drawable(known, log=panel.log)
        x = self._text(PAD, top + 16, panel.title, size=12, weight="bold")
        self._text(x + 7, top + 16, panel.subtitle, size=11, color=self.theme.secondary)
        axes = self._axes(LEFT, top + TITLE, WIDTH - RAIL - LEFT - PAD, panel.height - 6)
        low, high = limits(drawn, log=panel.log, skip_until=0.03 * end, ratio=panel.unit == "ratio")
        axes.set_xlim(0, end)
        if panel.log:
            axes.set_yscale("log")
        axes.set_ylim(low, high)
        self._grid(axes, ticks(low, high, log=panel.log), ticks(0, end, count=8), panel, last)
        if panel.name == "ratio":
            self._edge(axes, end, high)
        for one in sorted(drawn, key=lambda s: s.stroke.order):
            axes.add_line(self._pen(one.stroke, one.kind, one.time, one.values))
        self._events(axes, end, words=first)
        self._rail(panel, known, top, first=first)

    def _grid(self, axes: Axes, ys: list[float], xs: list[float], panel: Panel, last: bool) -> None:
        axes.set_xticks(xs, [])
        axes.set_yticks(ys, [])
        axes.set_yticks([], [], minor=True)
        axes.grid(True, color=self.theme.grid, linewidth=POINT, zorder=0)
        font = self._font(11)
        for y in ys:
            axes.annotate(
                tick(y, percent=panel.unit == "share"),
                (0, y),
                xycoords=("axes fraction", "data"),
                xytext=(-6 * POINT, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                color=self.theme.secondary,
                font=font,
                annotation_clip=False,
            )
        for x in xs if last else ():
            axes.annotate(
                f"{x:,.0f}" if x == round(x) else f"{x:g}",
                (x, 0),
                xycoords=("data", "axes fraction"),
                xytext=(0, -5 * POINT),
                textcoords="offset points",
                ha="center",
                va="top",
                color=self.theme.secondary,
                font=font,
                annotation_clip=False,
            )

    def _edge(self, axes: Axes, end: float, high: float) -> None:
        colour, alpha = self.theme.tint
        axes.axhspan(1.0, high, color=colour, alpha=alpha, linewidth=0, zorder=0.5)
        axes.add_line(Line2D([0, end], [1, 1], color=self.theme.text, linewidth=1.2 * POINT, zorder=1))
        axes.annotate(
            RATIO_LINE,
            (0, 1),
            xycoords=("axes fraction", "data"),
            xytext=(6 * POINT, 5 * POINT),
            textcoords="offset points",
            color=self.theme.secondary,
            font=self._font(11),
            zorder=8,
            path_effects=[withStroke(linewidth=2.5 * POINT, foreground=self.theme.ground)],
        )

    def _events(self, axes: Axes, end: float, *, words: bool) -> None:
        labels = {p["name"]: p["label"] for p in self.recording.spec["optimizer"]["parameters"]}
        merged: dict[int, list[Any]] = {}
        for event in self.recording.events:
            merged.setdefault(event.step, []).append(event)
        written = 0.0
        for step, events in sorted(merged.items()):
            axes.add_line(
                Line2D(
                    [step, step],
                    [0, 1],
                    transform=axes.get_xaxis_transform(),
                    color=self.theme.text,
                    linewidth=POINT,
                    dashes=(2, 2.5),
                    zorder=1.5,
                )
            )
            if words:
                text = ", ".join(_changed(event, labels) for event in events)
                left = step > 0.72 * end
                axes.annotate(
                    "▼",
                    (step, 1),
                    xycoords=("data", "axes fraction"),
                    ha="center",
                    va="top",
                    color=self.theme.text,
                    font=self._font(9),
                    zorder=9,
                )
                beside = (-8 if left else 8) * POINT
                label = axes.annotate(
                    text,
                    (step, 1),
                    xycoords=("data", "axes fraction"),
                    xytext=(beside, -1),
                    textcoords="offset points",
                    ha="right" if left else "left",
                    va="top",
                    color=self.theme.text,
                    font=self._font(11),
                    zorder=9,
                )
                place = label.get_window_extent(self.canvas.get_renderer())
                if place.x0 < written:  # it would lie on the one before
                    label.set_position((beside, -1 - LINE * POINT))
                written = max(written, float(place.x1))

    def _rail(self, panel: Panel, drawn: list[Series], top: float, *, first: bool) -> None:
        left, right = WIDTH - RAIL + PAD, WIDTH - PAD
        y = top + 16
        if first:
            self._text(left, y, "newest", size=11, color=self.theme.secondary)
            self._text(right, y, f"step {self._step():,}", size=11, weight="bold", align="right")
        y += 20
        for one in drawn:
            self._sample(one.stroke, one.kind, left, y)
            self._text(left + 32, y, one.label, size=12)
            self._text(right, y, panel.write(one.last), size=12, align="right")
            y += LINE
            if first and one.detail:
                self._text(left + 16, y - 2, one.detail, size=10, color=self.theme.secondary)
                y += CLOSURE
        for label, value in facts(self.recording, panel):
            if y > top + TITLE + panel.height + (self.room if first else 0) - 4:
                break
            ends = self._text(left, y, label, size=11, color=self.theme.secondary)
            if ends > right - VALUE:
                y += LINE
            self._text(right, y, value, size=11, align="right")
            y += LINE

    def _signals(self, top: float) -> None:
        """What flows say about themselves, each behind a sample of its line."""
        if not self.told:
            return
        self._line(0, WIDTH, top, top)
        pens = {described["name"]: (pen, described["kind"]) for described, pen in processes(self.recording)}
        y = top + PAD + LINE / 2
        for name, words in self.told:
            if name is not None:
                self._sample(*pens[name], PAD, y)
            self._text(PAD + 32, y, words, size=12)
            y += LINE

    # -- primitives -------------------------------------------------------

    def _pen(self, stroke: Stroke, kind: str, x: Any, y: Any) -> Line2D:
        colour = self.theme.kinds.get(kind, self.theme.text)
        line = Line2D(
            x,
            y,
            color=colour,
            linewidth=stroke.width * POINT,
            zorder=2 + stroke.order,
            solid_joinstyle="round",
            solid_capstyle="butt",
            dash_capstyle="butt",
        )
        if stroke.dash:
            line.set_linestyle((0, tuple(length / stroke.width for length in stroke.dash)))
        return line

    def _sample(self, stroke: Stroke, kind: str, left: float, y: float) -> None:
        pen = self._pen(stroke, kind, [left / WIDTH, (left + 22) / WIDTH], [1 - y / self.height] * 2)
        pen.set_transform(self.figure.transFigure)
        self.figure.add_artist(pen)

    def _axes(self, left: float, top: float, width: float, height: float) -> Axes:
        bottom = self.height - top - height
        axes = self.figure.add_axes((left / WIDTH, bottom / self.height, width / WIDTH, height / self.height))
        axes.set_facecolor(self.theme.ground)
        axes.set_axisbelow(True)
        axes.tick_params(which="both", length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        return axes

    def _font(self, size: float, weight: str = "normal") -> FontProperties:
        return FontProperties(family=self.family, size=size * POINT, weight=weight)

    def _text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 13,
        weight: str = "normal",
        color: str | None = None,
        align: str = "left",
    ) -> float:
        """Write `words` centred on `y`; returns where they end, in CSS pixels."""
        text = self.figure.text(
            x / WIDTH,
            1 - y / self.height,
            words,
            color=color or self.theme.text,
            ha=align,
            va="center_baseline",
            font=self._font(size, weight),
            parse_math=False,
        )
        return float(text.get_window_extent().x1) / SCALE

    def _bar(self, top: float, height: float) -> None:
        axes = self._axes(0, top, WIDTH, height)
        axes.set_facecolor(self.theme.bar)
        axes.set_xticks([])
        axes.set_yticks([])
        self._line(0, WIDTH, top if top else height, top if top else height)

    def _line(self, x0: float, x1: float, y0: float, y1: float) -> None:
        line = Line2D(
            [x0 / WIDTH, x1 / WIDTH],
            [1 - y0 / self.height, 1 - y1 / self.height],
            color=self.theme.hairline,
            linewidth=POINT,
            transform=self.figure.transFigure,
        )
        self.figure.add_artist(line)

    def _end(self) -> float:
        return float(max(self._step(), 1))

    def _step(self) -> int:
        last = [np.asarray(self.recording[p["name"]]["time"]) for p in self.recording.spec["processes"]]
        return int(max((float(times[-1]) for times in last if len(times)), default=0))


def _changed(event: Any, labels: dict[str, str]) -> str:
    """What changed, in the words of the page: both values, or only the note where they are the same, as a schedule's."""
    values = "" if event.old == event.new and event.note else f"{event.old:.6g} → {event.new:.6g}"
    note = f"{', ' if values else ''}{event.note}" if event.note else ""
    return f"{labels.get(event.name, event.name.replace('_', ' '))} {values}{note}"


def _lines(name: str, sentence: str) -> list[tuple[str | None, str]]:
    """A sentence in lines, the first of which carries the name of its process."""
    first, *others = textwrap.wrap(sentence, LETTERS)
    return [(name, first), *((None, line) for line in others)]


def _few_colours(pixels: np.ndarray) -> Image.Image:
    """Image of pixels [height, width, 3] in its 256 most frequent colours: a third of the bytes, exact in areas."""
    packed = pixels.astype(np.int64) @ np.array([65536, 256, 1])
    found, where, counts = np.unique(packed, return_inverse=True, return_counts=True)
    channels = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=-1)
    palette = channels[np.argsort(-counts, kind="stable")[:256]]
    nearest = ((channels[:, None, :] - palette) ** 2).sum(axis=-1).argmin(axis=1)
    image = Image.fromarray(nearest[where].reshape(packed.shape).astype(np.uint8), "P")
    image.putpalette(palette.astype(np.uint8).tobytes(), "RGB")
    return image
