"""Length of the rod and of its alternating part."""

from __future__ import annotations

from torch import Tensor

from ...vocabulary import Column
from ..process import Discrete, Observation, Process
from ..registry import PROBES, register
from .base import Context, Probe

SOURCE = "rod flow, arXiv 2602.01480"


@register(PROBES, "rod")
class RodProbe(Probe):
    @classmethod
    def applies(cls, process: type[Process]) -> bool:
        return issubclass(process, Discrete) or process.has_rod

    def columns(self) -> tuple[Column, ...]:
        if issubclass(self.process, Discrete):
            return (
                Column("rod_length", "parameters", "½‖w_{t+1} − w_t‖, half a step", SOURCE),
                Column("oscillation", "parameters", "¼‖w_t − 2w_{t+1} + w_{t+2}‖, the alternating part", SOURCE),
            )
        return (
            Column("rod_length", "parameters", "predicted half step, drift and oscillation together", SOURCE),
            Column("oscillation", "parameters", "predicted alternating part of the iterates", SOURCE),
        )

    def measure(self, process: Process, seen: Observation, context: Context) -> tuple[Tensor | float, ...]:
        return seen.rod_length, seen.oscillation
