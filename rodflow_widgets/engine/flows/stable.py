"""Stable flow: the drift of the optimizer's map as if it did not oscillate, the naive baseline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ...vocabulary import Parameter, Status
from ..optimizers.base import Optimizer
from ..problem import Point
from ..process import NotFinite, Observation, Process, Start
from ..registry import FLOWS, register
from .base import Flow, whole
from .integrator import attempt

TOLERANCE = Parameter(
    "tolerance", "tolerance", 1e-3, 1e-9, 0.1, scale="log", meaning="local error against the drift of one step"
)


class StableProcess(Process):
    """(w, m, nu) as one vector, moved by an error-controlled Runge–Kutta pair; one transfer a substep."""

    kind: ClassVar[str] = "stable"

    def __init__(self, start: Start, most: int, tolerance: float) -> None:
        super().__init__(start.problem, start.schedule, start.row, start.watch)
        self.most = most
        self.tolerance = tolerance
        self.step = 0.25
        self.left = 0
        first, second, _ = start.window
        self.size = first.w.numel()
        self.plain = first.moments.momentum is None and first.moments.second is None
        self.first: Tensor | None = None
        self.point: Point | None = None
        if self.plain:
            self.state = first.w
            self._move(self.row, self.row + 0.5)
        else:
            parts = [(first.w + second.w) / 2]
            m = first.moments.momentum, second.moments.momentum
            if m[0] is not None and m[1] is not None:
                parts.append((m[0] + m[1]) / 2)
            self.has_momentum = len(parts) == 2
            nu = start.mean_second_moment()
            self.state = torch.cat([*parts, *([] if nu is None else [nu])])

    def _split(self, state: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """w [p], m [p] and nu [1] or [p] of the state vector."""
        if self.plain:
            return state, None, None
        w, rest = state[: self.size], state[self.size :]
        m, nu = (rest[: self.size], rest[self.size :]) if self.has_momentum else (None, rest)
        return w, m, nu if len(nu) else None

    def _rate(self, optimizer: Optimizer, time: float, state: Tensor) -> Tensor:
        """The rate of (w, m, nu): Φ with its backward-error term, or the plain gradient flow."""
        w, m, nu = self._split(state)
        if self.plain:
            self.point = None
            _, gradient = self.meter.value_and_grad(w)
            return optimizer.map(None, gradient, optimizer.preconditioner(None, 1, w), 1)[0]
        self.point = self.meter.at(w)
        gradient, n = self.point.grad, time + 0.5
        P, change = self._preconditioner(optimizer, w, nu, gradient, n)
        move, push = optimizer.map(m, gradient, P, n)
        bend, bent = optimizer.map(push, self.meter.apply(self.point, move[None])[0], P, n)
        parts = [move - bend / 2]
        if push is not None and bent is not None:
            parts.append(push - bent / 2)
        return torch.cat([*parts, *([] if change is None else [change])])

    @staticmethod
    def _preconditioner(
        optimizer: Optimizer, w: Tensor, nu: Tensor | None, gradient: Tensor, n: float
    ) -> tuple[Tensor, Tensor | None]:
        """P half a step on, and the rate of nu."""
        if nu is None:
            return optimizer.preconditioner(None, n, w), None
        change = (1 - optimizer.second_moment_decay) * (optimizer.second_moment(gradient) - nu)
        return optimizer.preconditioner(nu + change / 2, n, w), change

    def _error(self, state: Tensor, error: Tensor) -> Tensor:
        """The largest of the errors of w, m and nu: against the drift of one step, against m, against nu."""
        assert self.first is not None
        drift = self._split(self.first)[0]
        worst = []
        for part, value, own in zip(self._split(error), self._split(state), (drift, None, None), strict=True):
            if part is not None and value is not None:
                size = torch.linalg.vector_norm(value if own is None else own)
                floor = torch.finfo(value.dtype).eps * torch.linalg.vector_norm(value) + torch.finfo(value.dtype).tiny
                worst.append(torch.linalg.vector_norm(part) / (self.tolerance * size + floor))
        return torch.stack(worst).max()

    def _move(self, begin: float, end: float) -> None:
        """Integrate from `begin` to `end`; where the optimizer changes in between, in two parts."""
        self.left = self.most
        half = math.floor(begin) + 1.0
        spans = [(begin, half), (half, end)] if begin < half < end else [(begin, end)]
        if len(spans) == 2 and self.schedule.at(begin) is self.schedule.at(half):
            spans = [(begin, end)]
        for a, b in spans:
            self._integrate(self.schedule.at(a), a, b)

    def _integrate(self, optimizer: Optimizer, time: float, end: float) -> None:
        def rate(t: float, y: Tensor) -> Tensor:
            return self._rate(optimizer, t, y)

        self.first = rate(time, self.state)
        while time < end - 1e-12 and self.status.state == "running":
            if self.left <= 0:
                self._give_up()
                return
            self.left -= 1
            remaining = end - time
            # Equal parts of what remains, so that no sliver is left at the end.
            h = remaining / math.ceil(remaining / min(self.step, remaining) - 1e-9)
            tried = attempt(rate, self._error, time, self.state, self.first, h)
            if not math.isfinite(tried.error):
                self._lost(h)
            self.step = min(h * tried.factor, 1.0)
            if tried.good:
                time, self.state, self.first = time + h, tried.state, tried.rate

    def _lost(self, h: float) -> None:
        if h < 1 / self.most:
            raise NotFinite

    def _give_up(self) -> None:
        self.status = Status(
            "stopped",
            self.row,
            f"Stable flow stopped at step {self.row}: an error of {self.tolerance:g} would need more than {self.most} "
            f"substeps a step.",
        )

    def advance(self) -> None:
        self._move(self.row + 0.5, self.row + 1.5)
        if self.status.state == "running":
            self.row += 1

    def observe(self) -> Observation:
        w, _, nu = self._split(self.state)
        point = self.problem.at(w)
        P, _ = self._preconditioner(self.schedule.at(self.row + 0.5), w, nu, point.grad, self.row + 1.0)
        return Observation(
            time=self.row,
            centre=w,
            position=w,
            gradient=point.grad,
            preconditioner=P,
            second_moment=nu,
            loss=point.loss,
            predicted_loss=point.loss,
            point=point,
        )


@register(FLOWS, "stable")
@dataclass(frozen=True)
class Stable(Flow):
    """The optimizer's drift without oscillation: gradient flow for gradient descent, and its like for the others.

    Gradient descent: dw/dt = −learning_rate ∇L(w), from w_0 at time 0. The others: with F = Φ(m, g; P, n) the rate of
    (w, m) is F − ½ Φ(F_m, H F_w; P, n), one backward-error term, and nu follows its average, from the midpoint of the
    iterates at the start. Row t is compared with the midpoint w̄_t: it is the flow's time t + ½.

    Args:
        tolerance: local error of a substep, against the drift of one step (w) or the size of the quantity (m, nu). An
            eighth of it is the check that nothing depends on it.
        most: substeps a step at which it gives up with a status, so that no plateau is the integrator's own.

    Bogacki–Shampine 3(2) with error control. Source: design of arXiv 2605.06821, whose stable flow has no rod.
    """

    tolerance: float = 1e-3
    most: int = 60
    label: ClassVar[str] = "stable flow"
    kind: ClassVar[str] = "stable"
    process: ClassVar[type[Process]] = StableProcess

    def __post_init__(self) -> None:
        TOLERANCE.check(self.tolerance)
        whole("most", self.most, 1)

    @property
    def default_name(self) -> str:
        return "stable"

    @property
    def detail(self) -> str:
        return f"drift alone, RK 3(2), tolerance {self.tolerance:g}"

    def default_start(self, optimizer: Optimizer) -> int:
        return optimizer.rod_start if optimizer.has_momentum or optimizer.has_second_moment else 0

    def begin(self, start: Start) -> StableProcess:
        return StableProcess(start, self.most, self.tolerance)
