"""Central flow: the time average of the iterates, whose oscillation is what holds the sharpness at the edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from ...errors import ArgumentError
from ...vocabulary import Column, Setting, Status, Whole
from ..curvature.tracker import EigenTracker, Spectrum
from ..host import fetch, upload
from ..optimizers.base import Optimizer
from ..optimizers.gradient_descent import GradientDescent
from ..optimizers.rmsprop import RMSProp
from ..problem import Point
from ..process import NotFinite, Observation, Process, Start, norm
from ..registry import FLOWS, register
from . import complementarity
from .base import Flow
from .critical import FD_TOLERANCE, Directions, Drift, disagreement, forms, packed

CRITICAL, CANDIDATE, NEAR, WATCHED = 0.975, 0.95, 0.9, 0.75
KEEP, MOST, GUARD = 3, 12, 1
SMALL_RESIDUAL = 1e-3
UNSOLVED = 1e-6


@dataclass(frozen=True)
class _Stage:
    """Everything at the present moment: the point, the spectrum, and the oscillation until the end of the substep."""

    point: Point
    drift: Drift
    seen: Spectrum | None
    directions: Directions | None
    X: np.ndarray
    trace: float
    square: float


class CentralProcess(Process):
    """Centre w and second moment, moved by explicit steps that look one substep ahead; one transfer a substep."""

    kind: ClassVar[str] = "central"
    has_rod: ClassVar[bool] = True
    signals: ClassVar[tuple[Column, ...]] = (
        Column("complementarity", "1", "residual of the complementarity problem that gives the oscillation"),
        Column("critical", "1", "number of directions that are held at the edge"),
        Column("tracked", "1", "number of Hessian eigenvectors that are watched"),
    )

    def __init__(self, start: Start, substeps: int) -> None:
        super().__init__(start.problem, start.schedule, start.row, start.watch)
        self.dt = 1 / substeps
        self.substeps = substeps
        first, second, _ = start.window
        self.nu = second.moments.second
        self.time = start.row + 0.5
        self.least = max(KEEP, start.watch.eigenvalues)
        self.tracker = EigenTracker(self.least, GUARD, start.watch.seed)
        self.values = np.zeros(0)
        self.corrected: list[int] | None = None
        self.verified = False
        self.residual = 0.0
        self.stage: _Stage | None = None
        self.w = (first.w + second.w) / 2
        if start.row == 0 and self.nu is None:
            self.w, self.time = first.w, 0.0
            for _ in range(substeps // 2):
                self._substep()

    @property
    def _edge(self) -> float:
        return self.schedule.at(self.time).edge_threshold(self.time + 0.5)

    def _counted(self, share: float) -> int:
        """How many of the eigenvalues seen last exceed that share of today's edge."""
        return int((self.values > share * self._edge).sum())

    def _evaluate(self) -> _Stage:
        if self.stage is not None:
            return self.stage
        optimizer, n = self.schedule.at(self.time), self.time + 0.5
        P = optimizer.preconditioner(self.nu, n, self.w)
        point = self.meter.at(self.w)
        drift = Drift(optimizer, point, P, self.nu, self.w, n)
        if not self._due():
            self.stage = _Stage(point, drift, None, None, np.zeros((0, 0)), 0.0, 0.0)
            return self.stage
        self.tracker.count = min(MOST, self.w.numel(), max(self.least, self._counted(NEAR) + 1))
        seen = self.tracker.update(self.meter, point, P, corrected=self.corrected)
        count, directions = self._counted(CANDIDATE), None
        if count:
            U = seen.vectors[:count] / P.sqrt()
            directions = Directions(U, *self.meter.thirds(point, U))
        self.stage = self._solved(_Stage(point, drift, seen, directions, np.zeros((0, 0)), 0.0, 0.0), seen)
        return self.stage

    def _due(self) -> bool:
        """Look at every row, and at every substep where the edge is near."""
        at_row = abs((self.time - 0.5) - round(self.time - 0.5)) < self.dt / 2
        return at_row or not len(self.values) or self._counted(WATCHED) > 0

    def _solved(self, stage: _Stage, seen: Spectrum) -> _Stage:
        """The stage with the oscillation that holds the critical directions until the end of the substep."""
        check = stage.directions is not None and not self.verified
        watched = torch.stack([stage.point.loss.to(self.w.dtype), stage.point.grad.sum(), self.w.sum()])
        tensors = [watched, seen.values, seen.arrivals]
        if stage.directions is not None:
            tensors += stage.drift.forms(stage.directions)
            if check:
                tensors.append(disagreement(self.meter, self.w, stage.directions))
        host = fetch(tensors)
        if not all(np.isfinite(array).all() for array in host):
            raise NotFinite
        _, self.values, arrivals = host[:3]
        self.corrected = [i for i, r in enumerate(arrivals) if r >= SMALL_RESIDUAL * abs(self.values[0])]
        if stage.directions is None:
            self.residual = 0.0
            return stage
        if check:
            self._verify(float(host[7]))
        known = forms(host[3:7])
        critical = min(self._counted(CRITICAL), len(known.curvature))
        eta, X = stage.drift.optimizer.learning_rate, np.zeros_like(known.curvature)
        self.residual = 0.0
        if critical:
            part = known.leading(critical)
            A = 2 / eta * np.eye(critical) - part.curvature + self.dt * part.rate
            solution = complementarity.solve(A, self.dt * part.response)
            self.residual = solution.residual
            if not solution.residual <= UNSOLVED:
                self._give_up("no oscillation holds its sharpness at the edge, as on a quadratic loss")
            X[:critical, :critical] = solution.X
        trace, square = float(np.trace(X)), float((X * known.lengths).sum())
        return _Stage(stage.point, stage.drift, seen, stage.directions, X, trace, max(square, 0.0))

    def _verify(self, difference: float) -> None:
        self.verified = True
        if difference > 1:
            self._give_up(
                f"the third derivative of the loss differs from a finite difference of Hessian-vector products by "
                f"{FD_TOLERANCE * difference:.0%} (tolerated {FD_TOLERANCE:.0%}); torch's fused LayerNorm and BatchNorm "
                f"do this, and a kink may"
            )

    def _give_up(self, why: str) -> None:
        self.status = Status("stopped", self.row, f"Central flow stopped at step {self.row}: {why}.")

    def _rates(self, stage: _Stage) -> tuple[torch.Tensor, torch.Tensor | None]:
        if stage.directions is None or not stage.X.any():
            return stage.drift.rates(None, None, None)
        return stage.drift.rates(stage.directions, upload(packed(stage.X), self.w), upload(stage.X, self.w))

    def _substep(self) -> None:
        stage = self._evaluate()
        if self.status.ended:
            return
        move, change = self._rates(stage)
        self.w = self.w + self.dt * move
        if self.nu is not None and change is not None:
            self.nu = self.nu + self.dt * change
        self.time += self.dt
        self.stage = None

    def advance(self) -> None:
        for _ in range(self.substeps):
            self._substep()
        if self.status.ended:
            return
        self.row += 1
        self.time = self.row + 0.5
        self._evaluate()

    def observe(self) -> Observation:
        stage = self._evaluate()
        assert stage.seen is not None
        move, _ = self._rates(stage)
        oscillation = self.w.new_full((), stage.square**0.5)
        return Observation(
            time=self.row,
            centre=self.w,
            position=self.w,
            gradient=stage.point.grad,
            preconditioner=stage.drift.P,
            loss=stage.point.loss,
            predicted_loss=stage.point.loss + stage.trace / stage.drift.optimizer.learning_rate,
            rod_length=(oscillation**2 + norm(move) ** 2 / 4).sqrt(),
            oscillation=oscillation,
            eigenvalues=stage.seen.values,
            point=stage.point,
            signals={
                "complementarity": self.residual,
                "critical": int((np.diag(stage.X) > 0).sum()),
                "tracked": len(self.values),
            },
        )


