"""A sweep as a static picture: the map of its runs, and their losses."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from .palette import HATCHING, ON_HEAT, THEMES

Ticks = Mapping[float, str]
MARKERS = {"done": ("o", True), "going": ("o", False), "never": ("^", False), "lost": ("P", True)}


@dataclass(frozen=True)
class MapPicture:
    """A row a run, a column every few steps.

    x, y: bounds, [columns + 1] and [rows + 1]. cells: [rows, columns], NaN where there is none. shades: colours from `low` to
    `high`. edge, diverged: [rows] steps, infinite where there is none.
    """

    title: str
    axis: str
    x: np.ndarray
    y: np.ndarray
    ticks: Ticks
    cells: np.ndarray
    shades: Sequence[str]
    low: float
    high: float
    edge: np.ndarray
    diverged: np.ndarray
    bar: Ticks


@dataclass(frozen=True)
class ChartPicture:
    """A number a run: for each name of a kind in MARKERS where its runs stand."""

    title: str
    axis: str
    x: tuple[float, float]
    y: tuple[float, float]
    xticks: Ticks
    yticks: Ticks
    points: Mapping[str, tuple[np.ndarray, np.ndarray]]


def sweep_picture(title: str, shown: MapPicture, charts: Sequence[ChartPicture]) -> bytes:
    """PNG of 960 × 480 CSS pixels at 1.5 times the pixels, in the light theme, drawn without any global state."""
    theme = THEMES["light"]
    figure = Figure(figsize=(9.6, 4.8), dpi=150, facecolor=theme.ground)
    FigureCanvasAgg(figure)
    figure.text(0.02, 0.95, title, fontsize=9.5, weight="bold", color=theme.text)
    _map(figure.add_axes((0.075, 0.24, 0.5, 0.62)), figure.add_axes((0.075, 0.08, 0.5, 0.025)), shown)
    for i, chart in enumerate(charts):
        _chart(figure.add_axes((0.67, 0.58 - 0.46 * i, 0.31, 0.28)), chart)
    held = io.BytesIO()
    figure.savefig(held, format="png")
    return held.getvalue()


def _map(axes: Axes, below: Axes, shown: MapPicture) -> None:
    colours = LinearSegmentedColormap.from_list("shades", list(shown.shades))
    cells = np.ma.masked_invalid(shown.cells)
    least, most = shown.low, max(shown.high, shown.low + 1e-9)
    axes.pcolormesh(shown.x, shown.y, cells, cmap=colours, rasterized=True, vmin=least, vmax=most)
    lost = np.flatnonzero(np.isfinite(shown.diverged))
    low, high, end = shown.y[:-1], shown.y[1:], shown.x[-1]
    areas = [[(shown.diverged[i], low[i]), (shown.diverged[i], high[i]), (end, high[i]), (end, low[i])] for i in lost]
    axes.add_collection(PolyCollection(areas, facecolor="none", edgecolor=HATCHING, hatch="///", linewidth=0))
    ink, halo = ON_HEAT
    for steps, style in ((shown.edge, (0, (4, 3))), (shown.diverged, "solid")):
        x = np.repeat(np.where(np.isfinite(steps), steps, np.nan), 2)
        y = np.column_stack([low, high]).ravel()
        axes.plot(x, y, color=halo, linewidth=2.6, alpha=0.75)
        axes.plot(x, y, color=ink, linewidth=1.2, linestyle=style)
    _dress(axes, shown.title, "step", shown.axis)
    axes.set(xlim=(shown.x[0], end), ylim=(shown.y[0], shown.y[-1]))
    axes.set_yticks(list(shown.ticks), list(shown.ticks.values()))
    below.pcolormesh(np.linspace(least, most, 65), [0, 1], np.linspace(least, most, 64)[None], cmap=colours)
    _dress(below, "", "", "")
    below.set_yticks([])
    below.set_xticks(list(shown.bar), list(shown.bar.values()))


def _chart(axes: Axes, chart: ChartPicture) -> None:
    theme = THEMES["light"]
    for kind, (x, y) in chart.points.items():
        marker, filled = MARKERS[kind]
        colour = theme.failed if kind == "lost" else theme.text
        axes.scatter(
            x, y, s=14, marker=marker, linewidths=0.8, edgecolors=colour, facecolors=colour if filled else "none"
        )
    _dress(axes, chart.title, chart.axis, "")
    axes.grid(axis="y", color=theme.grid, linewidth=0.6)
    axes.set(xlim=chart.x, ylim=chart.y)
    axes.set_xticks(list(chart.xticks), list(chart.xticks.values()))
    axes.set_yticks(list(chart.yticks), list(chart.yticks.values()))


def _dress(axes: Axes, title: str, x: str, y: str) -> None:
    theme = THEMES["light"]
    axes.set_axisbelow(True)
    axes.set_title(title, loc="left", fontsize=7.5, color=theme.text, weight="bold")
    axes.set_xlabel(x, fontsize=7, color=theme.secondary)
    axes.set_ylabel(y, fontsize=7, color=theme.secondary)
    axes.tick_params(length=0, labelsize=7, labelcolor=theme.secondary)
    for side in axes.spines.values():
        side.set_visible(False)
