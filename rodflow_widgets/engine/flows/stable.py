"""Stable flow: the drift of the optimizer's map as if it did not oscillate, the naive baseline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ...vocabulary import Parameter, Setting, Status, Whole
from ..host import fetch
from ..optimizers.base import Frozen, Optimizer
from ..problem import Point
from ..process import NotFinite, Observation, Process, Start, norm
from ..registry import FLOWS, register
from . import chebyshev
from .base import Flow
from .sharpest import Sharpest

TOLERANCE = Parameter(
    "tolerance", "tolerance", 1e-3, 1e-9, 0.1, scale="log", meaning="local error against the drift of one step"
)
MOST = Whole(
    "most", "most evaluations", 200, 1, unit="per step", meaning="of the rate; where more are needed the flow stops"
)
SHORTEST = 1 / 64
"""The substep at which a flow whose numbers are not finite is given up."""
SHARES = np.linspace(0.0, 1.0, 33)
"""Of the largest eigenvalue: the modes whose stability is looked at."""


@dataclass(frozen=True)
class Here:
    """The rate at one moment, the map Φ that it is made of, and the point; a stage within a step keeps no point."""

    rate: Tensor
    phi: Frozen
    point: Point | None


class StableProcess(Process):
    """(w, m, nu) as one vector, moved by error-controlled Runge–Kutta–Chebyshev steps; one transfer a substep."""

    kind: ClassVar[str] = "stable"

    def __init__(self, start: Start, most: int, tolerance: float) -> None:
        super().__init__(start.problem, start.schedule, start.row, start.watch)
        self.most = most
        self.tolerance = tolerance
        self.step = 0.25
        self.left = 0
        first, second, _ = start.window
        self.size = first.w.shape[-1]
        self.live = np.ones(first.w.shape[:-1] or 1, dtype=bool)
        self.plain = first.moments.momentum is None and first.moments.second is None
        self.sharpest = Sharpest(start.watch.seed)
        self.stiffness = np.zeros(len(self.live))
        self.couplings: np.ndarray | None = None
        self.optimizer: Optimizer | None = None
        self.here: Here | None = None
        if self.plain:
            self.state = first.w
            self._move(self.row, self.row + 0.5)
        else:
            parts = [(first.w + second.w) / 2]
            m = first.moments.momentum, second.moments.momentum
            if m[0] is not None and m[1] is not None:
                parts.append((m[0] + m[1]) / 2)
            self.moments = sum(part.shape[-1] for part in parts[1:])
            nu = start.mean_second_moment()
            self.state = torch.cat([*parts, *([] if nu is None else [nu])], -1)

    def _split(self, state: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """w [p], m and nu of the state vector, None where there is none."""
        if self.plain:
            return state, None, None
        w, rest = state[..., : self.size], state[..., self.size :]
        m, nu = (rest[..., : self.moments], rest[..., self.moments :]) if self.moments else (None, rest)
        return w, m, nu if nu.shape[-1] else None

    def _at(
        self,
        optimizer: Optimizer,
        time: float,
        state: Tensor,
        *,
        stage: bool = False,
        look: bool = False,
        known: Point | None = None,
    ) -> tuple[Here, list[Tensor]]:
        """The rate of (w, m, nu), Φ with its backward-error term or the plain gradient flow; and what a look saw."""
        w, m, nu = self._split(state)
        if self.plain and stage:
            _, gradient = self.meter.value_and_grad(w)
            phi = optimizer.frozen(w, None, None, 1)
            return Here(phi(w, None, gradient)[0], phi, None), []
        point = self.meter.at(w) if known is None else known
        phi, change = self._half_a_step_on(optimizer, w, m, nu, point.grad, time + 0.5)
        move, push = phi(w, m, point.grad)
        seen = self._look(point, phi) if look else []
        if self.plain:
            return Here(move, phi, point), seen
        bend, bent = phi.push(move, push, self.meter.apply(point, move[..., None, :])[..., 0, :])
        parts = [move - bend / 2]
        if push is not None and bent is not None:
            parts.append(push - bent / 2)
        return Here(torch.cat([*parts, *([] if change is None else [change])], -1), phi, None if stage else point), seen

    def _look(self, point: Point, phi: Frozen) -> list[Tensor]:
        value = self.sharpest.look(self.meter, point, phi.P)
        couplings = phi.couplings(self.sharpest.direction(phi.P))
        return [value] if couplings is None else [value, couplings[:, 0, 0]]

    def _saw(self, time: float, seen: list[np.ndarray]) -> None:
        if seen:
            value = np.atleast_1d(seen[0])
            self._lose(~np.isfinite(value))
            if not all(np.isfinite(array).all() for array in seen[1:]):
                raise NotFinite
            self.stiffness = np.where(self.live, value, 0.0)
            self.sharpest.saw(time, float(self.stiffness.max()))
            self.couplings = seen[1][:, None] if len(seen) > 1 else None

    def _eigenvalues(self, here: Here) -> np.ndarray:
        """Of the rate's Jacobian [k]: those of modes up to the largest sharpness, and of nu."""
        couplings = None if self.couplings is None else np.repeat(self.couplings, len(SHARES), axis=1)
        J = here.phi.modes(self.sharpest.bound * SHARES, couplings)
        J = J - np.eye(J.shape[1])
        own = here.phi.optimizer.second_moment_decay - 1 if here.phi.optimizer.has_second_moment else 0.0
        return np.append(np.linalg.eigvals(J if self.plain else J - J @ J / 2).astype(complex), own)

    @staticmethod
    def _half_a_step_on(
        optimizer: Optimizer, w: Tensor, m: Tensor | None, nu: Tensor | None, gradient: Tensor, n: float
    ) -> tuple[Frozen, Tensor | None]:
        """Φ with the second moment half a step on, and the rate of nu."""
        if nu is None:
            return optimizer.frozen(w, m, None, n, gradient), None
        change = optimizer.second_rate(nu, [(w, m, gradient)], n)
        return optimizer.frozen(w, m, nu + change / 2, n, gradient), change

    def _error(self, state: Tensor, error: Tensor) -> Tensor:
        """The largest of the errors of w, m and nu [...]: against the drift of one step, against m, against nu."""
        assert self.here is not None
        drift = self._split(self.here.rate)[0]
        worst = []
        for part, value, own in zip(self._split(error), self._split(state), (drift, None, None), strict=True):
            if part is not None and value is not None:
                size = norm(value if own is None else own)
                floor = torch.finfo(value.dtype).eps * norm(value) + torch.finfo(value.dtype).tiny
                worst.append(norm(part) / (self.tolerance * size + floor))
        return torch.stack(worst).amax(0)

    def _move(self, begin: float, end: float) -> None:
        """Integrate from `begin` to `end`; where the optimizer changes in between, in two parts."""
        self.left = self.most
        half = math.floor(begin) + 1.0
        spans = [(begin, half), (half, end)] if begin < half < end else [(begin, end)]
        if len(spans) == 2 and self.schedule.at(begin) == self.schedule.at(half):
            spans = [(begin, end)]
        for a, b in spans:
            self._integrate(self.schedule.at(a), a, b)

    def _integrate(self, optimizer: Optimizer, time: float, end: float) -> None:
        def rate(t: float, y: Tensor) -> Tensor:
            return self._at(optimizer, t, y, stage=True)[0].rate

        if self.here is None or optimizer != self.optimizer:
            look = not self._only_faster(optimizer) or self.sharpest.due(time)
            known = None if self.here is None else self.here.point
            self.here, seen = self._at(optimizer, time, self.state, look=look, known=known)
            self.optimizer = optimizer
            self._saw(time, fetch(seen))
        while time < end - 1e-12:
            here = self.here
            remaining = end - time
            # Equal parts of what remains, so that no sliver is left at the end.
            h = remaining / math.ceil(remaining / min(self.step, remaining) - 1e-9)
            stages = chebyshev.stages_for(h * self._eigenvalues(here), self.left)
            if stages is None:
                self._give_up(time)
                if not self.live.any():
                    return
                continue
            self.left -= stages
            new = chebyshev.step(rate, time, self.state, here.rate, h, stages)
            there, looked = self._at(optimizer, time + h, new, look=self.sharpest.due(time + h))
            error = self._error(new, chebyshev.error(self.state, new, here.rate, there.rate, h))
            sizes, *seen = fetch([error, *looked])
            if h < SHORTEST:
                self._lose(~np.isfinite(np.atleast_1d(sizes)))
            size = float(np.max(np.atleast_1d(sizes), where=self.live, initial=0.0))
            self.step = min(h * chebyshev.factor(size), 1.0)
            if size <= 1:
                time, self.state, self.here = time + h, new, there
                self.sharpest.trust()
                self._saw(time, seen)
            else:
                # It may have been unstable: the next one has more stages and looks again.
                self.sharpest.doubt()

    def _only_faster(self, optimizer: Optimizer) -> bool:
        """Whether it differs from the one before in its learning rate alone: the sharpness is then what it was."""
        before = self.optimizer
        return (
            before is not None and before.linear and optimizer == before.replace(learning_rate=optimizer.learning_rate)
        )

    def _lose(self, bad: np.ndarray) -> None:
        """Leave out the runs [runs] whose numbers are no longer finite."""
        self.live &= ~bad
        if not self.live.any():
            raise NotFinite

    def _give_up(self, time: float) -> None:
        """Leave out the stiffest run: where it is the only one, this is the end."""
        status = Status(
            "stopped",
            self.row,
            f"Stable flow stopped at step {self.row}: an error of {self.tolerance:g} would need more than {self.most} "
            f"evaluations of its rate a step.",
        )
        stiffest = int(np.argmax(self.stiffness))
        self.ends[stiffest] = status
        self.live[stiffest], self.stiffness[stiffest] = False, 0.0
        if self.live.any():
            self.left = self.most
            self.sharpest.saw(time, float(self.stiffness.max()))
        else:
            self.status = status

    def advance(self) -> None:
        self._move(self.row + 0.5, self.row + 1.5)
        if self.status.state == "running":
            self.row += 1

    def observe(self) -> Observation:
        w, m, nu = self._split(self.state)
        known = None if self.here is None else self.here.point
        point = self.problem.at(w) if known is None else known
        phi, _ = self._half_a_step_on(self.schedule.at(self.row + 0.5), w, m, nu, point.grad, self.row + 1.0)
        return Observation(
            time=self.row,
            centre=w,
            position=w,
            gradient=point.grad,
            preconditioner=phi.P,
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
        most: evaluations of the rate a step (one gradient each, and for others than gradient descent one Hessian-vector
            product) at which it gives up with a status, so that no plateau is the integrator's own.

    Runge–Kutta–Chebyshev of order two with error control; its stages follow the largest eigenvalue of the preconditioned
    Hessian. Source: design of arXiv 2605.06821, whose stable flow has no rod.
    """

    tolerance: float = 1e-3
    most: int = 200
    label: ClassVar[str] = "stable flow"
    kind: ClassVar[str] = "stable"
    process: ClassVar[type[Process]] = StableProcess
    parameters: ClassVar[tuple[Setting, ...]] = (TOLERANCE, MOST)
    cites: ClassVar[tuple[str, ...]] = ("sommeijer1998rkc",)
    cites_beyond: ClassVar[tuple[str, ...]] = ("regis2026adam",)
    batches: ClassVar[bool] = True

    @property
    def default_name(self) -> str:
        return "stable"

    @property
    def detail(self) -> str:
        return f"drift alone, RKC, tolerance {self.tolerance:g}"

    def default_start(self, optimizer: Optimizer) -> int:
        return optimizer.rod_start if optimizer.has_momentum or optimizer.has_second_moment else 0

    def begin(self, start: Start) -> StableProcess:
        return StableProcess(start, self.most, self.tolerance)
