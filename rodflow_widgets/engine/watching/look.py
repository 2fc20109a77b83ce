"""One look at a training loop: loss, gradient and curvature on the probe batch against the edge of its own optimizer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ...vocabulary import Column
from ..curvature import Davidson
from ..curvature.davidson import Effort, forecast_error
from ..curvature.operator import Operator
from ..host import fetch
from ..probes.sharpness import CRITICAL, SOURCE
from ..process import norm
from .probe import Batch, Probe
from .subject import Part, Subject, preconditioner, reference

TOLERANCE = 1e-2
GUARD = 3
COLD = 6
"""Products of the first look beside two a kept vector; corrections then go on until the tolerance is met."""
MOST_CORRECTIONS = 10
ENOUGH = 0.3
"""Share of the tolerance that the forecast of the error has to be below, as `curvature.Tracker` wants it."""


def columns(eigenvalues: int) -> tuple[Column, ...]:
    """What a look measures, in the columns of the iterates of any run."""
    where = "midpoint of this iterate and the next"
    found = (
        Column("time", "optimizer steps", "steps made before this iterate"),
        Column("loss", "loss", "loss on the probe batch at the iterate, in evaluation mode"),
        Column("grad_norm", "loss per parameter", "‖∇L‖ on the probe batch at the iterate"),
        Column(
            "eigenvalues",
            "1 / learning rate",
            f"largest eigenvalues of P^{{-1/2}} H P^{{-1/2}} on the probe batch in descending order, at the {where}; P from "
            "the optimizer's own state",
            SOURCE,
            eigenvalues,
        ),
        Column("sharpness", "1 / learning rate", f"largest eigenvalue at the {where}", SOURCE),
        Column("edge_threshold", "1 / learning rate", "sharpness beyond which an oscillation grows", SOURCE),
        Column("sharpness_ratio", "1", "sharpness / edge threshold; 1 is the edge of stability", SOURCE),
        Column("critical_directions", "1", "how many of the eigenvalues reach 0.975 of the edge threshold", SOURCE),
        Column("rod_length", "parameters", "½‖w_{t+1} − w_t‖, half a step", "rod flow, arXiv 2602.01480"),
        Column("learning_rate", "1 / sharpness", "of the first parameter group, in the step from this iterate"),
        Column("share", "1", "what looking has cost so far, over the time of training beside it"),
        Column("training_loss", "loss", "what the loop itself said of its own batch at this step"),
    )
    return found


class Looker:
    """Measures a subject on a probe batch; `before` a step, `after` it.

    What is measured belongs to the step from w_t: loss and gradient at w_t, the curvature at the midpoint of w_t and w_{t+1}
    (which moves less than the iterates do and costs one gradient more), P and the threshold with the state after the step.

    Args:
        subject: model and optimizer.
        loss: `loss(model(inputs), targets)` is a scalar.
        batch: the probe batch.
        eigenvalues: how many are measured.
        tolerance: relative error of the eigenvalues aimed at.
        hessian: "autodiff" or "finite-difference".
        seed: of the tracker's random vectors.

    Raises:
        ProblemError, ArgumentError: model, batch and loss do not fit; found out on two examples.
    """

    def __init__(
        self,
        subject: Subject,
        loss: Callable[[Any, Any], Tensor],
        batch: Batch,
        *,
        eigenvalues: int = 1,
        tolerance: float = TOLERANCE,
        hessian: str = "autodiff",
        seed: int = 0,
    ) -> None:
        self.subject = subject
        self.loss, self.batch, self.hessian = loss, batch, hessian
        self._eigenvalues, self._tolerance, self._seed = eigenvalues, tolerance, seed
        names = [name for name, _, _ in subject.candidates()]
        self.probe = Probe(subject.model, loss, batch, names, [0.0] * len(names), hessian=hessian)
        self._davidson: Davidson | None = None
        self._before: dict[int, Tensor] = {}
        self._shape: tuple[Any, ...] = ()
        self.products = self.gradients = 0

    def wait(self) -> None:
        """Wait until the device has made the step, so that its time is not taken for that of the look."""
        device = self.probe.device
        if device.type != "cpu":
            getattr(torch, device.type).synchronize(device)

    def before(self) -> None:
        """Keep the parameters that the coming step moves."""
        self._before = {id(p): p.detach().clone() for _, p, _ in self.subject.candidates()}

    def after(self, step: int) -> dict[str, float | Sequence[float]]:
        """Look at the step from iterate `step`, which has just been made.

        Numbers of curvature are NaN where they are not finite, and where nothing moves.
        """
        parts = self.subject.parts()
        parts = [part for part in parts if id(part.parameter) in self._before]
        row: dict[str, float | Sequence[float]] = {"time": float(step)}
        if not parts:
            return row
        probe = self.probed(parts)
        with probe.still():
            first = probe.flat([self._before[id(part.parameter)] for part in parts])
            second = probe.flat([part.parameter for part in parts])
            P = preconditioner(parts, step + 1, probe.dtype, probe.device)
            edge = reference(parts, step + 1)
            loss, gradient = probe.value_and_grad(first)
            self.gradients += 1
            sizes = [loss, norm(gradient), norm(second - first) / 2, (first + second).sum() + P.sum()]
            numbers = [float(value) for value in fetch(sizes)]
            row |= {"loss": numbers[0], "grad_norm": numbers[1], "rod_length": numbers[2], "edge_threshold": edge}
            if math.isfinite(sum(numbers)) and math.isfinite(edge) and edge > 0:
                row |= self._curvature(probe, first, second, P, edge)
        return row

    def done(self) -> None:
        """Forget the parameters that were kept for a look."""
        self._before = {}

    def probed(self, parts: Sequence[Part]) -> Probe:
        """The probe of these parts; another one, and another tracker, where others move than before."""
        shape = tuple((part.name, part.rule.penalty) for part in parts)
        if shape != self._shape:
            names, penalties = [name for name, _ in shape], [penalty for _, penalty in shape]
            self.probe = self.probe_of(names, penalties)
            self._davidson, self._shape = None, shape
        return self.probe

    def probe_of(self, names: Sequence[str], penalties: Sequence[float]) -> Probe:
        return Probe(self.subject.model, self.loss, self.batch, names, penalties, hessian=self.hessian, like=self.probe)

    def _curvature(self, probe: Probe, first: Tensor, second: Tensor, P: Tensor, edge: float) -> Mapping[str, Any]:
        """The largest eigenvalues of P^{-1/2} H P^{-1/2} over the threshold, followed from look to look."""
        metric = (P * edge).clamp_min(torch.finfo(P.dtype).tiny ** 0.5)
        A = Operator(probe, (first + second) / 2, metric)
        if self._davidson is None:
            count = min(self._eigenvalues, probe.dim)
            self._davidson = Davidson(count, min(GUARD, probe.dim - count), self._seed, COLD)
        most = MOST_CORRECTIONS + 2 * self._davidson.count
        seen = self._davidson.look(A, A.gradient, Effort(corrections=most), self._enough)
        self.gradients, self.products = self.gradients + A.meter.gradients, self.products + A.meter.products
        (ratios,) = fetch([seen.values[: len(seen.vectors)]])
        short = self._eigenvalues - len(ratios)
        values = [*(edge * ratios), *([math.nan] * short)]
        return {
            "eigenvalues": values,
            "sharpness": float(values[0]),
            "sharpness_ratio": float(ratios[0]),
            "critical_directions": float((ratios >= CRITICAL).sum()),
        }

    def _enough(self, residuals: Tensor, values: Tensor) -> bool:
        (error,) = fetch([forecast_error(residuals, values)])
        return float(error) <= ENOUGH * self._tolerance
