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
    "grad_norm",
    "critical_directions",
    "learning_rate",
)


def envelope(columns: Mapping[str, np.ndarray], limit: int, main: Sequence[str] = MAIN_COLUMNS) -> np.ndarray:
    """Rows to keep so that a drawing of the main columns keeps its outline.

    The rows are cut into buckets of equally many. Of each stay the first row and, for every main column, the rows of
    its smallest and its largest finite value; the very last row stays too.

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
    size = -(-rows // max(1, (limit - 1) // (2 * len(series) + 1)))
    starts = np.arange(0, rows, size)
    kept = [starts, np.array([rows - 1])]
    for values in series:
        kept += _extremes(values, starts, size)
    return np.unique(np.concatenate(kept))[-limit:] if limit > 0 else np.empty(0, int)


def _extremes(values: np.ndarray, starts: np.ndarray, size: int) -> list[np.ndarray]:
    """Rows of the smallest and of the largest finite value of every bucket that has one."""
    finite = np.isfinite(values)
    found = []
    padded = np.empty((len(starts), size), dtype=values.dtype)
    for fill, places in ((np.inf, np.argmin), (-np.inf, np.argmax)):
        flat = padded.reshape(-1)
        flat[: len(values)] = values
        flat[: len(values)][~finite] = fill
        flat[len(values) :] = fill
        inside = places(padded, axis=1)
        some = padded[np.arange(len(starts)), inside] != fill
        found.append((starts + inside)[some])
    return found
