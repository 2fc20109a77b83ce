"""Fewer rows for the same picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

MAIN_COLUMNS = (
    "loss",
    "predicted_loss",
    "sharpness_ratio",
    "sharpness",
    "distance",
    "relative_distance",
    "rod_length",
    "oscillation",
)


def envelope(columns: Mapping[str, np.ndarray], limit: int, main: Sequence[str] = MAIN_COLUMNS) -> np.ndarray:
    """Rows to keep so that a drawing of the main columns keeps its outline.

    The rows are cut into equal buckets. Of each stay the first row and, for every main column, the rows of its smallest
    and its largest finite value; the very last row stays too.

    Args:
        columns: name -> [rows] or [rows, k] (of k numbers the first counts).
        limit: most rows to keep; tables that are not longer keep all.

    Returns:
        Ascending row numbers, at most `limit`.
    """
    rows = len(next(iter(columns.values()))) if columns else 0
    if rows <= limit:
        return np.arange(rows)
    series = [np.asarray(columns[name]) for name in main if name in columns]
    series = [values if values.ndim == 1 else values[:, 0] for values in series]
    buckets = max(1, (limit - 1) // (2 * len(series) + 1))
    starts = (np.arange(buckets) * rows) // buckets
    kept = [starts, np.array([rows - 1])]
    bucket = np.searchsorted(starts, np.arange(rows), side="right") - 1
    for values in series:
        finite = np.flatnonzero(np.isfinite(values))
        order = finite[np.lexsort((values[finite], bucket[finite]))]
        edges = np.flatnonzero(np.diff(bucket[order])) if len(order) else np.empty(0, int)
        if len(order):
            kept += [order[np.concatenate([[0], edges + 1])], order[np.concatenate([edges, [len(order) - 1]])]]
    return np.unique(np.concatenate(kept))[-limit:] if limit > 0 else np.empty(0, int)
