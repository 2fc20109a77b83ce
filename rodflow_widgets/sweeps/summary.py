"""A sweep as a table: a row a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..recording import Recording, Table
from .points import Point


def summary(
    points: Sequence[Point], recordings: Sequence[Recording], errors: Mapping[int, str]
) -> dict[str, np.ndarray]:
    """Hyperparameters, seed and state of every run, and where it met its edge and its end; NaN for what is not known.

    Of the process that is measured first, the iterates where they are recorded:

    steps: of the last row. final_loss, final_sharpness_ratio: the last that was measured. edge_step: the first step with a
    ratio of at least 1. diverged_step: that of the process that diverged first.
    """
    columns: dict[str, list[Any]] = {name: [point.values[name] for point in points] for name in points[0].values}
    columns["seed"] = [point.seed for point in points]
    if any(point.start is not None for point in points):
        columns["start"] = [-1 if point.start is None else point.start for point in points]
    columns["state"] = [recording.status.state for recording in recordings]
    tables = [recording.tables[0] for recording in recordings]
    columns["steps"] = [_last(table, "time") for table in tables]
    columns["final_loss"] = [_last(table, "loss") for table in tables]
    columns["final_sharpness_ratio"] = [_last(table, "sharpness_ratio") for table in tables]
    columns["edge_step"] = [_edge(table) for table in tables]
    columns["diverged_step"] = [_diverged(recording) for recording in recordings]
    columns["error"] = [errors.get(point.index, "") for point in points]
    return {name: np.array(values) for name, values in columns.items()}


def _last(table: Table, name: str) -> float:
    """The last number of a column that is one."""
    values = table[name]
    known = np.flatnonzero(np.isfinite(values))
    return float(values[known[-1]]) if len(known) else np.nan


def _edge(table: Table) -> float:
    rows = table.rows(0, len(table), ["time", "sharpness_ratio"])
    met = np.flatnonzero(rows["sharpness_ratio"] >= 1)
    return float(rows["time"][met[0]]) if len(met) else np.nan


def _diverged(recording: Recording) -> float:
    steps = [table.status.step for table in recording.tables if table.status.state == "diverged"]
    return float(min(steps)) if steps else np.nan
