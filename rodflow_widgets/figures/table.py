"""A run as a table: one row a process, in Markdown that also reads well as plain text."""

from __future__ import annotations

from typing import Any

import numpy as np

from .numbers import MISSING, ratio, share, significant
from .signals import told

HEADINGS = (
    "process",
    "loss (flows: predicted)",
    "sharpness / edge",
    "relative distance",
    "rod length",
    "gradients a step",
    "status",
)


def table(recording: Any) -> str:
    """Markdown table of a recording: the newest value of each process, where it stands, and what flows say of themselves."""
    rows = [HEADINGS, *(_row(recording, described) for described in recording.spec["processes"])]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS))]
    lines = [_line(row, widths) for row in rows]
    last = len(HEADINGS) - 1
    rule = ("-" * w if i in (0, last) else "-" * (w - 1) + ":" for i, w in enumerate(widths))
    lines.insert(1, "| " + " | ".join(rule) + " |")
    said = [f"- {sentence}" for _, sentence in told(recording)]
    return "\n".join([*lines, *(["", *said] if said else [])]) + "\n"


def _row(recording: Any, described: dict[str, Any]) -> tuple[str, ...]:
    process = recording[described["name"]]
    loss = _newest(process, "loss" if described["kind"] == "iterates" else "predicted_loss")
    detail = f" ({described['detail']})" if described["detail"] else ""
    return (
        described["label"] + detail,
        significant(loss, 4),
        ratio(_newest(process, "sharpness_ratio")),
        share(_newest(process, "relative_distance")),
        significant(_newest(process, "rod_length")),
        _gradients(process, described["kind"]),
        process.status.sentence.replace("|", "/"),
    )


def _newest(process: Any, column: str) -> float:
    if column not in process.columns:
        return float("nan")
    values = np.asarray(process[column], dtype=float)
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if finite.size else float("nan")


def _gradients(process: Any, kind: str) -> str:
    if kind == "iterates":
        return "1"
    if "cost" not in process.columns or len(process["cost"]) < 2:
        return MISSING
    cost, time = np.asarray(process["cost"], dtype=float), np.asarray(process["time"], dtype=float)
    return f"{(cost[-1] - cost[0]) / (time[-1] - time[0]):.1f}"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    last = len(row) - 1
    cells = (c.ljust(w) if i in (0, last) else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
    return "| " + " | ".join(cells) + " |"
