"""One process on its way through a simulation: its columns, and the rows still on the device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..vocabulary import Column
from .fate import Block, Fate
from .flows.base import Flow
from .host import wide
from .optimizers.base import Optimizer
from .probes import PROBES, Context
from .process import Discrete, Observation, Process

TIME = Column(
    "time", "optimizer steps", "step of the iterate; a flow's centre belongs to the midpoint of this and the next"
)


class Lane:
    """A process, or a flow that will begin at step `start`, with its probes and what they measured.

    Of several runs together a row is [runs, …], and every run has its own fate.
    """

    def __init__(
        self,
        name: str,
        flow: Flow | None,
        start: int,
        eigenvalues: int,
        optimizer: Optimizer,
        runs: int | None = None,
        coordinates: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.flow = flow
        self.start = start
        self.process: Process | None = None
        kind = Discrete if flow is None else flow.process
        probes = [probe for probe in PROBES.values() if probe.applies(kind) and probe.fits(optimizer)]
        self._probes = [probe(kind, eigenvalues, coordinates) for probe in probes]
        self._vectors = {name for probe in probes for name in probe.vectors}
        self.columns = (TIME, *(column for probe in self._probes for column in probe.columns()))
        self._lead = () if runs is None else (runs,)
        self.fates = [Fate("the iterates" if flow is None else flow.label) for _ in range(runs or 1)]
        self._rows: list[tuple[Tensor, np.ndarray]] = []
        self._on_device: list[bool] = [False] * len(self.columns)
        self._kept: list[tuple[int, Tensor]] = []

    @property
    def moving(self) -> bool:
        return any(fate.moving for fate in self.fates)

    def record(self, row: int, seen: Observation, context: Context) -> None:
        """Measure one row; what is on the device stays there until `blocks`."""
        assert self.process is not None
        values: list[Any] = [float(row)]
        for probe in self._probes:
            values.extend(probe.measure(self.process, seen, context))
        self._on_device = [isinstance(v, Tensor) for v in values]
        tensors = [v.detach().reshape(*self._lead, -1).to(wide(v.device)) for v in values if isinstance(v, Tensor)]
        numbers = [np.broadcast_to(v, self._lead) for v in values if not isinstance(v, Tensor)]
        self._rows.append((torch.cat(tensors, -1), np.stack(numbers, -1)))
        for fate in self.fates:
            fate.begin(row)

    def keep(self, row: int, position: Tensor) -> None:
        """Keep the parameter vector of this row."""
        self._kept.append((row, position.detach().clone()))

    def forget(self, row: int) -> None:
        """Drop this row where it is the last one: other processes could not make it."""
        if self._rows and self._rows[-1][1].flat[0] == row:
            self._rows.pop()
        self._kept = [(kept, w) for kept, w in self._kept if kept != row]

    def waiting(self) -> list[Tensor]:
        """All tensors that `blocks` needs on the host, in its order."""
        return [tensor for tensor, _ in self._rows] + [w for _, w in self._kept]

    def blocks(self, arrays: Iterator[np.ndarray]) -> list[Block]:
        """The rows of every run on the host, cut where it lost its way; takes its arrays from `arrays`."""
        runs, rows = len(self.fates), len(self._rows)
        width = sum(column.width for column in self.columns)
        device = np.array([next(arrays) for _ in range(rows)]).reshape(rows, runs, -1 if rows else width)
        host = np.array([numbers for _, numbers in self._rows]).reshape(rows, runs, -1 if rows else width)
        kept = {step: next(arrays).reshape(runs, -1) for step, _ in self._kept}
        self._rows, self._kept = [], []
        blocks = []
        for run, fate in enumerate(self.fates):
            columns = self._columns(device[:, run], host[:, run])
            block = Block(self.name, columns, {step: vectors[run] for step, vectors in kept.items()})
            fate.cut(block)
            blocks.append(block)
        return blocks

    def _columns(self, device: np.ndarray, host: np.ndarray) -> dict[str, np.ndarray]:
        """The columns by name, of one run, from what came from the device and what was on the host."""
        columns, at = {}, {True: 0, False: 0}
        for column, there in zip(self.columns, self._on_device, strict=True):
            begin = at[there]
            at[there] += column.width
            part = (device if there else host)[:, begin : begin + column.width]
            columns[column.name] = part if column.name in self._vectors else part[:, 0]
        return columns

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
