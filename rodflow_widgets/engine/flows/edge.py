"""Edge flow: a centre, the direction in which gradient descent oscillates about it, and how far: three coupled equations."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ...errors import ArgumentError
from ...vocabulary import Bound, Column, Setting, Status, Whole
from ..host import fetch
from ..optimizers.base import Optimizer
from ..optimizers.gradient_descent import GradientDescent
from ..problem import Point
from ..process import NotFinite, Observation, Process, Start, norm
from ..registry import FLOWS, register
from .base import Flow
from .chebyshev import factor
from .modes import FLOOR
from .stable import TOLERANCE

MOST = Whole("most", "most substeps", 60, 1, unit="per step", meaning="where more are needed the flow stops")
FELT_SHARE, FELT_ROUNDINGS, ROUNDING = 0.01, 1e3, 10.0
TURNS = 0.05


def attempt(rate: Callable[[Tensor], Tensor], state: Tensor, first: Tensor, h: float) -> tuple[Tensor, Tensor, Tensor]:
    """The state a step h on from `state`, whose rate is `first`; its own rate; and the local error, of third order.

    Three evaluations, stable on the negative real axis down to −2.5. Source: Bogacki and Shampine, Appl. Math. Lett. 2
    (1989) 321.
    """
    second = rate(state + h / 2 * first)
    third = rate(state + 3 * h / 4 * second)
    new = state + h / 9 * (2 * first + 3 * second + 4 * third)
    last = rate(new)
    return new, last, h / 72 * (-5 * first + 6 * second + 8 * third - 9 * last)


@dataclass(frozen=True)
class _Felt:
    """What was evaluated last: mean gradient and loss over the rod's ends, and the point where there is no rod to feel."""

    gradient: Tensor
    loss: Tensor
    point: Point | None


