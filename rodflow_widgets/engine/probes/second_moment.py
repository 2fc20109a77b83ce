"""How far a flow's second moment is from the iterates'."""

from __future__ import annotations

import math

from torch import Tensor

from ...vocabulary import Column
from ..optimizers.base import Optimizer
from ..process import Discrete, Observation, Process, norm
from ..registry import PROBES, register
from .base import Context, Probe


@register(PROBES, "second_moment")
class SecondMomentProbe(Probe):
    """Of flows, with optimizers that have a second moment; NaN where a flow does not model it."""

    @classmethod
    def applies(cls, process: type[Process]) -> bool:
        return not issubclass(process, Discrete)

    @classmethod
    def fits(cls, optimizer: Optimizer) -> bool:
        return optimizer.has_second_moment

    def columns(self) -> tuple[Column, ...]:
        meaning = "‖second moment − mean of the iterates' two‖ / ‖that mean‖ at the same time"
        return (Column("second_moment_error", "1", meaning, "rod flow, arXiv 2605.06821"),)

    def measure(self, process: Process, seen: Observation, context: Context) -> tuple[Tensor | float, ...]:
        if seen.second_moment is None or context.second_moment is None:
            return (math.nan,)
        return (norm(seen.second_moment - context.second_moment) / norm(context.second_moment),)
