"""Central flow: the time average of the iterates, whose oscillation is what holds the sharpness at the edge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ...errors import ArgumentError
from ...vocabulary import Bound, Column, Setting, Status, Whole
from ..curvature.tracker import EigenTracker, Spectrum, orthonormal_rows
from ..host import fetch, upload
from ..optimizers.base import Optimizer
from ..optimizers.gradient_descent import GradientDescent
from ..optimizers.rmsprop import RMSProp
from ..problem import Point
from ..process import NotFinite, Observation, Process, Start, norm
from ..registry import FLOWS, register
from . import complementarity
from .base import Flow, step_text
from .critical import FD_TOLERANCE, Directions, Drift, Forms, differences, disagreement, forms, packed, refined
from .watching import NEAR, Watched

CRITICAL = 0.98
KEEP, MOST, GUARD, MARGIN = 3, 12, 1, 2
SMALL_RESIDUAL = 1e-3
JUMP = 0.01
UNSOLVED = 1e-6


@dataclass(frozen=True)
class _Stage:
    """Everything at the present moment: gradient, loss, the force, and the oscillation that it holds."""

    drift: Drift
    loss: Tensor
    point: Point | None
    force: Tensor
    change: Tensor | None
    directions: Directions | None
    X: np.ndarray
    trace: float
    square: float

    def rod(self) -> Tensor:
        """The leading column [p] of the oscillation UᵀXU, in the metric in which the directions U are orthonormal."""
        if self.directions is None:
            return torch.zeros_like(self.force)
        values, Q = np.linalg.eigh(self.X)
        column = Q[:, -1] * max(float(values[-1]), 0.0) ** 0.5
        return upload(column, self.force) @ self.directions.U


class CentralProcess(Process):
    """Centre w and second moment, moved by the forces of half a step ago, or of now; one transfer a substep."""

    kind: ClassVar[str] = "central"
    has_rod: ClassVar[bool] = True
    predicts_eigenvalues: ClassVar[bool] = True
    signals: ClassVar[tuple[Column, ...]] = (
        Column("complementarity", "1", "residual of the complementarity problem that gives the oscillation"),
        Column("critical", "1", "number of directions that are held at the edge"),
        Column("tracked", "1", "number of Hessian eigenvectors that are watched"),
        Column(
            "misprediction",
            "1",
            "error of the predicted eigenvalues near the edge when they were last measured, in shares of the edge",
            signal=(
                Bound(
                    0.02, "was *surprised* at step {since}: an eigenvalue was {share} of the edge off its prediction"
                ),
            ),
        ),
    )

    def __init__(self, start: Start, substeps: int, delay: int) -> None:
        super().__init__(start.problem, start.schedule, start.row, start.watch)
        self.dt = 1 / substeps
        self.substeps = substeps
        self.delay = delay
        first, second, _ = start.window
        self.w, self.nu = (first.w + second.w) / 2, second.moments.second
        self.first_move, self.first_w = second.w - first.w, first.w
        self.time = start.row + 0.5
        self.least = max(KEEP, start.watch.eigenvalues)
        self.tracker = EigenTracker(self.least, GUARD, start.watch.seed)
        self.watched = Watched(self.dt)
        self.rows: Tensor | None = None
        self.forces: list[Tensor] = []
        self.corrected: list[int] | None = None
        self.verified = False
        self.residual = 0.0
        self.edge = self.looked_edge = 0.0
        self.stage: _Stage | None = None

    def _evaluate(self) -> _Stage:
        if self.stage is not None:
            return self.stage
        optimizer, n = self.schedule.at(self.time), self.time + 0.5
        P = optimizer.preconditioner(self.nu, n, self.w)
        edge = optimizer.edge_threshold(n)
        look = self.watched.due(self.time) or abs(edge - self.looked_edge) > JUMP * edge
        point = self.meter.at(self.w) if look else None
        loss, gradient = self.meter.value_and_grad(self.w) if point is None else (point.loss, point.grad)
        drift = Drift(optimizer, gradient, P, self.nu, self.w, n)
        if len(self.forces) < self.delay:
            self._invent_history(drift)
        expected = self.watched.predicted(self.time)
        seen = None
        if point is not None:
            near = int((expected > NEAR * edge).sum())
            self.tracker.count = min(MOST, self.w.numel(), max(self.least, near + MARGIN))
            seen = self.tracker.update(self.meter, point, P, corrected=self.corrected)
            self.rows = seen.vectors / P.sqrt()
            self.looked_edge = edge
        elif self.rows is not None:
            self.rows = orthonormal_rows(self.rows * P.sqrt()) / P.sqrt()
        assert self.rows is not None
        count, directions = int((expected > CRITICAL * edge).sum()), None
        if count:
            directions = differences(self.meter, self.w, gradient, self.rows[:count])
        self.edge = edge
        self.stage = self._held(drift, loss, point, seen, directions)
        return self.stage

    def _invent_history(self, drift: Drift) -> None:
        """Forces of the half step before the start, on the line through that of the first iterate and the present one."""
        then = -self.first_move * drift.P / drift.optimizer.learning_rate
        share = [j / self.delay for j in range(self.delay, 0, -1)]
        self.forces = [drift.gradient + s * (then - drift.gradient) for s in share]

    def _lead(self, drift: Drift) -> Tensor:
        """How far w will still go under the forces of the last half step."""
        late = [self.forces[0] / 2, *self.forces[1:]] if self.delay else []
        return self.dt * drift.move(sum(late, torch.zeros_like(self.w)))

    def _held(
        self, drift: Drift, loss: Tensor, point: Point | None, seen: Spectrum | None, directions: Directions | None
    ) -> _Stage:
        """The stage with the oscillation that holds the critical directions until the end of the substep."""
        check = directions is not None and not self.verified
        tensors = [torch.stack([loss.to(self.w.dtype), drift.gradient.sum(), self.w.sum()])]
        if seen is not None:
            tensors += [seen.values, seen.arrivals]
        if directions is not None:
            tensors += drift.forms(directions, self._lead(drift))
            if check:
                tensors.append(disagreement(self.meter, self.w, directions))
        host = fetch(tensors)
        if not all(np.isfinite(array).all() for array in host):
            raise NotFinite
        if seen is not None:
            _, values, arrivals = host[:3]
            self.watched.saw(self.time, values, self.edge, CRITICAL * self.edge)
            self.corrected = [i for i, r in enumerate(arrivals) if r >= SMALL_RESIDUAL * abs(values[0])]
        if directions is None:
            self.residual = 0.0
            force, change = drift.forces(None, None, None)
            return _Stage(drift, loss, point, force, change, None, np.zeros((0, 0)), 0.0, 0.0)
        if check:
            self._verify(float(host.pop()))
        return self._solved(drift, loss, point, directions, forms(host[-5:]))

    def _solved(self, drift: Drift, loss: Tensor, point: Point | None, directions: Directions, known: Forms) -> _Stage:
        A = self.edge * np.eye(len(known.curvature)) - known.curvature - known.ahead + self.dt * known.rate
        solution = complementarity.solve(A, self.dt * known.response)
        X, self.residual = solution.X, solution.residual
        if not solution.residual <= UNSOLVED:
            self._give_up("no oscillation holds its sharpness at the edge, as on a quadratic loss")
        values, Q = (array[..., ::-1] for array in np.linalg.eigh(known.curvature))
        self.watched.measured(self.time, values)
        self._refine(directions, drift.P, values, Q)
        force, change = drift.forces(directions, upload(packed(X), self.w), upload(X, self.w))
        if values[0] > self.edge:
            excess = np.maximum(1 - self.edge / values, 0.0)
            modes = upload(Q.T, self.w) @ directions.U
            force = force - drift.P * ((upload(excess, self.w) * (modes @ force)) @ modes)
        square = max(float((X * known.lengths).sum()), 0.0)
        return _Stage(drift, loss, point, force, change, directions, X, float(np.trace(X)), square)

    def _refine(self, directions: Directions, P: Tensor, values: np.ndarray, Q: np.ndarray) -> None:
        """Turn the critical directions by what their images say, and keep the others."""
        assert self.rows is not None
        k = len(values)
        others = self.watched.predicted(self.time)[k:]
        rest = self.rows[k:]
        others = np.append(others, others[-1] / 2 if len(others) else 0.0)
        known = (upload(Q, self.w), upload(values, self.w), upload(others, self.w))
        new = refined(directions, P, *known, rest)
        self.rows = torch.cat([new, rest])

    def _verify(self, difference: float) -> None:
        self.verified = True
        if difference > 1:
            self._give_up(
                f"the third derivative of the loss by differences of gradients differs from that by differences of "
                f"Hessian-vector products by {FD_TOLERANCE * difference:.0%} (tolerated {FD_TOLERANCE:.0%}), as at a kink"
            )

    def _give_up(self, why: str) -> None:
        self.status = Status("stopped", self.row, f"Central flow stopped at step {self.row}: {why}.")

    def _substep(self) -> None:
        stage = self._evaluate()
        if self.status.ended:
            return
        self.forces.append(stage.force)
        force = (self.forces[0] + self.forces[1]) / 2 if self.delay else stage.force
        self.w = self.w + self.dt * stage.drift.move(force)
        if self.nu is not None and stage.change is not None:
            self.nu = self.nu + self.dt * stage.change
        del self.forces[0]
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
        oscillation = self.w.new_full((), stage.square**0.5)
        eigenvalues = np.sort(self.watched.predicted(self.time))[::-1]
        return Observation(
            time=self.row,
            centre=self.w,
            position=self.w,
            gradient=stage.drift.gradient,
            preconditioner=stage.drift.P,
            loss=stage.loss,
            predicted_loss=stage.loss + stage.trace / stage.drift.optimizer.learning_rate,
            rod_length=(oscillation**2 + norm(stage.drift.move(stage.force)) ** 2 / 4).sqrt(),
            oscillation=oscillation,
            rod=stage.rod(),
            eigenvalues=upload(eigenvalues, self.w),
            point=stage.point,
            signals={
                "complementarity": self.residual,
                "critical": int((np.diag(stage.X) > 0).sum()),
                "tracked": len(eigenvalues),
                "misprediction": self.watched.misprediction,
            },
        )


SUBSTEPS = Whole(
    "substeps",
    "substeps",
    2,
    2,
    unit="per step",
    meaning="of central flow, an even number for the delay of half a step; 4 is the check that nothing depends on it",
    multiple=2,
)


@register(FLOWS, "central")
@dataclass(frozen=True)
class Central(Flow):
    """Central flow: the drift of the iterates' average, with the oscillation Σ that holds the sharpness at the edge.

    With critical directions U (UᵀPU = 1, ηλ > 1.96) and Σ = U X Uᵀ,
    dw/dt (t + ½) = −learning_rate P⁻¹ G(t), G = g + ½ ∇⟨Σ, H⟩, and X solves X ⪰ 0, C ⪰ 0, ⟨X, C⟩ = 0 for
    C = Uᵀ((2/learning_rate) P − H)U where the forces known by then have taken w; C is linear in X: C = A + B[X]. The
    predicted loss is L + tr(X) / learning_rate. With a second moment, P moves too, driven by the mean of g² over the
    oscillation: E g² = g² + g ∇⟨Σ, H⟩ + diag(HΣH), to first order in Σ. It starts at the midpoint of two iterates; row t
    is the flow's time t + ½.

    Args:
        substeps: even number of substeps per optimizer step; 4 is the check that nothing depends on it.

    It stops with a status where no Σ holds the edge, and where third derivatives by differences of gradients and of
    Hessian-vector products differ at their first use. Known for gradient descent, scalar RMSProp and RMSProp.
    Source: Cohen et al., arXiv 2410.24206. Derived here, beyond the source: the delay of half a step, which is the whole
    backward error of the step and which the source leaves out, the rate of the second moment to second order in time, and
    the middle term of E g².
    """

    substeps: int = 2
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
        return f"held at the edge, {step_text(self.substeps)}"

    def check(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, GradientDescent | RMSProp):
            raise ArgumentError(
                f"processes name central flow, which is known for GradientDescent, RMSProp and ScalarRMSProp only, not for "
                f"{type(optimizer).__name__}: leave it out, or take rod and stable flow."
            )

    def begin(self, start: Start) -> CentralProcess:
        return CentralProcess(start, self.substeps, delay=self.substeps // 2)


EULER = replace(SUBSTEPS, default=4, meaning="explicit Euler steps, an even number")


@register(FLOWS, "central-paper")
@dataclass(frozen=True)
class PublishedCentral(Central):
    """Central flow as published, for gradient descent: dw/dt (t) = −learning_rate G(t) by explicit Euler steps.

    Args:
        substeps: even number of Euler steps per optimizer step. It depends on them: a coarse step has a share of the backward
            error that the flow leaves out, and halving it moves the flow away from the iterates.

    Everything else is as in `Central`. Source: Cohen et al., arXiv 2410.24206.
    """

    substeps: int = 4
    parameters: ClassVar[tuple[Setting, ...]] = (EULER,)

    @property
    def default_name(self) -> str:
        return "central-paper"

    @property
    def detail(self) -> str:
        return f"as published, {step_text(self.substeps)}"

    def check(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, GradientDescent):
            raise ArgumentError(
                f"processes name {self.default_name!r}, which is here for GradientDescent only, not for "
                f"{type(optimizer).__name__}: take 'central', or rod and stable flow."
            )

    def begin(self, start: Start) -> CentralProcess:
        return CentralProcess(start, self.substeps, delay=0)
