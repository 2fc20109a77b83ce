"""One process on its way through a simulation: its columns, the rows still on the device, its status."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..vocabulary import Column, Status
from .flows.base import Flow
from .host import wide
from .optimizers.base import Optimizer
from .probes import PROBES, Context
from .process import Discrete, Observation, Process

LOSS_LIMIT = 1e6
TIME = Column(
    "time", "optimizer steps", "step of the iterate; a flow's centre belongs to the midpoint of this and the next"
)


@dataclass
class Block:
    """Rows of one process on the host: columns [rows] or [rows, width] in float64, and parameter snapshots by step."""

    process: str
    columns: dict[str, np.ndarray]
    parameters: dict[int, np.ndarray] = field(default_factory=dict)


class Lane:
    """A process, or a flow that will begin at step `start`, with its probes and what they measured."""

    def __init__(self, name: str, flow: Flow | None, start: int, eigenvalues: int, optimizer: Optimizer) -> None:
        self.name = name
        self.flow = flow
        self.start = start
        self.process: Process | None = None
        kind = Discrete if flow is None else flow.process
        probes = [probe for probe in PROBES.values() if probe.applies(kind) and probe.fits(optimizer)]
        self._probes = [probe(kind, eigenvalues) for probe in probes]
        self.columns = (TIME, *(column for probe in self._probes for column in probe.columns()))
        self.status = Status("ready", 0, "It has not begun.")
        self._rows: list[tuple[Tensor, list[float]]] = []
        self._on_device: list[bool] = [False] * len(self.columns)
        self._kept: list[tuple[int, Tensor]] = []
        self._last_loss = math.nan
        self._lost: tuple[int, str] | None = None
        self._limit = math.inf

    @property
    def moving(self) -> bool:
        return not self.status.ended

    @property
    def title(self) -> str:
        label = "the iterates" if self.flow is None else self.flow.label
        return label[0].upper() + label[1:]

    def record(self, row: int, seen: Observation, context: Context) -> None:
        """Measure one row; what is on the device stays there until `block`."""
        assert self.process is not None
        values: list[Tensor | float] = [float(row)]
        for probe in self._probes:
            values.extend(probe.measure(self.process, seen, context))
        self._on_device = [isinstance(v, Tensor) for v in values]
        tensors = [v.detach().reshape(-1).to(wide(v.device)) for v in values if isinstance(v, Tensor)]
        self._rows.append((torch.cat(tensors), [v for v in values if not isinstance(v, Tensor)]))
        if self.status.state == "ready":
            self.status = Status("running", row, "It is running.")

    def keep(self, row: int, position: Tensor) -> None:
        """Keep the parameter vector of this row."""
        self._kept.append((row, position.detach().clone()))

    def waiting(self) -> list[Tensor]:
        """All tensors that `block` needs on the host, in its order."""
        return [tensor for tensor, _ in self._rows] + [w for _, w in self._kept]

    def block(self, arrays: Iterator[np.ndarray]) -> Block:
        """The rows on the host, cut where the process lost its way; takes its arrays from `arrays`."""
        device = [next(arrays) for _ in self._rows]
        wide = np.array(device) if device else np.zeros((0, sum(c.width for c in self.columns)))
        host = np.array([numbers for _, numbers in self._rows])
        columns: dict[str, np.ndarray] = {}
        at = taken = 0
        for column, there in zip(self.columns, self._on_device, strict=True):
            if there:
                part = wide[:, at : at + column.width]
                columns[column.name] = part if column.name == "eigenvalues" else part[:, 0]
                at += column.width
            elif len(self._rows):
                columns[column.name] = host[:, taken]
                taken += 1
            else:
                empty = np.zeros((0, column.width))
                columns[column.name] = empty if column.name == "eigenvalues" else empty[:, 0]
        block = Block(self.name, columns, {step: next(arrays) for step, _ in self._kept})
        self._rows, self._kept = [], []
        self._cut(block)
        if self._lost is not None:
            self._diverge(*self._lost, self._last_loss)
            self._lost = None
        return block

    def _cut(self, block: Block) -> None:
        """Drop the rows from the first one whose loss is not finite or passed the limit."""
        times = block.columns["time"]
        if not len(times):
            return
        losses = [block.columns[name] for name in ("loss", "predicted_loss") if name in block.columns]
        if math.isnan(self._last_loss):
            self._last_loss = float(losses[0][0])
            self._limit = LOSS_LIMIT * max(1.0, abs(self._last_loss))
        worst = np.max(np.where(np.isfinite(losses), np.abs(losses), np.inf), axis=0)
        bad = worst > self._limit
        first = int(np.argmax(bad)) if bad.any() else len(times)
        if first:
            self._last_loss = float(losses[0][first - 1])
        if first == len(times):
            return
        self._lost = None
        step = int(times[first])
        block.columns = {name: values[:first] for name, values in block.columns.items()}
        block.parameters = {s: w for s, w in block.parameters.items() if s < step}
        passed = np.isfinite(worst[first])
        why = f"the loss passed {_power(self._limit)}" if passed else "the loss was no longer finite"
        self._diverge(step, why, self._last_loss)

    def lose(self, step: int, why: str) -> None:
        """The process lost its way at `step`; the last loss is added when the rows before are on the host."""
        self._diverge(step, why, math.nan)
        self._lost = (step, why)

    def _diverge(self, step: int, why: str, last: float) -> None:
        seen = f"; the last loss seen was {last:.4g}" if math.isfinite(last) else ""
        self.status = Status("diverged", step, f"{self.title} diverged at step {step}: {why}{seen}.")

    def describe(self) -> dict[str, Any]:
        flow = self.flow
        return {
            "name": self.name,
            "kind": "iterates" if flow is None else flow.kind,
            "label": "iterates" if flow is None else flow.label,
            "detail": "" if flow is None else flow.detail,
            "start": self.start,
            "columns": [column.describe() for column in self.columns],
        }


def _power(value: float) -> str:
    """A large number for a person: 10⁶, 2.31·10⁷."""
    mantissa, exponent = f"{value:.2e}".split("e")
    power = "10" + str(int(exponent)).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return power if float(mantissa) == 1 else f"{float(mantissa):g}·{power}"
