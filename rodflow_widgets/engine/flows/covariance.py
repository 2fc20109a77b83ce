"""The covariance rods: the paper's one-mode closure and its many-mode form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ...errors import ArgumentError
from ...vocabulary import Bound, Column, Parameter, Setting, Status, Whole
from ..curvature.tracker import Spectrum
from ..host import fetch, upload, wide
from ..optimizers.base import Optimizer
from ..problem import Meter, Point
from ..process import NotFinite, Observation, Process, Start, norm
from ..registry import FLOWS, register
from .base import Flow, step_text

LONGEST_STEP, STABILITY, REFUSED, MOST = 0.25, 1.5, 2.0, 100
MASKED_RATIO, MASKED_STEPS, MASKED_SHARE = 1.05, 20, 2.0


@dataclass
class _Stage:
    """Expectations over the rod at one substep."""

    optimizer: Optimizer
    P: Tensor
    gradient: Tensor
    predicted_loss: Tensor
    drift: tuple[Tensor, Tensor | None]
    centre_rate: tuple[Tensor, Tensor | None]
    second_rate: Tensor | None
    images: list[tuple[Tensor, Tensor | None]]
    centre: Point | None


class CovarianceProcess(Process):
    """Centre and k columns s_i with Σ ≈ Σ s_i s_iᵀ in phase space; explicit Euler; one transfer a substep."""

    kind: ClassVar[str] = "rod"
    has_rod: ClassVar[bool] = True
    signals: ClassVar[tuple[Column, ...]] = (
        Column(
            "masked",
            "1",
            "1 while the rod follows the drift beyond the edge and does not see the oscillation",
            signal=(
                Bound(
                    0.5,
                    "is *masked* since step {since}: beyond the edge, yet the rod follows the drift and does not see the "
                    "oscillation; use more modes",
                ),
            ),
        ),
        Column(
            "stability_number",
            "1",
            "dt (h + h²/2) of the explicit step; above 1.5 doubtful, above 2 unstable",
            signal=(
                Bound(STABILITY, "has a *doubtful explicit step* since step {since}: dt (h + h²/2) is {value}"),
                Bound(REFUSED, "has an *unstable explicit step* since step {since}: dt (h + h²/2) is {value}"),
            ),
        ),
    )

    def __init__(self, start: Start, modes: int, seed: float, substeps: int | None) -> None:
        super().__init__(start.problem, start.schedule, start.row, start.watch)
        first, second, _ = start.window
        self.modes, self.share, self.substeps = min(modes, first.w.numel()), seed, substeps
        self.tau = start.row + 0.5
        self.w = (first.w + second.w) / 2
        m0, m1 = first.moments.momentum, second.moments.momentum
        self.m = None if m0 is None or m1 is None else (m0 + m1) / 2
        self.nu = start.mean_second_moment()
        self.columns = [((second.w - first.w) / 2, None if m0 is None or m1 is None else (m1 - m0) / 2)]
        self.ratio = self.trace = self.drift_square = 0.0
        self.stability = 0.0
        self.beyond = 0
        self.stage: _Stage | None = None

    def _evaluate(self) -> _Stage:
        if self.stage is not None:
            return self.stage
        optimizer = self.schedule.at(self.tau)
        one_mode = self.modes == 1 and self.share == 1
        if one_mode:
            rod = self.columns[0][0]
            centre, bends = None, [self.meter.at(self.w + rod), self.meter.at(self.w - rod)]
            ends = [((bends[0].loss, bends[0].grad), (bends[1].loss, bends[1].grad))]
        else:
            centre = self.meter.at(self.w)
            bends = [centre]
            take = self.meter.value_and_grad
            ends = [(take(self.w + s), take(self.w - s)) for s, _ in self.columns]
        gradient = _expectation([(p[1], m[1]) for p, m in ends], None if centre is None else centre.grad)
        loss = _expectation([(p[0], m[0]) for p, m in ends], None if centre is None else centre.loss)
        rate = None
        nu = self.nu
        if nu is not None:
            q = optimizer.second_moment
            statistic = _expectation([(q(p[1]), q(m[1])) for p, m in ends], None if centre is None else q(centre.grad))
            rate = (1 - optimizer.second_moment_decay) * (statistic.clamp_min(0) - nu)
            nu = nu + rate / 2
        phi = optimizer.frozen(self.w, self.m, nu, self.tau + 0.5, gradient)
        drift = phi(self.w, self.m, gradient)
        bent = sum((self.meter.apply(p, drift[0][None])[0] for p in bends), torch.zeros_like(self.w)) / len(bends)
        correction = phi.push(drift[0], drift[1], bent)
        centre_rate = tuple(
            None if f is None or c is None else f - c / 2 for f, c in zip(drift, correction, strict=True)
        )
        images = [phi.push(s, sm, (p[1] - m[1]) / 2) for (s, sm), (p, m) in zip(self.columns, ends, strict=True)]
        self.stage = _Stage(optimizer, phi.P, gradient, loss, drift, centre_rate, rate, images, centre)
        return self.stage

    def _count(self) -> int:
        """Substeps of the coming unit of time: dt ≤ ¼ and dt (h + h²/2) ≤ 1.5, h = 2 sharpness / edge."""
        count = math.ceil(self._wanted()) if self.substeps is None else self.substeps
        h = 2 * max(self.ratio, 0.0)
        self.stability = (h + h * h / 2) / count
        return count

    def _wanted(self) -> float:
        h = 2 * max(self.ratio, 0.0)
        return max(1 / LONGEST_STEP, (h + h * h / 2) / STABILITY)

    def _substep(self, dt: float) -> None:
        stage = self._evaluate()
        columns = [
            (math.sqrt(1 - 2 * dt) * s, None if sm is None else math.sqrt(1 - 2 * dt) * sm) for s, sm in self.columns
        ]
        for scale, (d, dm) in [(dt / 2, i) for i in stage.images] + [(dt * self.share / 2, stage.drift)]:
            columns.append((math.sqrt(scale) * d, None if dm is None else math.sqrt(scale) * dm))
        sharpness = self._spectrum(stage, payer=self.meter).values[0]
        rows = torch.stack([s for s, _ in columns])
        gram, moments = self._gram(rows, columns, stage)
        # The one transfer of this substep.
        host = fetch([gram, (stage.drift[0] ** 2).sum(), self.w.sum(), stage.predicted_loss, sharpness])
        if not all(np.isfinite(a).all() for a in host):
            raise NotFinite
        self.drift_square = float(host[1])
        self.ratio = float(host[4]) / stage.optimizer.edge_threshold(self.tau + 0.5)
        values, vectors = np.linalg.eigh(host[0])
        keep = min(self.modes, len(values))
        lead = upload(vectors[:, ::-1][:, :keep].T, rows)
        self.trace = float(values[::-1][:keep].sum())
        kept, kept_m = lead @ rows, None if moments is None else lead @ moments
        self.columns = [(kept[i], None if kept_m is None else kept_m[i]) for i in range(keep)]
        self.w = self.w + dt * stage.centre_rate[0]
        if self.m is not None and stage.centre_rate[1] is not None:
            self.m = self.m + dt * stage.centre_rate[1]
        if self.nu is not None and stage.second_rate is not None:
            self.nu = self.nu + dt * stage.second_rate
        self.tau += dt
        self.stage = None

    def _gram(self, rows: Tensor, columns: list, stage: _Stage) -> tuple[Tensor, Tensor | None]:
        """Inner products of the columns in the metric P on w and (learning_rate/2)² P⁻¹ on m, as wide as the device has."""
        dtype = wide(rows.device)
        w = rows.to(dtype)
        if self.nu is None and self.m is None:
            return w @ w.T, None
        P = stage.P.to(dtype)
        gram = (w * P) @ w.T
        if self.m is None:
            return gram, None
        moments = torch.stack([sm for _, sm in columns])
        m = moments.to(dtype)
        return gram + (stage.optimizer.learning_rate / 2) ** 2 * (m / P) @ m.T, moments

    def advance(self) -> None:
        count = self._count()
        if self.stability > REFUSED or (self.substeps is None and count > MOST):
            self.status = Status(
                "stopped",
                self.row,
                f"Rod flow stopped at step {self.row}: at {self.ratio:.3g} times the edge its explicit step would need "
                f"{self._wanted():.0f} substeps; {MOST if self.substeps is None else self.substeps} are allowed.",
            )
            return
        for _ in range(count):
            self._substep(1 / count)
        self.row += 1
        self.tau = self.row + 0.5
        self.beyond = self.beyond + 1 if self.ratio > MASKED_RATIO and self._follows_drift() else 0

    def _spectrum(self, stage: _Stage, payer: Meter | None = None) -> Spectrum:
        """The spectrum of this row; the first substep of a row pays for it, the others reuse it."""
        charged = payer if self.tau == self.row + 0.5 else None
        if charged is not None and stage.centre is None:
            charged.gradients += 1
        return self.spectrum.at(self.row, lambda: self._point(stage), stage.P, payer=charged)

    def _point(self, stage: _Stage) -> Point:
        return self.problem.at(self.w) if stage.centre is None else stage.centre

    def _follows_drift(self) -> bool:
        return self.trace < MASKED_SHARE * self.drift_square / 4

    def observe(self) -> Observation:
        stage = self._evaluate()
        point = self._point(stage)
        length = sum(((s**2).sum() for s, _ in self.columns), self.w.new_zeros(())).sqrt()
        return Observation(
            time=self.row,
            centre=self.w,
            position=self.w,
            gradient=stage.gradient,
            preconditioner=stage.P,
            second_moment=self.nu,
            loss=point.loss,
            predicted_loss=stage.predicted_loss,
            rod_length=length,
            oscillation=(length**2 - norm(stage.drift[0]) ** 2 / 4).clamp_min(0).sqrt(),
            rod=self.columns[0][0],
            point=point,
            signals={"masked": float(self.beyond >= MASKED_STEPS), "stability_number": self.stability},
        )


def _expectation(ends: list[tuple[Tensor, Tensor]], centre: Tensor | None) -> Tensor:
    """Mean over the ends of all columns: f(c) + Σ (½(f₊ + f₋) − f(c)); with one column and no centre the plain mean."""
    if centre is None:
        (plus, minus), *_ = ends
        return (plus + minus) / 2
    return centre + sum(((p + m) / 2 - centre for p, m in ends), torch.zeros_like(centre))


MODES = Whole("modes", "modes", 4, 1, meaning="columns that represent the covariance Σ of the rod")
SEED = Parameter(
    "seed",
    "seed",
    1e-2,
    0.0,
    1.0,
    scale="log",
    meaning="share of the drift that feeds Σ, which without it stays zero for ever; 1 is the paper's",
    open_lower=True,
)
SUBSTEPS = Whole(
    "substeps",
    "substeps",
    None,
    2,
    unit="per step",
    meaning="explicit Euler steps; None takes what is stable, at least 4",
)


@register(FLOWS, "rod-covariance")
@dataclass(frozen=True)
class CovarianceRod(Flow):
    """Rod flow by its covariance Σ: with one mode and seed 1 the closure of the rod flow paper, letter for letter.

    Args:
        modes: number k of columns that represent Σ.
        seed: share of the drift that feeds Σ, in (0, 1]; 1 is the paper's.
        substeps: explicit Euler steps per optimizer step; None takes dt = min(¼, 1.5/(h + h²/2)).

    Source: arXiv 2602.01480 (one mode, one BEA term on the centre); the many-mode form is derived here. With one mode it
    is masked: the top eigenvector of Σ is the drift, and growth beyond the edge is not seen.
    """

    modes: int = 4
    seed: float = 1e-2
    substeps: int | None = None
    label: ClassVar[str] = "rod flow"
    kind: ClassVar[str] = "rod"
    process: ClassVar[type[Process]] = CovarianceProcess
    parameters: ClassVar[tuple[Setting, ...]] = (MODES, SEED, SUBSTEPS)
    cites: ClassVar[tuple[str, ...]] = ("regis2026rod",)
    cites_beyond: ClassVar[tuple[str, ...]] = ("regis2026adam",)

    def __post_init__(self) -> None:
        if isinstance(self.seed, int | float) and self.seed <= 0:
            raise ArgumentError(
                f"seed={self.seed!r} is not usable: give a share in (0, 1]; without a seed Σ stays zero for ever."
            )
        super().__post_init__()

    @property
    def default_name(self) -> str:
        return "rod-paper" if self.modes == 1 and self.seed == 1 else "rod-covariance"

    @property
    def detail(self) -> str:
        dt = "dt ≤ ¼" if self.substeps is None else step_text(self.substeps)
        if self.default_name == "rod-paper":
            return f"the paper's closure, {dt}"
        return f"{self.modes} modes, seed {self.seed:g}, {dt}"

    def check(self, optimizer: Optimizer) -> None:
        if not optimizer.linear:
            raise ArgumentError(
                f"processes: {self.default_name} needs the coefficients of a linear map, which {optimizer.label} does not "
                "give: take 'rod', which differentiates it."
            )

    def begin(self, start: Start) -> CovarianceProcess:
        return CovarianceProcess(start, self.modes, self.seed, self.substeps)


@register(FLOWS, "rod-paper", parameters=(SUBSTEPS,))
def paper_rod(substeps: int | None = None, *, name: str | None = None) -> CovarianceRod:
    """The one-mode closure of the rod flow paper."""
    return CovarianceRod(modes=1, seed=1, substeps=substeps, name=name)
