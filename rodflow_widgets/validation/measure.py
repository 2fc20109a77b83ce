"""The figures of cells: an optimizer beside flows, or beside itself from a start that is next to it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ..engine import Problem
from ..engine.flows.base import Flow
from ..recording import Recording
from ..session import simulate
from .settings import Setting

AT_EDGE = 0.98
"""Averages after the edge begin where the iterates' sharpness first passes this share of the threshold."""
FALLEN = 0.95
PAIR_SHARE = 0.1
AWAY = 1e-14
"""How far the second run of float64 begins from the first; below it every parameter is one rounding away."""

Rows = dict[str, np.ndarray]
Figures = dict[str, Any]


def beside(setting: Setting, seed: int, start: int | None, flows: Mapping[str, Flow]) -> dict[str, Figures]:
    """The optimizer of `setting` beside flows that begin at `start`, by their names; none knows of the others."""
    recording = simulate(
        setting.network.problem(),
        setting.make(),
        ("discrete", *(replace(flow, name=name) for name, flow in flows.items())),
        steps=setting.end,
        start=start,
        seed=seed,
        progress=False,
    )
    _not_interrupted(recording)
    iterates = padded(recording, "discrete", setting.end)
    return {name: _of_cell(setting, recording, name, flow, iterates) for name, flow in flows.items()}


def _of_cell(setting: Setting, recording: Recording, name: str, flow: Flow, iterates: Rows) -> Figures:
    status = recording[name].status
    rows = padded(recording, name, setting.end)
    return {
        "iterates": of_iterates(setting, iterates),
        "flow": {
            "state": status.state,
            "sentence": status.sentence,
            **of_flow(setting, rows, iterates),
            "worst": _plain(**{column.name: _largest(rows[column.name]) for column in flow.process.signals}),
        },
    }


