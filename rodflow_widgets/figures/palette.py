"""Colours, widths and dashes: one colour a process and theme, and the dash says it too."""

from __future__ import annotations

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
