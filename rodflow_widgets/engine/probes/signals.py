"""A flow's own signals: when it doubts itself."""

from __future__ import annotations

from torch import Tensor

from ...vocabulary import Column
from ..process import Observation, Process
from ..registry import PROBES, register
from .base import Context, Probe


@register(PROBES, "signals")
class SignalProbe(Probe):
    @classmethod
    def applies(cls, process: type[Process]) -> bool:
        return bool(process.signals)

    def columns(self) -> tuple[Column, ...]:
        return self.process.signals

    def measure(self, process: Process, seen: Observation, context: Context) -> tuple[Tensor | float, ...]:
        return tuple(seen.signals[c.name] for c in self.process.signals)
