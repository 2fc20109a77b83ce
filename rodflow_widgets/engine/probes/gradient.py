"""Norm of the gradient that moved the process."""

from __future__ import annotations

from torch import Tensor

from ...vocabulary import Column
from ..process import Observation, Process, norm
from ..registry import PROBES, register
from .base import Context, Probe


@register(PROBES, "gradient")
class GradientProbe(Probe):
    def columns(self) -> tuple[Column, ...]:
        return (
            Column("grad_norm", "loss per parameter", "‖∇L‖ at the iterate; flows: of the mean over the rod's ends"),
        )

    def measure(self, process: Process, seen: Observation, context: Context) -> tuple[Tensor | float, ...]:
        return (norm(seen.gradient),)
