"""The runs of a sweep as lines for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .listing import lines
from .numbers import MISSING, ratio, significant

OUTCOMES = {
    "steps": ("steps", lambda value: _count(value)),
    "final_loss": ("loss", lambda value: significant(value, 4)),
    "final_sharpness_ratio": ("sharpness / edge", lambda value: ratio(value)),
    "edge_step": ("edge at step", lambda value: _count(value)),
    "diverged_step": ("diverged at step", lambda value: _count(value)),
}
"""Columns of a summary, with their headings and how their numbers are written."""


def compared(summary: Mapping[str, Any], varied: Sequence[str]) -> str:
    """A line a run: its state, what is `varied`, and what came of it."""
    headings = ["state", *(name.replace("_", " ") for name in varied), *(said for said, _ in OUTCOMES.values())]
    rows = []
    for i, state in enumerate(summary["state"]):
        varies = [f"{float(summary[name][i]):g}" for name in varied]
        came = [write(float(summary[name][i])) for name, (_, write) in OUTCOMES.items()]
        rows.append([str(state), *varies, *came])
    return lines(headings, rows, words=1)


def _count(value: float) -> str:
    return f"{value:,.0f}" if value == value else MISSING
