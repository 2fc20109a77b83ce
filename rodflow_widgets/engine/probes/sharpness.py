"""Leading eigenvalues of the preconditioned Hessian against the edge of stability."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from ...vocabulary import Column
from ..process import Discrete, Observation, Process
from ..registry import PROBES, register
from .base import Context, Probe

CRITICAL = 0.975
SOURCE = "Cohen et al., arXiv 2103.00065 and 2207.14484"


@register(PROBES, "sharpness")
class SharpnessProbe(Probe):
    """Tracks the spectrum where the process does not do so itself; at the iterates' midpoint for the optimizer."""

    vectors: ClassVar[tuple[str, ...]] = ("eigenvalues",)

    def columns(self) -> tuple[Column, ...]:
        where = "midpoint of this iterate and the next" if issubclass(self.process, Discrete) else "centre of the flow"
        if self.process.predicts_eigenvalues:
            where += ", carried on linearly between the tracker's looks"
        return (
            Column(
                "eigenvalues",
                "1 / learning rate",
                f"largest eigenvalues of P^{{-1/2}} H P^{{-1/2}} in descending order, at the {where}",
                SOURCE,
                self.eigenvalues,
            ),
            Column("sharpness", "1 / learning rate", f"largest eigenvalue at the {where}", SOURCE),
            Column("edge_threshold", "1 / learning rate", "sharpness beyond which an oscillation grows", SOURCE),
            Column("sharpness_ratio", "1", "sharpness / edge threshold; 1 is the edge of stability", SOURCE),
            Column(
                "critical_directions",
                "1",
                "how many of the tracked eigenvalues reach 0.975 of the edge threshold",
                SOURCE,
            ),
        )

    def measure(self, process: Process, seen: Observation, context: Context) -> tuple[Tensor | float, ...]:
        values = seen.eigenvalues
        if values is None:
            values = process.spectrum.at(
                process.row, lambda: seen.point or process.problem.at(seen.centre), seen.preconditioner
            ).values
        edge = context.optimizer.edge_threshold(process.row + 1)
        sharpness = values[..., 0]
        critical = (values >= CRITICAL * edge).sum(-1) + 0 * sharpness
        speeds = context.optimizer.speeds
        if speeds is None:
            return self._padded(values), sharpness, edge, sharpness / edge, critical
        return self._padded(values / speeds), sharpness / speeds[:, 0], edge / speeds[:, 0], sharpness / edge, critical

    def _padded(self, values: Tensor) -> Tensor:
        short = self.eigenvalues - values.shape[-1]
        if short <= 0:
            return values[..., : self.eigenvalues]
        return torch.cat([values, values.new_full((*values.shape[:-1], short), float("nan"))], -1)
