"""What the explorer of a sweep shows of its recordings: few columns a run, brought up to date with the new rows only."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..recording import Recording

MOST_COLUMNS = 250
"""Columns of the map, whatever the number of steps: about as many as it has pixels for."""

RATIO, LOSS = "sharpness_ratio", "loss"
AT_THE_EDGE = 1.0


@dataclass(frozen=True)
class Quantity:
    """What a cell of the map may be coloured by.

    Args:
        key: under which the cells are found.
        label: for people, with what a cell takes of the steps that it stands for.
        process: whose column it is; None for that of the iterates.
        column: of the process.
        largest: whether a cell takes the largest of its steps; else the last one.
    """

    key: str
    label: str
    process: str | None
    column: str
    largest: bool


@dataclass
class Reading:
    """How far a recording has been read."""

    recording: Recording
    rows: dict[str, int] = field(default_factory=dict)
    reached_rows: int = 0


class Gathered:
    """Cells [runs, columns] of every quantity, and a few numbers a run.

    Args:
        recordings: one a run, of the same processes.
        steps: how many each makes.
        every: every how many steps there is a row.

    Attributes:
        span: steps that a column of the map stands for.
        edge, diverged: [runs] step at which the ratio was first 1 or more, and at which the run diverged; NaN for none.
        first, final: [runs] loss of the first and of the newest row, NaN where there is none that is finite.
        last: [runs] step of the newest row; NaN before the first.
        reached: [runs] step at which the loss was first at most `target`; NaN where it was not.
    """

    def __init__(self, recordings: tuple[Recording, ...], steps: int, every: int) -> None:
        rows = steps // every + 1
        size = -(-rows // MOST_COLUMNS)
        self.columns = -(-rows // size)
        self.span = size * every
        self.runs = len(recordings)
        self.main, self.quantities = _quantities(recordings[0])
        self.cells = {
            quantity.key: np.full((self.runs, self.columns), np.nan, dtype=np.float64) for quantity in self.quantities
        }
        self.edge, self.diverged, self.first, self.final, self.last, self.reached = np.full((6, self.runs), np.nan)
        self.states = ["ready"] * self.runs
        self.target = math.nan
        self._readings = [Reading(recording) for recording in recordings]
        self.read(recordings)

    def aim(self, target: float) -> None:
        """Look for another loss."""
        self.target = target
        self.reached[:] = np.nan
        for run, reading in enumerate(self._readings):
            reading.reached_rows = 0
            self._reach(run, reading)

    def read(self, recordings: tuple[Recording, ...]) -> np.ndarray:
        """Take over what is new; [columns] says in which columns of the map something is."""
        changed = np.zeros(self.columns, dtype=bool)
        for run, recording in enumerate(recordings):
            state, ended = recording.status.state, recording[self.main].status
            reading = self._readings[run]
            ends = {table.name: len(table) for table in recording.tables}
            if recording is not reading.recording or ends[self.main] < reading.rows.get(self.main, 0):
                reading = self._again(run, recording)
                changed[:] = True
            for quantity in self.quantities:
                self._take(run, quantity, reading, ends, changed)
            self._facts(run, reading, ends)
            reading.rows = ends
            self._reach(run, reading)
            self.states[run] = state
            if ended.state == "diverged" and math.isnan(self.diverged[run]):
                self.diverged[run] = ended.step
                changed[min(ended.step // self.span, self.columns - 1) :] = True
        return changed

    def _again(self, run: int, recording: Recording) -> Reading:
        """Forget what was read of a run: it has begun again, or its recording has come from elsewhere."""
        for cells in self.cells.values():
            cells[run] = np.nan
        for numbers in (self.edge, self.diverged, self.first, self.final, self.last, self.reached):
            numbers[run] = np.nan
        self.states[run] = "ready"
        self._readings[run] = Reading(recording)
        return self._readings[run]

    def _take(self, run: int, quantity: Quantity, reading: Reading, ends: dict[str, int], changed: np.ndarray) -> None:
        name = quantity.process or self.main
        start, stop = reading.rows.get(name, 0), ends[name]
        if stop <= start:
            return
        columns = reading.recording[name].rows(start, stop, ["time", quantity.column])
        values = columns[quantity.column]
        there = np.isfinite(values)
        places = np.clip(columns["time"][there] / self.span, 0, self.columns - 1).astype(int)
        cells = self.cells[quantity.key][run]
        if quantity.largest:
            np.fmax.at(cells, places, values[there])
        else:
            cells[places] = values[there]
        changed[places] = True

    def _facts(self, run: int, reading: Reading, ends: dict[str, int]) -> None:
        table = reading.recording[self.main]
        start, stop = reading.rows.get(self.main, 0), ends[self.main]
        if stop <= start:
            return
        columns = table.rows(start, stop, ["time", LOSS, *([RATIO] if RATIO in table else [])])
        self.last[run] = columns["time"][-1]
        finite = columns[LOSS][np.isfinite(columns[LOSS])]
        if len(finite):
            self.final[run] = finite[-1]
            self.first[run] = finite[0] if math.isnan(self.first[run]) else self.first[run]
        if RATIO in table and math.isnan(self.edge[run]):
            met = np.flatnonzero(columns[RATIO] >= AT_THE_EDGE)
            if len(met):
                self.edge[run] = columns["time"][met[0]]

    def _reach(self, run: int, reading: Reading) -> None:
        table = reading.recording[self.main]
        if math.isnan(self.target) or not math.isnan(self.reached[run]):
            return
        columns = table.rows(reading.reached_rows, reading.rows.get(self.main, 0), ["time", LOSS])
        reading.reached_rows += len(columns["time"])
        found = np.flatnonzero(columns[LOSS] <= self.target)
        if len(found):
            self.reached[run] = columns["time"][found[0]]


def _quantities(recording: Recording) -> tuple[str, tuple[Quantity, ...]]:
    """The process that runs are told by, and what the map may show."""
    processes: list[dict[str, Any]] = recording.spec["processes"]
    iterates = [process for process in processes if process["kind"] == "iterates"]
    main = (iterates or processes)[0]
    found = []
    if RATIO in recording[main["name"]]:
        found.append(Quantity(RATIO, "sharpness / edge", None, RATIO, largest=True))
    found.append(Quantity(LOSS, "loss", None, LOSS, largest=False))
    for process in processes:
        if process is not main and "relative_distance" in recording[process["name"]]:
            label = f"relative distance of {process['label']}"
            if sum(other["label"] == process["label"] for other in processes) > 1:
                label += f" ({process['name']})"
            key = f"{process['name']}/relative_distance"
            found.append(Quantity(key, label, process["name"], "relative_distance", largest=True))
    return main["name"], tuple(found)
