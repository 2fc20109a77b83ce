"""Runs on disk as lines for a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from .numbers import amount

HEADINGS = ("run", "what", "state", "step", "rows", "on disk")


class Listed(Protocol):
    """What is known of a run without reading its rows."""

    path: Any
    optimizer: str
    problem: str
    state: str
    step: int
    rows: int
    bytes: int


def listing(runs: Iterable[Listed]) -> str:
    """A line a run under a line of headings; empty where there is none."""
    found = [
        (str(r.path), f"{r.optimizer} on {r.problem}", r.state, f"{r.step:,}", f"{r.rows:,}", amount(r.bytes))
        for r in runs
    ]
    if not found:
        return ""
    widths = [max(len(row[i]) for row in (HEADINGS, *found)) for i in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(_cell(row, i, width) for i, width in enumerate(widths)).rstrip() for row in (HEADINGS, *found)
    )


def _cell(row: tuple[str, ...], i: int, width: int) -> str:
    return row[i].ljust(width) if i < 3 else row[i].rjust(width)
