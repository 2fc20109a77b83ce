"""What the four panels show: which column of which process, on which axis, and the facts beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .numbers import MISSING, ratio, share, significant
from .palette import Stroke, stroke
from .signals import title

FLOOR = 1e-9
TRACKED = 4


@dataclass(frozen=True)
class Panel:
    """One plot: the column of the iterates, the column of the flows, and how their values are written."""

    name: str
    title: str
    subtitle: str
    height: int
    iterates: str | None
    flows: str
    log: bool
    unit: str
    facts: tuple[tuple[str, str], ...]

    def write(self, value: float) -> str:
        if self.unit == "ratio":
            return ratio(value)
        if self.unit == "share":
            return share(value)
        return significant(value, 4 if self.name == "loss" else 3)


@dataclass(frozen=True)
class Series:
    """One process in one panel: times and values of its rows, and how it is drawn."""

    process: str
    label: str
    detail: str
    kind: str
    stroke: Stroke
    time: np.ndarray
    values: np.ndarray

    @property
    def last(self) -> float:
        finite = self.values[np.isfinite(self.values)]
        return float(finite[-1]) if finite.size else float("nan")


def panels(spec: dict[str, Any]) -> tuple[Panel, ...]:
    """The four panels of a run, worded for its problem and optimizer."""
    loss = spec.get("problem", {}).get("loss", "")
    optimizer = spec.get("optimizer", {})
    threshold = optimizer.get("threshold", "edge threshold")
    hessian = "preconditioned Hessian" if optimizer.get("preconditioned") else "Hessian"
    return (
        Panel(
            "loss",
            "Loss",
            "; ".join(part for part in (loss, "flows: predicted for the iterates") if part),
            122,
            "loss",
            "predicted_loss",
            True,
            "",
            (("midpoint", "midpoint_loss"),),
        ),
        Panel(
            "ratio",
            "Sharpness / edge",
            f"largest eigenvalue of the {hessian} ÷ ({threshold})",
            150,
            "sharpness_ratio",
            "sharpness_ratio",
            False,
            "ratio",
            ((f"edge {threshold}", "edge_threshold"), ("critical directions", "critical_directions")),
        ),
        Panel(
            "distance",
            "Distance to the iterates",
            "centre to midpoint, share of the distance travelled",
            108,
            None,
            "relative_distance",
            True,
            "share",
            (("distance travelled", "distance_travelled"),),
        ),
        Panel(
            "rod",
            "Rod length",
            "half a step of the iterates; flows: what they predict for it",
            108,
            "rod_length",
            "rod_length",
            True,
            "",
            (("alternating part", "oscillation"),),
        ),
    )


def processes(recording: Any) -> Iterator[tuple[dict[str, Any], Stroke]]:
    """The described processes of a recording, each with its stroke."""
    seen: dict[str, int] = {}
    for described in recording.spec["processes"]:
        rank = seen.get(described["kind"], 0)
        seen[described["kind"]] = rank + 1
        yield described, stroke(described["kind"], rank)


def series(recording: Any, panel: Panel) -> list[Series]:
    """What `panel` draws of `recording`, in the order of the legend."""
    found = []
    for described, pen in processes(recording):
        name, kind = described["name"], described["kind"]
        column = panel.iterates if kind == "iterates" else panel.flows
        table = recording[name]
        if column is None or column not in table.columns:
            continue
        values = np.asarray(table[column], dtype=float)
        if not np.isfinite(values).any() and kind == "stable" and panel.name == "rod":
            continue
        time = np.asarray(table["time"], dtype=float)
        found.append(Series(name, title(recording.spec, name), described["detail"], kind, pen, time, values))
    return found


def facts(recording: Any, panel: Panel) -> Iterator[tuple[str, str]]:
    """Name and newest value of what stands below the legend of a panel."""
    for described in recording.spec["processes"]:
        if described["kind"] != "iterates":
            continue
        table = recording[described["name"]]
        for label, column in panel.facts:
            if column in table.columns and len(table[column]):
                value = float(np.asarray(table[column], dtype=float)[-1])
                yield label, _critical(value, recording.spec) if column == "critical_directions" else significant(value)


def _critical(number: float, spec: dict[str, Any]) -> str:
    """How many directions are critical; "at least" where every one that is surely tracked is among them."""
    if not np.isfinite(number):
        return MISSING
    tracked = max(TRACKED, spec["eigenvalues"])
    return f"at least {number:.0f}" if tracked <= number < spec["problem"]["dim"] else f"{number:.0f}"


def drawable(drawn: Iterable[Series], *, log: bool) -> list[Series]:
    """`drawn` with gaps where a logarithmic axis has no place: zeros, and rounding errors below 1e-9 of the largest value.

    The rod begins at the midpoint of two iterates, so that its first distance is a rounding error: a line down to it
    would say something that was not measured.
    """
    drawn = list(drawn)
    if not log:
        return drawn
    tops = [float(s.values[np.isfinite(s.values)].max(initial=0.0)) for s in drawn]
    least = FLOOR * max(tops, default=0.0)
    return [
        replace(s, values=np.where(np.isfinite(s.values) & (s.values > 0) & (s.values >= least), s.values, np.nan))
        for s in drawn
    ]


def limits(drawn: Iterable[Series], *, log: bool, skip_until: float, ratio: bool = False) -> tuple[float, float]:
    """Range of an axis: what is finite after `skip_until`; at most eight decades, and never empty; that of a ratio holds 1."""
    parts = [s.values[(s.time >= skip_until) & np.isfinite(s.values)] for s in drawn]
    values = np.concatenate(parts) if parts else np.empty(0)
    if log:
        values = values[values > 0]
        if not values.size:
            return 1e-3, 1.0
        top = float(values.max())
        bottom = max(float(values.min()), top * 1e-8)
        pad = max((top / bottom) ** 0.06, 1.15)
        return bottom / pad, top * pad
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    if ratio:
        low, high = min(low, 1.0), min(max(high, 1.0), 4.0)
    pad = max(0.08 * (high - low), 0.04 if ratio else 1e-12)
    return max(low - pad, 0.0) if low >= 0 else low - pad, high + pad


def ticks(low: float, high: float, *, log: bool = False, count: int = 5) -> list[float]:
    """At most about `count` round values between `low` and `high`."""
    if log:
        first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
        decades = range(first, last + 1)
        candidates = (((1, 1.5, 2, 3, 4, 5, 7), 1), ((1, 2, 5), 1), ((1, 3), 1), ((1,), 1), ((1,), 2), ((1,), 3))
        for digits, every in candidates:
            marks = [d * 10.0**e for e in decades if e % every == 0 for d in digits]
            marks = [m for m in marks if low <= m <= high]
            if len(marks) <= 5:
                break
        return marks
    raw = (high - low) / count
    base = 10.0 ** np.floor(np.log10(raw))
    step = next(s * base for s in (1, 2, 2.5, 5, 10) if s * base >= raw)
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return [round(i * step, 10) for i in range(first, last + 1)]
