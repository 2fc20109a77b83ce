"""Rod flow with exact rates in motion, of one run or of several together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ...vocabulary import Bound, Column
from ..curvature.small import eigh
from ..curvature.tracker import EigenTracker, Spectrum
from ..host import fetch, upload
from ..optimizers.base import Frozen, Optimizer
from ..problem import Point
from ..process import NotFinite, Observation, Process, Start, norm
from ..runs import Who, put, those
from .cadence import Cadence
from .modes import capped, fractional_power, in_basis, secant_update

PAIR_SHARE = 0.1


Drift = tuple[Tensor, Tensor | None]


@dataclass(frozen=True)
class _Look:
    """Which runs looked, what the tracker saw at which point, and the Gram matrix of the vectors it had before."""

    who: Who
    seen: Spectrum
    point: Point
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
    loss: Tensor | None
    point: Point | None


def _dot(rows: Tensor, x: Tensor) -> Tensor:
    """Products [..., k] of x [..., p] with every one of rows [..., k, p]."""
    return (rows @ x[..., None])[..., 0]


def _combined(c: Tensor, rows: Tensor) -> Tensor:
    """The sum [..., p] of rows [..., k, p] with coefficients c [..., k]."""
    return (c[..., None, :] @ rows)[..., 0, :]


class RodProcess(Process):
    """Rod flow in motion; one small transfer to the host a substep.

    Several runs together have their number as the first dimension of everything; each keeps its own cadence and pair.
    """

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
        self.lead = self.w.shape[:-1]
        self.runs = self.lead.numel()
        self.m = self.xm = None
        m = [s.moments.momentum for s in start.window]
        if m[0] is not None:
            self.m = (m[0] + m[1]) / 2
            self.xm = ((m[0] - 2 * m[1] + m[2]) / 4).reshape(*self.lead, -1, self.w.shape[-1])
        self.first_move = (second.w - first.w, None if m[0] is None else m[1] - m[0])
        self.nu = start.mean_second_moment()
        self.metric_moves = self.nu is not None or start.optimizer.metric_moves
        self.like_gradients = start.optimizer.momenta_like_gradients
        self.tracker = EigenTracker(0, guard=0, seed=start.watch.seed)
        self.cadences = [Cadence(start.watch.eigenvalues, self.dt) for _ in range(self.runs)]
        self.seed_size = torch.finfo(self.w.dtype).eps
        self.rows: Tensor | None = None
        self.seen_at = self.tau
        self.gradient: Tensor | None = None
        self.lengths = np.zeros((self.runs, 2))
        self.mismatch = np.zeros(self.runs)
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
            k = rows.shape[-2]
            return rows, torch.eye(k, dtype=rows.dtype, device=rows.device).expand(*self.lead, k, k)
        gram = (rows * P[..., None, :]) @ rows.mT
        values, vectors = eigh(gram)
        return (vectors / values.clamp_min(1e-30).sqrt()[..., None, :]) @ vectors.mT @ rows, gram

    def _evaluate(self) -> _Stage:
        """Everything at the present moment: section 3b of the design from the preconditioner to the operator."""
        if self.stage is not None:
            return self.stage
        optimizer, tau = self.schedule.between(self.tau), self.tau
        P = optimizer.frozen(self.w, self.m, self.nu, tau + 0.5, self.gradient).P
        edge = optimizer.edge_threshold(tau + 0.5)
        jump = edge / self.schedule.between(self.seen_at).edge_threshold(tau + 0.5)
        due = those(np.array([cadence.due(self.time, jump) for cadence in self.cadences]))
        look = None if due is None else self._look(due, P, edge)
        V, gram = self._basis(P)
        self._project(V, P)
        if not self.operators:
            self.lengths = fetch([self._norms(P)])[0].reshape(self.runs, 2)
        pair = self.lengths[:, 0] > PAIR_SHARE * self.lengths[:, 1] / 2
        felt = self._feel(optimizer, pair, look)
        V2, gram2 = self._basis(felt.phi.P)
        known = self._transfer(P, V, gram, V2, gram2, felt, look)
        if look is not None:
            self._note(known, edge, pair, look)
        predicted = [np.diag(cadence.predicted(self.time)) for cadence in self.cadences]
        both = [capped(in_basis(D, one.gram), edge, one.along) for D, one in zip(predicted, known, strict=True)]
        drift = felt.phi(self.w, self.m, self._cap(felt.gradient, [c for _, c in both], V, P))
        self.operators.append(self._operator(felt, V2, predicted, known, pair))
        eigenvalues = self._led([kappa[::-1] for kappa, _ in both])
        loss = None if pair.any() else felt.loss
        self.stage = _Stage(
            P, felt, drift, eigenvalues, loss, None if look is None or look.who is not ... else look.point
        )
        return self.stage

    def _one(self, of_runs: np.ndarray) -> Any:
        """Numbers of the runs [runs]; that of a single run itself."""
        return of_runs.copy() if self.lead else float(of_runs[0])

    def _led(self, of_runs: Sequence[np.ndarray]) -> np.ndarray:
        """Arrays of the runs as one, [runs, ...]; that of a single run itself."""
        return np.stack(of_runs).reshape(*self.lead, *of_runs[0].shape)

    def _look(self, due: Who, P: Tensor, edge: float) -> _Look:
        """Let the tracker look at the centre; the old vectors' Gram matrix says what had been predicted."""
        count = max(cadence.kept(edge, self.w.shape[-1]) for cadence in self.cadences)
        if self.rows is not None and count != self.tracker.count:
            due = ...
        self.tracker.count = count
        point = self.meter.at(self.w[due], due)
        old = None if self.rows is None else self._basis(P)[1][due]
        P = P[due]
        seen = self.tracker.update(self.meter, point, P, corrected=self._corrected(due), who=due)
        self.rows = put(self.rows, due, seen.vectors / P.sqrt()[..., None, :])
        self.seen_at = self.tau
        return _Look(due, seen, point, old)

    def _corrected(self, due: Who) -> list[int] | None:
        """The vectors that are worth a product in one of the runs that look."""
        wanted = [self.cadences[i].corrected for i in self._numbers(due)]
        known = [one for one in wanted if one is not None]
        return None if len(known) < len(wanted) else sorted({i for one in known for i in one})

    def _numbers(self, who: Who) -> Sequence[int]:
        return range(self.runs) if who is ... else who

    def _project(self, V: Tensor, P: Tensor) -> None:
        """Keep of the rod what lies in the tracked space, at least as large as the rounding of w along each mode."""
        dual = V * P[..., None, :]
        omega = _dot(dual, self.x)
        floor = self.seed_size * _dot(dual**2, self.w**2).sqrt()
        omega = torch.where(omega.abs() < floor, torch.where(omega < 0, -floor, floor), omega)
        self.x = _combined(omega, V)
        if self.xm is not None:
            self.xm = self._lift(self._along(self.xm, V, P), V, P)

    def _along(self, xm: Tensor, V: Tensor, P: Tensor) -> Tensor:
        """Coordinates [r, k] of momenta [r, p] in the tracked basis: of gradients' kind, or of parameters'."""
        pairs = zip(xm.unbind(-2), self.like_gradients, strict=True)
        return torch.stack([_dot(V if dual else V * P[..., None, :], x) for x, dual in pairs], -2)

    def _lift(self, mu: Tensor, V: Tensor, P: Tensor) -> Tensor:
        """Momenta [r, p] from their coordinates [r, k]."""
        pairs = zip(mu.unbind(-2), self.like_gradients, strict=True)
        return torch.stack([P * _combined(c, V) if dual else _combined(c, V) for c, dual in pairs], -2)

    def _norms(self, P: Tensor) -> Tensor:
        """Lengths of the rod and of the last drift in the metric P; those of one substep decide on the pair of the next."""
        last = self.drifts[-1][0] if self.drifts else self.first_move[0]
        return torch.stack([(P * self.x**2).sum(-1).sqrt(), (P * last**2).sum(-1).sqrt()], -1)

    def _feel(self, optimizer: Optimizer, pair: np.ndarray, look: _Look | None) -> _Felt:
        """Gradient, loss and second moment as means over the two ends, or at the centre while the rod is short."""
        half_difference = None
        both, short = those(pair), those(~pair)
        if both is None:
            known = look.point if look is not None and look.who is ... else None
            loss, gradient = self.meter.value_and_grad(self.w) if known is None else (known.loss, known.grad)
            ends = [(self.w, self.m, gradient)]
        else:
            x, xm = self._ends(pair)
            loss_plus, plus = self.meter.value_and_grad((self.w + x)[both], both)
            loss_minus, minus = self.meter.value_and_grad((self.w - x)[both], both)
            if short is not None:
                loss, gradient = self.meter.value_and_grad(self.w[short], short)
                whole, whole_loss = (
                    put(torch.empty_like(self.w), short, gradient),
                    put(self.w.new_empty(self.runs), short, loss),
                )
                plus, minus = put(whole, both, plus), put(whole, both, minus)
                loss_plus, loss_minus = put(whole_loss, both, loss_plus), put(whole_loss, both, loss_minus)
            gradient, half_difference = (plus + minus) / 2, (plus - minus) / 2
            loss = (loss_plus + loss_minus) / 2
            up = None if self.m is None or xm is None else self.m + xm
            down = None if self.m is None or xm is None else self.m - xm
            ends = [(self.w + x, up, plus), (self.w - x, down, minus)]
        self.gradient = gradient
        rate = None if self.nu is None else optimizer.second_rate(self.nu, ends, self.tau + 1)
        nu = None if self.nu is None or rate is None else self.nu + rate
        phi = optimizer.frozen(self.w, self.m, nu, self.tau + 1, gradient)
        return _Felt(gradient, loss, half_difference, phi, rate)

    def _ends(self, pair: np.ndarray) -> tuple[Tensor, Tensor | None]:
        """The rod [..., p] and its momenta, flat; zero for runs whose rod is short."""
        xm = None if self.xm is None else self.xm.reshape(*self.lead, -1)
        if pair.all():
            return self.x, xm
        share = upload(pair[:, None].astype(float), self.x)
        return share * self.x, None if xm is None else share * xm

    def _transfer(
        self, P: Tensor, V: Tensor, gram: Tensor, V2: Tensor, gram2: Tensor, felt: _Felt, look: _Look | None
    ) -> list[_Known]:
        """The one transfer of this substep, by run; raises NotFinite where a number of every run is lost."""
        gradient, half = felt.gradient, felt.half_difference
        watched = torch.stack([felt.loss.to(gradient.dtype), gradient.sum(-1), self.w.sum(-1)], -1)
        nothing = V.new_zeros(*self.lead, 0)
        couplings = felt.phi.couplings(V2)
        looked = [nothing] * 3
        if look is not None:
            old = nothing[look.who] if look.gram is None else look.gram
            looked = [
                put(self._blank(part, look.who), look.who, part) for part in (look.seen.values, look.seen.arrivals, old)
            ]
        host = fetch(
            [
                watched,
                self._norms(P),
                gram,
                gram2,
                _dot(V, gradient),
                _dot(V2 * felt.phi.P[..., None, :], self.x),
                nothing if half is None else _dot(V2, half),
                *looked,
                nothing if couplings is None else couplings,
            ]
        )
        of_runs = [array.reshape(self.runs, *array.shape[len(self.lead) :]) for array in host]
        lost = ~np.logical_and.reduce([np.isfinite(array).reshape(self.runs, -1).all(1) for array in of_runs])
        if lost.all():
            raise NotFinite
        for array in of_runs if lost.any() else ():
            array[lost] = array[~lost][0]
        self.lengths = of_runs[1]
        return [_Known(*(array[run] for array in of_runs[2:])) for run in range(self.runs)]

    def _blank(self, part: Tensor, who: Who) -> Tensor | None:
        """Room for `part` of some runs among all."""
        return None if who is ... else part.new_zeros(self.runs, *part.shape[1:])

    def _cap(self, gradient: Tensor, excess: Sequence[np.ndarray], V: Tensor, P: Tensor) -> Tensor:
        """The gradient [..., p] without what `excess` [k] of every run says along the tracked vectors."""
        if not any(one.any() for one in excess):
            return gradient
        return gradient - P * _combined(upload(self._led(excess), gradient), V)

    def _operator(
        self, felt: _Felt, V2: Tensor, predicted: Sequence[np.ndarray], known: Sequence[_Known], pair: np.ndarray
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Eigenvectors of the curvature along the rod, the metric, and the power of the map on each for half a substep."""
        turns, powers = [], []
        for run, one in enumerate(known):
            K, self.mismatch[run] = in_basis(predicted[run], one.gram2), 0.0
            if pair[run]:
                K, self.mismatch[run] = secant_update(K, one.omega, one.difference)
            values, Q = np.linalg.eigh(K)
            couplings = None if not one.couplings.size else np.einsum("ka,jkl,la->ja", Q, one.couplings, Q)
            powers.append(fractional_power(-felt.phi.modes(values, couplings), self.dt / 2))
            turns.append(Q.T)
        return upload(self._led(turns), V2) @ V2, felt.phi.P, upload(self._led(powers), V2)

    def _note(self, known: Sequence[_Known], edge: float, pair: np.ndarray, look: _Look) -> None:
        for run in self._numbers(look.who):
            one, cadence = known[run], self.cadences[run]
            frozen, expected = None, math.nan
            if one.old_gram.size:
                frozen = np.linalg.eigvalsh(in_basis(np.diag(cadence.values), one.old_gram))[::-1]
                now = in_basis(np.diag(cadence.predicted(self.time)), one.old_gram)
                expected = float(np.linalg.eigvalsh(now)[-1])
            cadence.saw(
                self.time, one.values, one.arrivals, edge, frozen=frozen, expected=expected, rod=bool(pair[run])
            )

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
        omega = _dot(W * P2[..., None, :], self.x)[..., None, :]
        parts = omega if self.xm is None else torch.cat([omega, self._along(self.xm, W, P2)], -2)
        turned = torch.einsum("...kij,...jk->...ik", power, parts)
        self.x = _combined(turned[..., 0, :], W)
        if self.xm is not None:
            self.xm = self._lift(turned[..., 1:, :], W, P2)

    def _invent_history(self, stage: _Stage) -> None:
        """Drifts before the start, on the line through the move that the iterates made and the present drift."""
        first = (
            self.first_move[0] + 2 * self.x,
            None if self.xm is None else self.first_move[1] + 2 * self.xm.reshape(*self.lead, -1),
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
            loss=stage.loss,
            predicted_loss=stage.felt.loss,
            rod_length=length,
            oscillation=norm(self.x),
            rod=self.x,
            eigenvalues=upload(stage.eigenvalues, self.w),
            point=stage.point,
            signals={
                "mismatch": self._one(self.mismatch),
                "misprediction": self._one(np.array([cadence.misprediction for cadence in self.cadences])),
                "tracked": stage.eigenvalues.shape[-1],
            },
        )