def nearby(setting: Setting, seed: int) -> Figures:
    """A second discrete run from next to the start: what no model can beat."""
    problem = setting.network.problem()
    w0 = problem.w0
    away = torch.randn(w0.numel(), generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(w0)
    if w0.dtype == torch.float64:
        start = w0 + AWAY * away / away.norm()
    else:
        start = torch.nextafter(w0, w0 + away)
    other = Problem.from_function(problem.function, start)
    midpoints = []
    for each, every in ((problem, setting.end), (other, 1)):
        last = setting.end + 1
        kept = (setting.end, last)
        recording = simulate(
            each,
            setting.make(),
            ("discrete",),
            steps=last,
            every=every,
            snapshots=kept,
            seed=seed,
            progress=False,
        )
        _not_interrupted(recording)
        parameters = recording["discrete"].parameters
        midpoints.append(sum(parameters[t].astype(np.float64) for t in kept) / 2)
    distance = float(np.linalg.norm(midpoints[0] - midpoints[1]))
    travelled = float(np.linalg.norm(midpoints[0] - w0.numpy()))
    figures = of_iterates(setting, padded(recording, "discrete", setting.end))
    return {"iterates": figures, "distance": distance, "relative_distance": distance / travelled}


def padded(recording: Recording, process: str, end: int) -> Rows:
    """Columns of a process with row t at time t, up to `end`; NaN where nothing was measured."""
    table = recording[process]
    held = table.rows(0, len(table))
    time = held["time"].astype(int)
    keep = time <= end
    found = {}
    for name, values in held.items():
        found[name] = np.full((end + 1, *values.shape[1:]), np.nan)
        found[name][time[keep]] = values[keep]
    return found


def of_iterates(setting: Setting, rows: Rows) -> Figures:
    """What the iterates did, over the spans that the flows are judged over."""
    second, last, after = spans(setting, rows)
    first = onset(setting, rows)
    return _plain(
        edge=None if after is None else after.start,
        onset=first,
        travelled=rows["distance_travelled"][-1],
        ratio_after_edge=_median(rows["sharpness_ratio"], after),
        ratio_last_quarter=_mean(rows["sharpness_ratio"][last]),
        oscillation=_rms(rows["oscillation"], after),
        rod_length=_rms(rows["rod_length"], second),
    )


def of_flow(setting: Setting, flow: Rows, iterates: Rows) -> Figures:
    """What a flow did against the iterates; the distance is that of its last row."""
    second, last, after = spans(setting, iterates)
    known = np.flatnonzero(np.isfinite(flow["time"]))
    end = int(known[-1]) if len(known) else 0
    stable, edge = costs(flow)
    both = np.isfinite(flow["predicted_loss"][second])
    rod = "rod_length" in flow
    return _plain(
        ended=end,
        begun=int(known[0]) if len(known) else None,
        distance=flow["distance"][end],
        relative_distance=flow["relative_distance"][end],
        ratio_after_edge=_median(flow["sharpness_ratio"], after),
        ratio_last_quarter=_mean(flow["sharpness_ratio"][last]),
        loss=_mean(flow["predicted_loss"][second]) / _mean(iterates["loss"][second][both]),
        extent=_mean(flow["rod_length"][second] ** 2) / _mean(iterates["rod_length"][second][both] ** 2)
        if rod
        else None,
        oscillation=_rms(flow["oscillation"], after) if rod else None,
        second_moment_error=None
        if after is None or "second_moment_error" not in flow
        else _mean(flow["second_moment_error"][after]),
        onset=onset(setting, flow),
        cost_stable=stable,
        cost_edge=edge,
    )


def spans(setting: Setting, iterates: Rows) -> tuple[slice, slice, slice | None]:
    """Second half, last quarter, and all from where the iterates come to the edge (None: they never do)."""
    duration = setting.end - setting.begin
    stop = setting.end + 1
    ratio = iterates["sharpness_ratio"][setting.begin :]
    passed = np.flatnonzero(ratio > AT_EDGE)
    after = slice(setting.begin + int(passed[0]), stop) if len(passed) else None
    return slice(setting.begin + duration // 2, stop), slice(setting.begin + 3 * duration // 4, stop), after


def costs(flow: Rows) -> tuple[float, float]:
    """Gradients a step in the stable phase and at the edge.

    At the edge is where a rod oscillates by more than a tenth of its length, or a flow without a rod has a critical
    eigenvalue.
    """
    spent = np.diff(flow["cost"])
    known = np.isfinite(spent)
    if "oscillation" in flow:
        edge = flow["oscillation"][:-1] > PAIR_SHARE * flow["rod_length"][:-1]
    else:
        edge = flow["critical_directions"][:-1] > 0
    return _mean(spent[known & ~edge]), _mean(spent[known & edge])


def onset(setting: Setting, rows: Rows) -> int | None:
    """The first step after the beginning at which the sharpness has fallen by 5 % from its peak beyond the edge."""
    ratio = rows["sharpness_ratio"][setting.begin :]
    peak = np.fmax.accumulate(ratio)
    fallen = np.flatnonzero((peak > 1) & (ratio < FALLEN * peak))
    return int(setting.begin + fallen[0]) if len(fallen) else None


def _not_interrupted(recording: Recording) -> None:
    """The figures of a run that was interrupted are no figures."""
    if recording.status.state == "stopped":
        raise KeyboardInterrupt


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan


def _largest(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.max()) if len(known) else math.nan


def _median(values: np.ndarray, span: slice | None) -> float:
    known = values[span][np.isfinite(values[span])] if span is not None else np.zeros(0)
    return float(np.median(known)) if len(known) else math.nan


def _rms(values: np.ndarray, span: slice | None) -> float:
    return math.nan if span is None else math.sqrt(_mean(values[span] ** 2))


def _plain(**figures: Any) -> Figures:
    """Numbers as JSON holds them: what is not finite is None."""
    return {
        name: value if value is None or isinstance(value, int) else float(value) if math.isfinite(value) else None
        for name, value in figures.items()
    }
