"""Rod flow with exact rates: the centre by a delayed drift, the alternating part by powers of the optimizer's own map."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ...vocabulary import Bound, Column, Setting, Whole
from ..curvature.small import eigh
from ..curvature.tracker import EigenTracker, Spectrum
from ..host import fetch, upload
from ..optimizers.base import Frozen, Optimizer
from ..problem import Point
from ..process import NotFinite, Observation, Process, Start, norm
from ..registry import FLOWS, register
from .base import Flow
from .cadence import Cadence
from .modes import fractional_power, inverse_root, secant_update

PAIR_SHARE = 0.1


Drift = tuple[Tensor, Tensor | None]


@dataclass(frozen=True)
class _Look:
    """What the tracker saw, at which point, and the Gram matrix of the vectors it had before."""

    seen: Spectrum | None
    point: Point | None
    gram: Tensor | None


@dataclass(frozen=True)
class _Felt:
    """Means over the rod's ends, half the difference of the gradients there, and Φ of the step."""

    gradient: Tensor
    loss: Tensor
    half_difference: Tensor | None
    phi: Frozen
    second_rate: Tensor | None


@dataclass(frozen=True)
class _Known:
    """What the host knows of a substep: k × k matrices and k-vectors in the tracked basis."""

    gram: np.ndarray
    gram2: np.ndarray
    along: np.ndarray
    omega: np.ndarray
    difference: np.ndarray
    values: np.ndarray
    arrivals: np.ndarray
    old_gram: np.ndarray
    couplings: np.ndarray


@dataclass(frozen=True)
class _Stage:
    """Everything evaluated at one substep, before the step is made."""

    P: Tensor
    felt: _Felt
    drift: Drift
    eigenvalues: np.ndarray
    pair: bool
    point: Point | None


def _in_basis(K: np.ndarray, gram: np.ndarray) -> np.ndarray:
    """K of the raw vectors in the basis orthonormalised by G^{-1/2}."""
    root = inverse_root(gram)
    return root @ K @ root


