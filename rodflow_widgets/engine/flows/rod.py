"""Rod flow with exact rates: the centre by a delayed drift, the alternating part by powers of the optimizer's own map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...vocabulary import Setting, Whole
from ..process import Process, Start
from ..registry import FLOWS, register
from .base import Flow, step_text
from .rod_process import RodProcess

SUBSTEPS = Whole(
    "substeps",
    "substeps",
    2,
    2,
    unit="per step",
    meaning="of the rod, an even number for the delay of half a step; 4 is the check that nothing depends on it",
    multiple=2,
)


@register(FLOWS, "rod")
@dataclass(frozen=True)
class Rod(Flow):
    """Rod flow with exact rates, the default.

    The centre follows the drift that the iterates felt half a step ago, the alternating part x follows the logarithm of
    the optimizer's own map on the tracked Hessian eigenvectors, so that its rate of growth on a quadratic is exact.

    Args:
        substeps: even number of substeps per optimizer step, 2 or 4 (4 is the check that nothing depends on it).

    Source: derived from the exact two-step recursion of the iterates; compare arXiv 2602.01480 for the paper's closure,
    which is `CovarianceRod(modes=1, seed=1)`.
    """

    substeps: int = 2
    label: ClassVar[str] = "rod flow"
    kind: ClassVar[str] = "rod"
    process: ClassVar[type[Process]] = RodProcess
    parameters: ClassVar[tuple[Setting, ...]] = (SUBSTEPS,)
    cites: ClassVar[tuple[str, ...]] = ("regis2026rod",)
    cites_beyond: ClassVar[tuple[str, ...]] = ("regis2026adam",)
    batches: ClassVar[bool] = True

    @property
    def default_name(self) -> str:
        return "rod"

    @property
    def detail(self) -> str:
        return f"exact rates, {step_text(self.substeps)}"

    def begin(self, start: Start) -> RodProcess:
        return RodProcess(start, self.substeps)
