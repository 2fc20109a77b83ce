"""Colours, widths and dashes: one colour a process and theme, and the dash says it too."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import ArgumentError

ThemeName = Literal["light", "dark"]


@dataclass(frozen=True)
class Theme:
    """Inks and grounds of one theme, and the colour of each kind of process."""

    ground: str
    bar: str
    text: str
    secondary: str
    hairline: str
    grid: str
    tint: tuple[str, float]
    good: str
    warning: str
    failed: str
    kinds: dict[str, str]


@dataclass(frozen=True)
class Stroke:
    """How a kind of process is drawn: width and dash in CSS pixels, and its place from bottom to top."""

    width: float
    dash: tuple[float, ...]
    order: int


THEMES: dict[str, Theme] = {
    "light": Theme(
        ground="#ffffff",
        bar="#ffffff",
        text="#212121",
        secondary="#616161",
        hairline="#e0e0e0",
        grid="#ececec",
        tint=("#000000", 0.035),
        good="#2e7d32",
        warning="#b45309",
        failed="#c62828",
        kinds={
            "iterates": "#858b94",
            "stable": "#1a70f2",
            "edge": "#885183",
            "central": "#028a5f",
            "rod": "#c63b08",
        },
    ),
    "dark": Theme(
        ground="#111111",
        bar="#212121",
        text="#e3e6ea",
        secondary="#b0b0b0",
        hairline="#424242",
        grid="#252525",
        tint=("#ffffff", 0.05),
        good="#81c784",
        warning="#ffb74d",
        failed="#ef7b76",
        kinds={
            "iterates": "#7d848d",
            "stable": "#4b8efd",
            "edge": "#d2a0cb",
            "central": "#7fd49b",
            "rod": "#ff7433",
        },
    ),
}

STROKES: dict[str, Stroke] = {
    "iterates": Stroke(4.0, (), 0),
    "stable": Stroke(1.6, (7, 4), 1),
    "edge": Stroke(1.6, (9, 3, 2, 3), 2),
    "central": Stroke(2.0, (2, 2.5), 3),
    "rod": Stroke(2.1, (), 4),
}

# Further processes of one kind share its colour: the dash tells them apart.
FURTHER_DASHES: tuple[tuple[float, ...], ...] = ((5, 2), (2, 2), (8, 2, 2, 2))


def theme(name: str) -> Theme:
    """The theme called `name`, or ArgumentError."""
    try:
        return THEMES[name]
    except KeyError:
        raise ArgumentError(f"theme={name!r} is unknown: use 'light' or 'dark'.") from None


def stroke(kind: str, rank: int = 0) -> Stroke:
    """The stroke of the `rank`-th process of a kind; an unknown kind is drawn as a thin solid line."""
    base = STROKES.get(kind, Stroke(1.6, (), 2))
    if rank == 0:
        return base
    return Stroke(base.width * 0.8, FURTHER_DASHES[(rank - 1) % len(FURTHER_DASHES)], base.order)


# Heat maps, the same in both themes: decimal or binary logarithms lie evenly between the stops.
RATIO_STOPS: tuple[tuple[float, str], ...] = (
    (0.125, "#1f4e79"),
    (0.25, "#3f7cae"),
    (0.5, "#8db8d8"),
    (0.8, "#cfe0ea"),
    (1.0, "#f6f1e3"),
    (1.1, "#f8d9a8"),
    (1.37, "#ef9a4f"),
    (2.0, "#b23a0e"),
)
"""Sharpness ratio -> colour: blue below the edge, orange beyond."""
LOW_TO_HIGH = ("#1f4e79", "#3f7cae", "#8db8d8", "#cfe0ea", "#f6f1e3")
"""Of what is better the lower it is, as the loss."""
SMALL_TO_LARGE = ("#f6f1e3", "#f8d9a8", "#ef9a4f", "#b23a0e")
"""Of what ought to be small, as the distance of a flow."""
HATCHING = "#858b94"
ON_HEAT = ("#16181b", "#ffffff")
"""Lines on a heat map, and their halo."""


def ramp(stops: Sequence[tuple[float, str]], count: int) -> list[str]:
    """`count` colours, evenly spaced from the position of the first stop to that of the last."""
    places = [place for place, _ in stops]
    channels = [[int(colour[i : i + 2], 16) for _, colour in stops] for i in (1, 3, 5)]
    at = [places[0] + (places[-1] - places[0]) * i / (count - 1) for i in range(count)]
    return ["#" + "".join(f"{round(_between(x, places, channel)):02x}" for channel in channels) for x in at]


def _between(x: float, places: Sequence[float], values: Sequence[float]) -> float:
    right = min(max(bisect.bisect_right(places, x), 1), len(places) - 1)
    share = (x - places[right - 1]) / (places[right] - places[right - 1])
    return values[right - 1] + share * (values[right] - values[right - 1])
