"""The learning rate in use."""

from __future__ import annotations

from torch import Tensor

from ...vocabulary import Column
from ..process import Discrete, Observation, Process
from ..registry import PROBES, register
from .base import Context, Probe


@register(PROBES, "learning_rate")
class LearningRateProbe(Probe):
    @classmethod
    def applies(cls, process: type[Process]) -> bool:
        return issubclass(process, Discrete)

    def columns(self) -> tuple[Column, ...]:
        return (Column("learning_rate", "1 / sharpness", "step size of the optimizer in the step from this iterate"),)

    def measure(self, process: Process, seen: Observation, context: Context) -> tuple[Tensor | float, ...]:
        rate, speeds = context.optimizer.learning_rate, context.optimizer.speeds
        return (rate if speeds is None else rate * speeds[:, 0],)
