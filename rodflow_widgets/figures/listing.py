"""Runs on disk as lines for a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from ..vocabulary import Status
from .numbers import amount

HEADINGS = ("run", "what", "state", "step", "rows", "on disk")


class Listed(Protocol):
    """What is known of a run without reading its rows."""

    @property
    def path(self) -> Path: ...
    @property
    def name(self) -> str: ...
    @property
    def optimizer(self) -> str: ...
    @property
    def status(self) -> Status: ...
    @property
    def rows(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def live(self) -> bool: ...


def listing(runs: Iterable[Listed]) -> str:
    """A line a run under a line of headings; empty where there is none."""
    found = [
        (
            str(run.path),
            f"{run.optimizer} on {run.name}",
            f"{run.status.state}{', being written' if run.live else ''}",
            f"{run.status.step:,}",
            f"{run.rows:,}",
            amount(run.bytes),
        )
        for run in runs
    ]
    return lines(HEADINGS, found, words=3) if found else ""


def lines(headings: Sequence[str], rows: Sequence[Sequence[str]], words: int) -> str:
    """Rows under headings: the first `words` columns to the left, numbers to the right."""
    every = [headings, *rows]
    widths = [max(len(row[i]) for row in every) for i in range(len(headings))]
    cells = (
        [row[i].ljust(width) if i < words else row[i].rjust(width) for i, width in enumerate(widths)] for row in every
    )
    return "\n".join("  ".join(row).rstrip() for row in cells)
