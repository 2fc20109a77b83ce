"""Loss where the process is, and the loss that a flow predicts for the iterates."""

from __future__ import annotations

from torch import Tensor

from ...vocabulary import Column
from ..process import Discrete, Observation, Process
from ..registry import PROBES, register
from .base import Context, Probe


@register(PROBES, "loss")
class LossProbe(Probe):
    def columns(self) -> tuple[Column, ...]:
        if issubclass(self.process, Discrete):
            return (
                Column("loss", "loss", "full-batch loss at the iterate"),
                Column("midpoint_loss", "loss", "full-batch loss at the midpoint of this iterate and the next"),
            )
        return (
            Column("loss", "loss", "full-batch loss at the centre of the flow"),
            Column("predicted_loss", "loss", "the flow's prediction of the iterates' loss: mean over the rod's ends"),
        )

    def measure(self, process: Process, seen: Observation, context: Context) -> tuple[Tensor | float, ...]:
        if issubclass(self.process, Discrete):
            return seen.loss, _at_centre(process, seen)
        return _at_centre(process, seen) if seen.loss is None else seen.loss, seen.predicted_loss


def _at_centre(process: Process, seen: Observation) -> Tensor:
    return process.problem.loss(seen.centre) if seen.point is None else seen.point.loss