class EdgeProcess(Process):
    """(w, u, ln ρ) as one vector, moved by an error-controlled Runge–Kutta pair; one transfer a substep."""

    kind: ClassVar[str] = "edge"
    has_rod: ClassVar[bool] = True
    signals: ClassVar[tuple[Column, ...]] = (
        Column(
            "turning",
            "1 / step",
            "angle by which the direction turns; above 0.05 it is no eigenvector, as where several are at the edge",
            signal=(
                Bound(
                    TURNS,
                    "has *no settled direction* since step {since}: it turns by {value} a step, as where several "
                    "eigenvalues are at the edge and one direction has to do for all",
                ),
            ),
        ),
        Column(
            "floored",
            "1",
            "1 while the oscillation is as small as the rounding of the centre",
            signal=(
                Bound(
                    0.5,
                    "met its *floor* at step {since}: the oscillation of the iterates was rounding error there, so the "
                    "step at which it grows again is a guess",
                    lasting=True,
                ),
            ),
        ),
        Column("felt", "1", "1 while the rod is long enough for the gradients at its ends to differ from the centre's"),
        Column("substeps", "1", "substeps of the last step, rejected ones included"),
    )

    def __init__(self, start: Start, most: int, tolerance: float) -> None:
        super().__init__(start.problem, start.schedule, start.row, start.watch)
        self.most, self.tolerance = most, tolerance
        first, second, third = (state.w for state in start.window)
        self.size = first.numel()
        self.seed_size = torch.finfo(first.dtype).eps
        w, x = (first + second) / 2, (first - 2 * second + third) / 4
        self.P = start.optimizer.preconditioner(None, 1, w)
        x = torch.where(norm(x) > 0, x, second - first)
        length = self._length(x)
        state = torch.cat([w, x / length, length.log().reshape(1)])
        self.state = self._floored(state)
        self.drift = norm(second - first)
        presence, height = fetch([self._presence(self.state), self._height(state)])
        self.felt, self.floored = bool(presence > 1), bool(height <= 1)
        self.step, self.spent = 0.25, 0
        self.optimizer = self.schedule.at(self.row + 0.5)
        self.seen: _Felt | None = None
        self.first: Tensor | None = self._rate(self.optimizer, self.state)
        self.turning = float(fetch([self._turning(self.first)])[0])

    def _parts(self, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """w [p], u [p] of length 1 in the metric P, and ln ρ."""
        w, u = state[: self.size], state[self.size : -1]
        return w, u / self._length(u), state[-1]

    def _length(self, x: Tensor) -> Tensor:
        return (self.P * x * x).sum().sqrt()

    def _rounding(self, w: Tensor, u: Tensor) -> Tensor:
        """The rounding error of w seen along u: no oscillation of the iterates is smaller."""
        return (self.seed_size * norm(self.P * u * w)).clamp_min(torch.finfo(w.dtype).tiny)

    def _height(self, state: Tensor) -> Tensor:
        """ρ over the rounding of w: at most 1 on the floor."""
        w, u, log_rho = self._parts(state)
        return log_rho.exp() / self._rounding(w, u)

    def _turning(self, rate: Tensor) -> Tensor:
        return self._length(rate[self.size : -1])

    def _floored(self, state: Tensor) -> Tensor:
        """u made of length 1, and ρ at least the rounding of w."""
        w, u, log_rho = self._parts(state)
        return torch.cat([w, u, torch.maximum(log_rho, self._rounding(w, u).log()).reshape(1)])

    def _presence(self, state: Tensor) -> Tensor:
        """Above 1 the gradients at the ends of the rod are worth their cost, and differ by more than rounding."""
        _, u, log_rho = self._parts(state)
        rho = log_rho.exp()
        share = 2 * rho * norm(u) / self.drift.clamp_min(torch.finfo(u.dtype).tiny)
        return torch.minimum(share / FELT_SHARE, self._height(state) / FELT_ROUNDINGS)

    def _rate(self, optimizer: Optimizer, state: Tensor) -> Tensor:
        w, u, log_rho = self._parts(state)
        if self.felt:
            rho = log_rho.exp()
            loss_plus, plus = self.meter.value_and_grad(w + rho * u)
            loss_minus, minus = self.meter.value_and_grad(w - rho * u)
            self.seen = _Felt((plus + minus) / 2, (loss_plus + loss_minus) / 2, None)
            bend = (plus - minus) / (2 * rho)
        else:
            point = self.meter.at(w)
            bend = self.meter.apply(point, u[None])[0]
            self.seen = _Felt(point.grad, point.loss, point)
        eta = optimizer.learning_rate
        move, _ = optimizer.map(None, self.seen.gradient, self.P, 1)
        self.drift = norm(move)
        turned = eta * (bend / self.P - (u @ bend) * u)
        growth = (eta * (u @ bend) - 1).abs().clamp_min(FLOOR).log()
        return torch.cat([move, turned, growth.reshape(1)])

    def _measured(self, state: Tensor, rate: Tensor, error: Tensor) -> Tensor:
        """The error, of w against the move of a step, of u and ln ρ against 1; then presence, turning, ρ over its floor."""
        assert self.first is not None
        w = state[: self.size]
        rounding = ROUNDING * torch.finfo(w.dtype).eps * (norm(w) + state[-1].exp() * norm(state[self.size : -1]))
        drift = self.tolerance * norm(self.first[: self.size]) + rounding + torch.finfo(w.dtype).tiny
        own = torch.stack([self._length(error[self.size : -1]), error[-1].abs()]) / self.tolerance
        worst = torch.maximum(norm(error[: self.size]) / drift, own.max())
        return torch.stack([worst, self._presence(state), self._turning(rate), self._height(state)])

    def _integrate(self, optimizer: Optimizer, time: float, end: float) -> None:
        def rate(state: Tensor) -> Tensor:
            return self._rate(optimizer, state)

        if optimizer != self.optimizer:
            self.first, self.optimizer = None, optimizer
            self.P = optimizer.preconditioner(None, 1, self.state[: self.size])
        while time < end - 1e-12 and self.status.state == "running":
            if self.spent >= self.most:
                self._give_up()
                return
            self.spent += 1
            if self.first is None:
                self.first = rate(self.state)
            remaining = end - time
            h = remaining / math.ceil(remaining / min(self.step, remaining) - 1e-9)
            new, last, error = attempt(rate, self.state, self.first, h)
            size, presence, turning, height = (float(v) for v in fetch([self._measured(new, last, error)])[0])
            if not math.isfinite(size) and h < 1 / self.most:
                raise NotFinite
            self.step = min(h * factor(size), 1.0)
            if not size <= 1:
                continue
            time, self.state, self.first = time + h, self._floored(new), last
            self.turning, self.floored = turning, height <= 1
            if (presence > 1) != self.felt:
                self.felt, self.first = not self.felt, None

    def _give_up(self) -> None:
        self.status = Status(
            "stopped",
            self.row,
            f"Edge flow stopped at step {self.row}: an error of {self.tolerance:g} would need more than {self.most} "
            f"substeps a step.",
        )

    def advance(self) -> None:
        self.spent = 0
        begin, half, end = self.row + 0.5, self.row + 1.0, self.row + 1.5
        before, after = self.schedule.at(begin), self.schedule.at(half)
        if before == after:
            self._integrate(before, begin, end)
        else:
            self._integrate(before, begin, half)
            self._integrate(after, half, end)
        if self.status.state == "running":
            self.row += 1

    def observe(self) -> Observation:
        if self.first is None:
            self.first = self._rate(self.optimizer, self.state)
        assert self.seen is not None
        w, u, log_rho = self._parts(self.state)
        rod = log_rho.exp() * u
        oscillation = log_rho.exp() * norm(u)
        return Observation(
            time=self.row,
            centre=w,
            position=w,
            gradient=self.seen.gradient,
            preconditioner=self.P,
            loss=None if self.felt else self.seen.loss,
            predicted_loss=self.seen.loss,
            rod_length=(oscillation**2 + norm(self.first[: self.size]) ** 2 / 4).sqrt(),
            oscillation=oscillation,
            rod=rod,
            point=self.seen.point,
            signals={
                "turning": self.turning,
                "floored": float(self.floored),
                "felt": float(self.felt),
                "substeps": self.spent,
            },
        )


@register(FLOWS, "edge")
@dataclass(frozen=True)
class Edge(Flow):
    """Edge flow: a centre w, the direction u in which the iterates oscillate about it (|u| = 1), and their distance ρ.

    dw/dt = −(learning_rate/2) (g₊ + g₋), g± = ∇L(w ± ρu)
    du/dt = learning_rate (h − (uᵀh) u),  h = (g₊ − g₋) / 2ρ
    d(ln ρ)/dt = ln |learning_rate uᵀh − 1|

    What was known, from the abstract of arXiv 2606.18080: three coupled equations, the centre on the symmetrised loss, the
    direction by Rayleigh quotient dynamics, the distance growing above and decaying below sharpness 2/learning_rate. What
    was derived here: with iterates w + (−1)ᵗx and x = ρu, gradient descent is x ← (ηh/|x| − 1) x along and across u alike.
    Its logarithm along u is the rate of ln ρ, exact on a quadratic (floored at a multiplier of 0.05); across u it is
    η(Hu − (uᵀHu)u) to first order about the edge. h is the Hessian along the whole rod, so that the rod's own length ends
    its growth; while the rod is short (below 1 % of half the drift, or 1000 roundings) the gradient is that at the centre
    and h = Hu. ρ is never below the rounding of w seen along u, from which the iterates' oscillation grows.

    It begins from three iterates, by default at step 2. Where several eigenvalues are at the edge, its one direction turns
    among them, and says so (`turning`).

    Args:
        tolerance: local error of a substep, of w against the drift of one step, of u and ln ρ against 1. An eighth of it is
            the check that nothing depends on it.
        most: substeps a step at which it gives up with a status.

    Bogacki–Shampine 3(2) with error control. Gradient descent only.
    """

    tolerance: float = 1e-3
    most: int = 60
    label: ClassVar[str] = "edge flow"
    kind: ClassVar[str] = "edge"
    process: ClassVar[type[Process]] = EdgeProcess
    parameters: ClassVar[tuple[Setting, ...]] = (TOLERANCE, MOST)
    cites: ClassVar[tuple[str, ...]] = ("marion2026edge", "bogacki1989pair")

    @property
    def default_name(self) -> str:
        return "edge"

    @property
    def detail(self) -> str:
        return f"one direction, RK 3(2), tolerance {self.tolerance:g}"

    def check(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, GradientDescent):
            raise ArgumentError(
                f"processes name edge flow, which is known for GradientDescent only, not for {type(optimizer).__name__}: "
                f"leave it out, or take rod and stable flow."
            )

    def begin(self, start: Start) -> EdgeProcess:
        return EdgeProcess(start, self.most, self.tolerance)