SUBSTEPS = Whole(
    "substeps",
    "substeps",
    4,
    2,
    unit="per step",
    meaning="of central flow, an even number for rows half a step on; 8 is the check that nothing depends on it",
    multiple=2,
)


@register(FLOWS, "central")
@dataclass(frozen=True)
class Central(Flow):
    """Central flow: the drift of the iterates' average, with the oscillation Σ that holds the sharpness at the edge.

    With critical directions U (UᵀPU = 1, ηλ > 1.95) and Σ = U X Uᵀ,
    dw/dt = −learning_rate P⁻¹ (g + ½ ∇⟨Σ, H⟩), and X solves X ⪰ 0, C ⪰ 0, ⟨X, C⟩ = 0 for C = Uᵀ((2/learning_rate) P − H)U at
    the end of the substep, which is linear in X: C = A + B[X]. The predicted loss is L + tr(X) / learning_rate. With a
    second moment, P moves too, driven by the mean of g² over the oscillation: E g² = g² + g ∇⟨Σ, H⟩ + diag(HΣH), to
    first order in Σ. Gradient descent starts at w_0 at time 0 and a second moment at the midpoint of the iterates at its
    start, by default step 20; row t is the flow's time t + ½.

    Args:
        substeps: even number of substeps per optimizer step; 8 is the check that nothing depends on it.

    It stops with a status where no Σ holds the edge, and where third derivatives by automatic differentiation differ from
    a finite difference at their first use. Known for gradient descent, scalar RMSProp and RMSProp.
    Source: Cohen et al., arXiv 2410.24206; the rate of the second moment to second order in time and the middle term of
    E g² are derived here.
    """

    substeps: int = 4
    label: ClassVar[str] = "central flow"
    kind: ClassVar[str] = "central"
    process: ClassVar[type[Process]] = CentralProcess
    parameters: ClassVar[tuple[Setting, ...]] = (SUBSTEPS,)
    cites: ClassVar[tuple[str, ...]] = ("cohen2025central", "kojima1997interior", "todd1998direction")

    @property
    def default_name(self) -> str:
        return "central"

    @property
    def detail(self) -> str:
        return f"held at the edge, dt 1/{self.substeps}"

    def default_start(self, optimizer: Optimizer) -> int:
        return optimizer.rod_start if optimizer.has_second_moment else 0

    def check(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, GradientDescent | RMSProp):
            raise ArgumentError(
                f"processes name central flow, which is known for GradientDescent, RMSProp and ScalarRMSProp only, not for "
                f"{type(optimizer).__name__}: leave it out, or take rod and stable flow."
            )

    def begin(self, start: Start) -> CentralProcess:
        return CentralProcess(start, self.substeps)
