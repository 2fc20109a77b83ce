"""How far a flow is from the iterates, and how far the iterates went."""

from __future__ import annotations

from torch import Tensor

from ...vocabulary import Column
from ..process import Discrete, Observation, Process, norm
from ..registry import PROBES, register
from .base import Context, Probe


@register(PROBES, "distance")
class DistanceProbe(Probe):
    def columns(self) -> tuple[Column, ...]:
        if issubclass(self.process, Discrete):
            return (Column("distance_travelled", "parameters", "‖midpoint − starting point‖"),)
        return (
            Column("distance", "parameters", "‖centre − midpoint of the iterates‖ at the same time"),
            Column(
                "relative_distance", "1", "distance divided by the distance travelled by the midpoints since the start"
            ),
        )

    def measure(self, process: Process, seen: Observation, context: Context) -> tuple[Tensor | float, ...]:
        travelled = norm(context.midpoint - context.origin)
        if issubclass(self.process, Discrete):
            return (travelled,)
        distance = norm(seen.centre - context.midpoint)
        return distance, distance / travelled
