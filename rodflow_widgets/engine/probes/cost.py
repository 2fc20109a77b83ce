"""What a process has spent, without the measurements made beside it."""

from __future__ import annotations

from torch import Tensor

from ...vocabulary import Column
from ..point import HVP_COST, THIRD_COST
from ..process import Observation, Process
from ..registry import PROBES, register
from .base import Context, Probe


@register(PROBES, "cost")
class CostProbe(Probe):
    def columns(self) -> tuple[Column, ...]:
        meaning = (
            f"gradients spent since the start, a Hessian-vector product counted as {HVP_COST}, "
            f"a third derivative as {THIRD_COST}"
        )
        return (Column("cost", "gradients", meaning),)

    def measure(self, process: Process, seen: Observation, context: Context) -> tuple[Tensor | float, ...]:
        return (process.meter.cost,)
