"""The parameter vectors of the last rows, kept on the device within a budget of bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import ArgumentError
from .host import fetch
from .process import Observation

TRAIL_BYTES = 64_000_000
CHUNKS = 16


class Trail:
    """A ring of rows: of the iterates w_t, of flows the centre and, where they have one, the rod; and each one's P.

    Filling it copies on the device, waits for nothing and changes nothing. Of rows that are measured every step only w_t is
    kept of the iterates: the next two are those of the next rows, or at the end those that the optimizer is ahead.

    Args:
        budget: bytes; memory is taken as it fills.
        every: steps between two rows.
        flows: name -> whether it has a rod.
    """

    def __init__(self, budget: int, every: int, flows: Mapping[str, bool]) -> None:
        self._budget = budget
        self._every = every
        self._own = 1 if every == 1 else 3
        self._flows = dict(flows)
        self._ahead: tuple[Tensor, ...] = ()
        self._place: dict[tuple[str, str], slice] = {}
        self._chunks: list[Tensor] = []
        self._steps = np.empty(0, dtype=np.int64)
        self._capacity = self._count = self._size = 0

    def __deepcopy__(self, memo: Any) -> Trail:
        """Of a simulation that goes on by itself: empty, and filled by that one's own rows."""
        return Trail(self._budget, self._every, self._flows)

    @property
    def nbytes(self) -> int:
        """Bytes taken so far."""
        return sum(chunk.numel() * chunk.element_size() for chunk in self._chunks) + self._steps.nbytes

    @property
    def steps(self) -> np.ndarray:
        """Steps of the rows that are kept, ascending."""
        kept = np.arange(max(0, self._count - self._capacity), self._count)
        return self._steps[kept % self._capacity] if len(kept) else np.empty(0, dtype=np.int64)

    def record(self, step: int, seen: Mapping[str, Observation], window: Sequence[Tensor]) -> None:
        """Keep a row: what was observed of the processes, and the iterates w_t, w_{t+1}, w_{t+2}."""
        if not self._place:
            self._set_up(seen["discrete"].preconditioner.numel(), window[0])
        if not self._capacity:
            return
        chunk, row = divmod(self._count % self._capacity, self._size)
        if chunk == len(self._chunks):
            rows = min(self._size, self._capacity - chunk * self._size)
            self._chunks.append(window[0].new_empty(rows, max(place.stop for place in self._place.values())))
        torch.cat([*window[: self._own], *self._parts(seen)], out=self._chunks[chunk][row])
        self._steps[self._count % self._capacity] = step
        self._ahead = tuple(window[1:])
        self._count += 1

    def _set_up(self, preconditioner: int, like: Tensor) -> None:
        p, at = like.numel(), 0
        fields = [("discrete", f"w{i}", p) for i in range(self._own)] + [("discrete", "preconditioner", preconditioner)]
        for name, rod in self._flows.items():
            fields += [(name, "centre", p), (name, "preconditioner", preconditioner)]
            fields += [(name, "rod", p)] if rod else []
        for name, kind, width in fields:
            self._place[name, kind] = slice(at, at + width)
            at += width
        self._capacity = self._budget // (at * like.element_size() + self._steps.itemsize)
        self._size = -(-self._capacity // CHUNKS)
        self._steps = np.empty(self._capacity, dtype=np.int64)

    def _parts(self, seen: Mapping[str, Observation]) -> list[Tensor]:
        """The fields of a row beside the iterates in their order; NaN for what was not observed."""
        given = seen["discrete"]
        parts = [given.preconditioner]
        for name, rod in self._flows.items():
            flow = seen.get(name)
            if flow is None:
                nothing, P = torch.full_like(given.position, torch.nan), torch.full_like(parts[0], torch.nan)
                parts += [nothing, P, nothing] if rod else [nothing, P]
                continue
            parts += [flow.position, flow.preconditioner.expand_as(parts[0])]
            if rod and flow.rod is not None:
                parts.append(flow.rod)
        return parts

    def find(self, step: int | None) -> int:
        """`step` if its row is kept, or the newest whose window is finite; else ArgumentError that names those that are."""
        steps = self.steps
        if not len(steps):
            raise ArgumentError(
                f"step={step!r} is not kept: no row is. Begin the run; where a row takes more than "
                f"{self._budget:,} bytes none can be kept."
            )
        if step is None:
            return self._newest(steps)
        if step not in steps:
            every = int(steps[1] - steps[0]) if len(steps) > 1 else 1
            which = f"{steps[0]} to {steps[-1]}" + (f", every {every}" if every > 1 else "")
            raise ArgumentError(f"step={step} is not kept: the steps that are kept are {which}.")
        return step

    def _newest(self, steps: np.ndarray) -> int:
        for step in steps[::-1].tolist():
            (total,) = fetch([self.window(step).sum()])
            if np.isfinite(total):
                return int(step)
        raise ArgumentError("step=None finds no row that is finite: the iterates have diverged, reset the run.")

    def has_rod(self, name: str) -> bool:
        return self._flows.get(name, False)

    def present(self, name: str, steps: np.ndarray) -> np.ndarray:
        """Those of the kept `steps` at which the process was there, and finite."""
        if not len(steps):
            return steps
        (totals,) = fetch([self.positions(name, steps).sum(1)])
        return steps[np.isfinite(totals)]

    def positions(self, name: str, steps: Sequence[int] | np.ndarray) -> Tensor:
        """The iterates, or centres of a flow [n, p], at kept `steps`."""
        return self.vectors(name, "w0" if name == "discrete" else "centre", steps)

    def vectors(self, name: str, kind: str, steps: Sequence[int] | np.ndarray) -> Tensor:
        """Rows [n, width] of one kind ("centre", "rod", "preconditioner"; "w0" of "discrete") at kept `steps`."""
        place = self._place[name, kind]
        first = max(0, self._count - self._capacity)
        rows = (np.searchsorted(self.steps, steps) + first) % self._capacity
        breaks = np.flatnonzero(np.diff(rows // self._size)) + 1
        found = []
        for part in np.split(rows, breaks):
            chunk = self._chunks[part[0] // self._size]
            found.append(chunk[:, place][torch.from_numpy(part % self._size).to(chunk.device)])
        return torch.cat(found)

    def window(self, step: int) -> Tensor:
        """The iterates [3, p] at a kept `step` and the next two."""
        if self._own == 3:
            return torch.cat([self.vectors("discrete", f"w{i}", [step]) for i in range(3)])
        newest = int(self.steps[-1])
        return torch.stack(
            [
                self._ahead[t - newest - 1] if t > newest else self.vectors("discrete", "w0", [t])[0]
                for t in range(step, step + 3)
            ]
        )
