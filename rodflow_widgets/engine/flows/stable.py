"""Stable flow of gradient descent: gradient flow, the naive baseline that knows nothing of oscillations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ...errors import ArgumentError
from ...vocabulary import Status
from ..host import fetch
from ..optimizers.base import Optimizer
from ..optimizers.gradient_descent import GradientDescent
from ..process import NotFinite, Observation, Process, Start
from ..registry import FLOWS, register
from .base import Flow, whole

REFRESH = 10
STEP_LIMIT = 1.5


class StableProcess(Process):
    """Gradient flow by classical Runge–Kutta with substeps bounded by the curvature."""

    kind: ClassVar[str] = "stable"

    def __init__(self, start: Start, most: int, refine: int) -> None:
        super().__init__(start.problem, start.schedule, start.row, start.watch)
        self.most = most
        self.refine = refine
        self.w = start.window[0].w
        self.sharpness = math.inf
        self._look(self.row - 1)
        self._move(self.row, self.row + 0.5)

    def _look(self, time: float) -> None:
        """The largest eigenvalue on the host, every ten steps: what the substeps are bounded by."""
        one = self.schedule.at(time).preconditioner(None, 1, self.w)
        seen = self.spectrum.at(time, lambda: self.problem.at(self.w), one, payer=self.meter)
        (values,) = fetch([seen.values])
        self.sharpness = float(values[0])
        if not math.isfinite(self.sharpness):
            raise NotFinite

    def _move(self, begin: float, end: float) -> None:
        half = math.floor(begin) + 1.0
        spans = [(begin, half), (half, end)] if begin < half < end else [(begin, end)]
        if len(spans) == 2 and self.schedule.at(spans[0][0]) is self.schedule.at(spans[1][0]):
            spans = [(begin, end)]
        for a, b in spans:
            self._integrate(self.schedule.at(a).learning_rate, b - a)

    def _integrate(self, learning_rate: float, span: float) -> None:
        stiffness = span * learning_rate * max(self.sharpness, 0.0) / STEP_LIMIT
        if stiffness > self.most:
            self.status = Status(
                "stopped",
                self.row,
                f"Stable flow stopped at step {self.row}: it would need more than {self.most} substeps a step "
                f"(sharpness {self.sharpness:.4g}).",
            )
            return
        count = self.refine * max(1, math.ceil(stiffness))
        h = span / count
        for _ in range(count):
            self.w = self.w - learning_rate * h / 6 * self._slopes(learning_rate * h)

    def _slopes(self, h: float) -> Tensor:
        _, k1 = self.meter.value_and_grad(self.w)
        _, k2 = self.meter.value_and_grad(self.w - h / 2 * k1)
        _, k3 = self.meter.value_and_grad(self.w - h / 2 * k2)
        _, k4 = self.meter.value_and_grad(self.w - h * k3)
        return k1 + 2 * k2 + 2 * k3 + k4

    def advance(self) -> None:
        if self.row % REFRESH == 0:
            self._look(self.row)
        self._move(self.row + 0.5, self.row + 1.5)
        if self.status.state == "running":
            self.row += 1

    def observe(self) -> Observation:
        point = self.problem.at(self.w)
        one = self.schedule.at(self.row).preconditioner(None, 1, self.w)
        return Observation(
            time=self.row,
            centre=self.w,
            position=self.w,
            gradient=point.grad,
            preconditioner=one,
            loss=point.loss,
            predicted_loss=point.loss,
            point=point,
        )


@register(FLOWS, "stable")
@dataclass(frozen=True)
class Stable(Flow):
    """Gradient flow, dw/dt = −learning_rate ∇L(w), from the starting point at time 0.

    Args:
        most: substeps a step at which it gives up with a status, so that no plateau is the integrator's own.
        refine: multiplies the number of substeps; 2 is the check that nothing depends on it.

    Classical Runge–Kutta of order four; each substep is at most 1.5 / (learning_rate · sharpness), refreshed every ten
    steps. At the iterates' midpoint w̄_t the flow is read at its time t + ½.
    """

    most: int = 40
    refine: int = 1
    label: ClassVar[str] = "stable flow"
    kind: ClassVar[str] = "stable"
    process: ClassVar[type[Process]] = StableProcess

    def __post_init__(self) -> None:
        whole("most", self.most, 1)
        whole("refine", self.refine, 1)

    @property
    def default_name(self) -> str:
        return "stable"

    @property
    def detail(self) -> str:
        return "gradient flow, RK4"

    def default_start(self, optimizer: Optimizer) -> int:
        return 0

    def check(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, GradientDescent):
            raise ArgumentError(f"processes: stable flow models gradient descent, not {optimizer.label}; leave it out.")

    def begin(self, start: Start) -> StableProcess:
        return StableProcess(start, self.most, self.refine)