class RodProcess(Process):
    """Rod flow in motion; one small transfer to the host a substep."""

    kind: ClassVar[str] = "rod"
    has_rod: ClassVar[bool] = True
    predicts_eigenvalues: ClassVar[bool] = True
    signals: ClassVar[tuple[Column, ...]] = (
        Column(
            "mismatch",
            "1",
            "gradient along the rod against the tracked Hessian; above 0.3 doubtful, above 1 a catapult",
            signal=(
                Bound(0.3, "is *doubtful* since step {since}: mismatch {value} along the rod"),
                Bound(
                    1.0,
                    "met a *catapult* at step {since}: the gradient along the rod differed from what the tracked "
                    "curvature says by {value} times that",
                    lasting=True,
                ),
            ),
        ),
        Column(
            "misprediction",
            "1",
            "relative error of the predicted largest eigenvalue when it was last measured",
            signal=(
                Bound(0.02, "was *surprised* at step {since}: the sharpness was {share} off what had been predicted"),
            ),
        ),
        Column("tracked", "1", "number of Hessian eigenvectors that carry the rod"),
    )

    def __init__(self, start: Start, substeps: int) -> None:
        super().__init__(start.problem, start.schedule, start.row, start.watch)
        first, second, third = start.window
        self.substeps = substeps
        self.dt = 1 / substeps
        self.delay = substeps // 2
        self.time = float(start.row)
        self.w = (first.w + second.w) / 2
        self.x = (first.w - 2 * second.w + third.w) / 4
        self.m = self.xm = None
        m = [s.moments.momentum for s in start.window]
        if m[0] is not None:
            self.m = (m[0] + m[1]) / 2
            self.xm = ((m[0] - 2 * m[1] + m[2]) / 4).reshape(-1, self.w.numel())
        self.first_move = (second.w - first.w, None if m[0] is None else m[1] - m[0])
        self.nu = start.mean_second_moment()
        self.metric_moves = self.nu is not None or start.optimizer.metric_moves
        self.like_gradients = start.optimizer.momenta_like_gradients
        self.tracker = EigenTracker(0, guard=0, seed=start.watch.seed)
        self.cadence = Cadence(start.watch.eigenvalues, self.dt)
        self.seed_size = torch.finfo(self.w.dtype).eps
        self.rows: Tensor | None = None
        self.seen_at = self.tau
        self.gradient: Tensor | None = None
        self.rod_norm = self.drift_norm = 0.0
        self.mismatch = 0.0
        self.drifts: list[Drift] = []
        self.rates: list[Tensor | None] = []
        self.operators: list[tuple[Tensor, Tensor, Tensor]] = []
        self.stage: _Stage | None = None

    @property
    def tau(self) -> float:
        """The step count at the centre: half a step after the first iterate of the pair."""
        return self.time + 0.5

    def _basis(self, P: Tensor) -> tuple[Tensor, Tensor]:
        """The tracked vectors made orthonormal in the metric P, and their Gram matrix before."""
        rows = self.rows
        assert rows is not None
        if not self.metric_moves:
            return rows, torch.eye(len(rows), dtype=rows.dtype, device=rows.device)
        gram = (rows * P) @ rows.T
        values, vectors = eigh(gram)
        return (vectors / values.clamp_min(1e-30).sqrt()) @ vectors.T @ rows, gram

    def _evaluate(self) -> _Stage:
        """Everything at the present moment: section 3b of the design from the preconditioner to the operator."""
        if self.stage is not None:
            return self.stage
        optimizer, tau = self.schedule.between(self.tau), self.tau
        P = optimizer.frozen(self.w, self.m, self.nu, tau + 0.5, self.gradient).P
        edge = optimizer.edge_threshold(tau + 0.5)
        jump = edge / self.schedule.between(self.seen_at).edge_threshold(tau + 0.5)
        look = self._look(P, edge) if self.cadence.due(self.time, jump) else _Look(None, None, None)
        V, gram = self._basis(P)
        self._project(V, P)
        if not self.operators:
            self.rod_norm, self.drift_norm = (float(v) for v in fetch([self._norms(P)])[0])
        pair = self.rod_norm > PAIR_SHARE * self.drift_norm / 2
        felt = self._feel(optimizer, pair, look.point)
        V2, gram2 = self._basis(felt.phi.P)
        known = self._transfer(P, V, gram, V2, gram2, felt, look)
        if look.seen is not None:
            self._note(known, edge, pair)

        predicted = np.diag(self.cadence.predicted(self.time))
        kappa, capped = self._capped(_in_basis(predicted, known.gram), edge, known.along, felt.gradient, V, P)
        drift = felt.phi(self.w, self.m, capped)
        K, self.mismatch = _in_basis(predicted, known.gram2), 0.0
        if felt.half_difference is not None:
            K, self.mismatch = secant_update(K, known.omega, known.difference)
        values, Q = np.linalg.eigh(K)
        couplings = None if not known.couplings.size else np.einsum("ka,jkl,la->ja", Q, known.couplings, Q)
        power = fractional_power(-felt.phi.modes(values, couplings), self.dt / 2)
        self.operators.append((upload(Q.T, V2) @ V2, felt.phi.P, upload(power, V2)))
        self.stage = _Stage(P, felt, drift, kappa[::-1], pair, look.point)
        return self.stage

    def _look(self, P: Tensor, edge: float) -> _Look:
        """Let the tracker look at the centre; the old vectors' Gram matrix says what had been predicted."""
        point = self.meter.at(self.w)
        old = None if self.rows is None else self._basis(P)[1]
        self.tracker.count = self.cadence.kept(edge, self.w.numel())
        seen = self.tracker.update(self.meter, point, P, corrected=self.cadence.corrected)
        self.rows = seen.vectors / P.sqrt()
        self.seen_at = self.tau
        return _Look(seen, point, old)

    def _project(self, V: Tensor, P: Tensor) -> None:
        """Keep of the rod what lies in the tracked space, at least as large as the rounding of w along each mode."""
        omega = (V * P) @ self.x
        floor = self.seed_size * ((V * P) ** 2 @ self.w**2).sqrt()
        omega = torch.where(omega.abs() < floor, torch.where(omega < 0, -floor, floor), omega)
        self.x = V.T @ omega
        if self.xm is not None:
            self.xm = self._lift(self._along(self.xm, V, P), V, P)

    def _along(self, xm: Tensor, V: Tensor, P: Tensor) -> Tensor:
        """Coordinates [r, k] of momenta [r, p] in the tracked basis: of gradients' kind, or of parameters'."""
        return torch.stack([(V if dual else V * P) @ x for x, dual in zip(xm, self.like_gradients, strict=True)])

    def _lift(self, mu: Tensor, V: Tensor, P: Tensor) -> Tensor:
        """Momenta [r, p] from their coordinates [r, k]."""
        return torch.stack(
            [P * (V.T @ c) if dual else V.T @ c for c, dual in zip(mu, self.like_gradients, strict=True)]
        )

    def _norms(self, P: Tensor) -> Tensor:
        """Lengths of the rod and of the last drift in the metric P; those of one substep decide on the pair of the next."""
        last = self.drifts[-1][0] if self.drifts else self.first_move[0]
        return torch.stack([(P * self.x**2).sum().sqrt(), (P * last**2).sum().sqrt()])

    def _feel(self, optimizer: Optimizer, pair: bool, point: Point | None) -> _Felt:
        """Gradient, loss and second moment as means over the two ends, or at the centre while the rod is short."""
        half_difference = None
        if pair:
            loss_plus, plus = self.meter.value_and_grad(self.w + self.x)
            loss_minus, minus = self.meter.value_and_grad(self.w - self.x)
            gradient, half_difference = (plus + minus) / 2, (plus - minus) / 2
            loss = (loss_plus + loss_minus) / 2
            xm = None if self.xm is None else self.xm.reshape(-1)
            up = None if self.m is None or xm is None else self.m + xm
            down = None if self.m is None or xm is None else self.m - xm
            ends = [(self.w + self.x, up, plus), (self.w - self.x, down, minus)]
        else:
            loss, gradient = self.meter.value_and_grad(self.w) if point is None else (point.loss, point.grad)
            ends = [(self.w, self.m, gradient)]
        self.gradient = gradient
        rate = None if self.nu is None else optimizer.second_rate(self.nu, ends, self.tau + 1)
        nu = None if self.nu is None or rate is None else self.nu + rate
        phi = optimizer.frozen(self.w, self.m, nu, self.tau + 1, gradient)
        return _Felt(gradient, loss, half_difference, phi, rate)

    def _transfer(
        self, P: Tensor, V: Tensor, gram: Tensor, V2: Tensor, gram2: Tensor, felt: _Felt, look: _Look
    ) -> _Known:
        """The one transfer of this substep; raises NotFinite where a number is lost."""
        watched = torch.stack([felt.loss.to(felt.gradient.dtype), felt.gradient.sum(), self.w.sum()])
        nothing = V.new_zeros(0)
        seen, half = look.seen, felt.half_difference
        couplings = felt.phi.couplings(V2)
        host = fetch(
            [
                watched,
                self._norms(P),
                gram,
                gram2,
                V @ felt.gradient,
                (V2 * felt.phi.P) @ self.x,
                nothing if half is None else V2 @ half,
                nothing if seen is None else seen.values,
                nothing if seen is None else seen.arrivals,
                nothing if look.gram is None else look.gram,
                nothing if couplings is None else couplings,
            ]
        )
        if not all(np.isfinite(array).all() for array in host):
            raise NotFinite
        self.rod_norm, self.drift_norm = (float(v) for v in host[1])
        return _Known(*host[2:])

    @staticmethod
    def _capped(
        K: np.ndarray, edge: float, along: np.ndarray, gradient: Tensor, V: Tensor, P: Tensor
    ) -> tuple[np.ndarray, Tensor]:
        """Tracked eigenvalues, and the gradient whose share along modes beyond the edge is what it is at the edge."""
        kappa, E = np.linalg.eigh(K)
        if kappa[-1] <= edge:
            return kappa, gradient
        excess = np.where(kappa > edge, 1 - edge / np.maximum(kappa, 1e-300), 0.0)
        return kappa, gradient - P * (V.T @ upload(E @ (excess * (E.T @ along)), gradient))

    def _note(self, known: _Known, edge: float, pair: bool) -> None:
        frozen, expected = None, math.nan
        if known.old_gram.size:
            frozen = np.linalg.eigvalsh(_in_basis(np.diag(self.cadence.values), known.old_gram))[::-1]
            now = _in_basis(np.diag(self.cadence.predicted(self.time)), known.old_gram)
            expected = float(np.linalg.eigvalsh(now)[-1])
        self.cadence.saw(self.time, known.values, known.arrivals, edge, frozen=frozen, expected=expected, rod=pair)

    def _substep(self) -> None:
        stage = self._evaluate()
        q = self.delay
        if not self.drifts:
            self._invent_history(stage)
        self.drifts.append(stage.drift)
        self.rates.append(stage.felt.second_rate)
        del self.drifts[: -q - 1], self.rates[: -q - 1], self.operators[: -q - 1]
        (a, am), (b, bm) = self.drifts[0], self.drifts[1]
        self.w = self.w + self.dt / 2 * (a + b)
        if self.m is not None and am is not None and bm is not None:
            self.m = self.m + self.dt / 2 * (am + bm)
        if self.nu is not None:
            self.nu = self.nu + self.dt / 2 * (self.rates[0] + self.rates[1])
        late = self.operators[:2] if len(self.operators) > q else [self.operators[-1]] * 2
        for W, P2, power in late:
            self._rotate(W, P2, power)
        self.time += self.dt
        self.stage = None

    def _rotate(self, W: Tensor, P2: Tensor, power: Tensor) -> None:
        omega = (W * P2) @ self.x
        parts = omega[None] if self.xm is None else torch.cat([omega[None], self._along(self.xm, W, P2)])
        turned = torch.einsum("kij,jk->ik", power, parts)
        self.x = W.T @ turned[0]
        if self.xm is not None:
            self.xm = self._lift(turned[1:], W, P2)

    def _invent_history(self, stage: _Stage) -> None:
        """Drifts before the start, on the line through the move that the iterates made and the present drift."""
        first = (
            self.first_move[0] + 2 * self.x,
            None if self.xm is None else self.first_move[1] + 2 * self.xm.reshape(-1),
        )
        for j in range(self.delay, 0, -1):
            share = 2 * j * self.dt
            self.drifts.append(
                tuple(
                    None if now is None else now + share * (then - now)
                    for now, then in zip(stage.drift, first, strict=True)
                )
            )
            self.rates.append(stage.felt.second_rate)

    def advance(self) -> None:
        for _ in range(self.substeps):
            self._substep()
        self.row += 1
        self.time = float(self.row)
        self._evaluate()

    def observe(self) -> Observation:
        stage = self._evaluate()
        length = (norm(self.x) ** 2 + norm(stage.drift[0]) ** 2 / 4).sqrt()
        return Observation(
            time=self.row,
            centre=self.w,
            position=self.w,
            gradient=stage.felt.gradient,
            preconditioner=stage.P,
            second_moment=self.nu,
            loss=stage.felt.loss if not stage.pair else None,
            predicted_loss=stage.felt.loss,
            rod_length=length,
            oscillation=norm(self.x),
            eigenvalues=upload(stage.eigenvalues, self.w),
            point=stage.point,
            signals={
                "mismatch": self.mismatch,
                "misprediction": self.cadence.misprediction,
                "tracked": len(stage.eigenvalues),
            },
        )


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

    @property
    def default_name(self) -> str:
        return "rod"

    @property
    def detail(self) -> str:
        return f"exact rates, dt {'½' if self.substeps == 2 else f'1/{self.substeps}'}"

    def begin(self, start: Start) -> RodProcess:
        return RodProcess(start, self.substeps)
