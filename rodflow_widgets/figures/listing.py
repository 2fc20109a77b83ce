"""Runs on disk as lines for a person."""

from __future__ import annotations

from collections.abc import Iterable
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
    if not found:
        return ""
    widths = [max(len(row[i]) for row in (HEADINGS, *found)) for i in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(_cell(row, i, width) for i, width in enumerate(widths)).rstrip() for row in (HEADINGS, *found)
    )


def _cell(row: tuple[str, ...], i: int, width: int) -> str:
    return row[i].ljust(width) if i < 3 else row[i].rjust(width)
