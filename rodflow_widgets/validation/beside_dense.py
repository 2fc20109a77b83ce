"""The rods of the engine beside their dense counterparts, on a small network at its edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..engine import Problem
from ..engine.curvature.following import Watch
from ..engine.flows import CovarianceRod, Rod
from ..engine.optimizers.base import Optimizer
from ..engine.process import Discrete, Start
from ..engine.schedule import Schedule
from .dense import FullCovariance, FullHessianRod


def start_at(problem: Problem, optimizer: Optimizer, row: int) -> Start:
    """The iterates at steps row, row + 1, row + 2, for flows to begin from."""
    schedule, watch = Schedule(optimizer), Watch(1, 0)
    discrete = Discrete(problem, schedule, watch)
    for _ in range(row):
        discrete.advance()
    return Start(problem, schedule, row, discrete.window, watch)


@dataclass(frozen=True)
class Truncation:
    """What k columns lack of the whole Σ: largest relative differences over a run.

    centre: ‖w − w_full‖ over the distance that the full one moved; sigma: Frobenius norms in the metric of section 3a.
    """

    centre: float
    sigma: float


def truncation(start: Start, steps: int, *, modes: int, substeps: int, full_modes: int | None = None) -> Truncation:
    """The covariance rod with `modes` columns beside the whole Σ (or a dense one with `full_modes`)."""
    flow = CovarianceRod(modes=modes, substeps=substeps)
    rod = flow.begin(start)
    dense = FullCovariance(start, seed=flow.seed, substeps=substeps, modes=full_modes)
    begun, centres, sigmas = dense.w.clone(), [], []
    for _ in range(steps):
        rod.advance()
        dense.advance()
        columns = torch.stack([s if m is None else torch.cat([s, m]) for s, m in rod.columns], 1)
        root = dense.root_metric()[:, None]
        ours, theirs = root * columns, root * dense.columns
        whole = theirs @ theirs.T
        centres.append(_share(rod.w - dense.w, dense.w - begun))
        sigmas.append(_share(ours @ ours.T - whole, whole))
    return Truncation(max(centres), max(sigmas))


@dataclass(frozen=True)
class Tracking:
    """What tracked modes lack of the whole Hessian.

    centre: at the last step, over the distance that the dense rod moved; alternating: largest ‖x − x_full‖ over the largest
    ‖x_full‖; ratio: mean |difference| of sharpness / edge; edge: the largest sharpness / edge of the dense rod.
    """

    centre: float
    alternating: float
    ratio: float
    edge: float


def tracking(start: Start, steps: int, *, substeps: int, at_first: int = 3) -> Tracking:
    """The exact-rate rod beside the one with the whole Hessian at every substep."""
    optimizer = start.optimizer
    rod = Rod(substeps=substeps).begin(start)
    dense = FullHessianRod(start, substeps=substeps, at_first=at_first)
    begun, apart, lengths, ratios, edges = dense.w.clone(), [], [], [], []
    for step in range(steps + 1):
        if step:
            rod.advance()
            dense.advance()
        seen, eigenvalues = dense.observe(), rod.observe().eigenvalues
        assert eigenvalues is not None
        x = dense.x[: dense.p]
        apart.append(float((rod.x - x).norm()))
        lengths.append(float(x.norm()))
        edges.append(seen.ratio)
        ratios.append(abs(float(eigenvalues[0]) / optimizer.edge_threshold(dense.time + 1) - seen.ratio))
    centre = _share(rod.w - dense.w, dense.w - begun)
    return Tracking(centre, max(apart) / max(lengths), float(np.mean(ratios)), max(edges))


def _share(difference: Tensor, whole: Tensor) -> float:
    return float(difference.norm() / whole.norm())
