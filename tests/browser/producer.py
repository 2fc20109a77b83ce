"""Rows without a simulation: a stand-in that makes given numbers at a given pace, for tests and benchmarks of the page.

It replaces what computes and nothing else. The description (problem, optimizer, processes, columns) is that of a real
simulation, and everything behind it is what users have: the worker thread of `Run`, the recording, the feed, the one
sender of the kernel, the wire, and the page.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

import rodflow_widgets as rf
from rodflow_widgets.engine.fate import Block
from rodflow_widgets.errors import RunError
from rodflow_widgets.session import Run
from rodflow_widgets.session.spec import RunSpec
from rodflow_widgets.vocabulary import Status

FIVE = ("discrete", "rod", "central", "edge", "stable")
MOST_ROWS = 20_000

Pace = Callable[[int], int]


class Rate:
    """So many rows a second, from the first that is asked for."""

    def __init__(self, rows_a_second: float) -> None:
        self.rows_a_second = rows_a_second
        self._begun: float | None = None

    def __call__(self, row: int) -> int:
        if self._begun is None:
            self._begun = time.perf_counter() - row / self.rows_a_second
        time.sleep(0.004)
        return int((time.perf_counter() - self._begun) * self.rows_a_second) - row


class Gate:
    """As many rows as somebody has let through, as soon as they are."""

    def __init__(self) -> None:
        self._open = threading.Condition()
        self._until = 0

    def let(self, rows: int) -> None:
        with self._open:
            self._until += rows
            self._open.notify()

    def __call__(self, row: int) -> int:
        with self._open:
            self._open.wait_for(lambda: self._until > row, timeout=0.2)
            return self._until - row


class Producer:
    """Drives like a simulation; what it does not replace is that of the real one.

    Args:
        simulation: whose description is used.
        pace: says, given the number of the next row, how many rows there are now; it may wait.
        columns: of each process, None for all.
    """

    def __init__(self, simulation: Any, pace: Pace, steps: int, columns: Sequence[str] | None = None) -> None:
        self._simulation, self._pace, self.steps = simulation, pace, steps
        self._said = simulation.describe()
        for process in self._said["processes"]:
            process["columns"] = [c for c in process["columns"] if columns is None or c["name"] in columns]
        self.row = self._drained = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._simulation, name)

    @property
    def finished(self) -> bool:
        return self.row > self.steps

    @property
    def pending(self) -> int:
        return self.row - self._drained

    @property
    def statuses(self) -> dict[str, Status]:
        state = "finished" if self.finished else "running"
        return {p["name"]: Status(state, max(self.row - 1, 0), "") for p in self._said["processes"]}

    def advance(self) -> None:
        self.row += max(0, min(self._pace(self.row), self.steps + 1 - self.row, MOST_ROWS))

    def drain(self) -> list[Block]:
        steps = np.arange(self._drained, self.row)
        self._drained = self.row
        return [
            Block(process["name"], {c["name"]: _values(p, i, c, steps) for i, c in enumerate(process["columns"])})
            for p, process in enumerate(self._said["processes"])
            if len(steps)
        ]

    def describe(self) -> dict[str, Any]:
        return {**self._said, "steps": self.steps}

    def fork(self) -> Any:
        raise RunError("Rows that are made up have no state to go back to.")


class Plan:
    """Makes producers; what `Run` takes."""

    past = None

    def __init__(
        self, pace: Pace, steps: int, processes: Sequence[str] = FIVE, columns: Any = ("time", "loss")
    ) -> None:
        self._spec = RunSpec(rf.problems.digits_mlp(), rf.optimizers.GradientDescent(0.5), processes, 10)
        self._pace, self._steps, self._columns = pace, steps, columns

    def simulation(self) -> Any:
        return Producer(self._spec.simulation(), self._pace, self._steps, self._columns)


def five_series(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Time [rows] and the losses [5, rows] that the five processes of a producer have."""
    steps = np.arange(rows)
    return steps.astype(float), np.stack([_values(p, 1, {"name": "loss", "width": 1}, steps) for p in range(len(FIVE))])


def live(pace: Pace, steps: int, **arguments: Any) -> Any:
    """A live view of a run that is made up, started."""
    from rodflow_widgets.widgets.live import Live

    view = Live(Run(Plan(pace, steps, **arguments)))
    view.run.start()
    return view


def _values(process: int, index: int, column: dict[str, Any], steps: np.ndarray) -> np.ndarray:
    """A slow decay with an alternating part and small noise, at another phase for every process and column."""
    if column["name"] == "time":
        return steps.astype(float)
    values = 1 / (1 + steps / 20_000) + _wave().take(steps + 7919 * (process + 5 * index), mode="wrap")
    return values if column["width"] == 1 else np.repeat(values[:, None], column["width"], axis=1)


@cache
def _wave() -> np.ndarray:
    """Made once: a formula for every value would take the processor time that is measured."""
    steps = np.arange(2**17)
    slow = 0.7 + 0.2 * np.sin(steps * (12 * np.pi / 2**17))
    alternating = np.where(steps % 2, -0.1, 0.1) * (1 + np.sin(steps * (22 * np.pi / 2**17)))
    return np.asarray(slow + alternating + np.random.default_rng(0).normal(0, 0.02, len(steps)))
