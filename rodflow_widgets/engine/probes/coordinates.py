"""Where a process is, in problems of so few parameters that a picture shows them."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from ...vocabulary import Column
from ..process import Discrete, Observation, Process
from ..registry import PROBES, register
from .base import Context, Probe


@register(PROBES, "coordinates")
class CoordinatesProbe(Probe):
    """The parameters themselves, and the rod as a vector; no column where the problem has more than two parameters."""

    vectors: ClassVar[tuple[str, ...]] = ("coordinates", "rod")

    def columns(self) -> tuple[Column, ...]:
        width = len(self.coordinates)
        if not width:
            return ()
        what = "the iterate" if issubclass(self.process, Discrete) else "the centre of the flow"
        columns = [Column("coordinates", "parameters", f"{what}: {', '.join(self.coordinates)}", width=width)]
        if self.process.has_rod:
            meaning = "half of the rod as a vector, its alternating part: the ends are centre ± rod"
            columns.append(Column("rod", "parameters", meaning, "rod flow, arXiv 2602.01480", width))
        return tuple(columns)

    def measure(self, process: Process, seen: Observation, context: Context) -> tuple[Tensor | float, ...]:
        if not self.coordinates:
            return ()
        if seen.rod is None:
            return (seen.position,)
        return seen.position, seen.rod
