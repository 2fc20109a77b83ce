"""The density of all eigenvalues at a row, and those that stand alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ...errors import ArgumentError, unknown
from ..checks import whole
from ..curvature.density import Quadrature, around, bells
from ..curvature.operator import Operator
from ..host import fetch
from ..problem import Problem
from ..registry import SURVEYS, register
from .base import Survey, Topic, trail_of

if TYPE_CHECKING:
    from ..simulation import Simulation

EXACT_DIM = 300
PROBES, PRODUCTS = 10, 40
WIDTH = 0.01
APART = 1.0
CONVERGED = 0.1


@register(SURVEYS, "density")
class DensityTopic(Topic):
    """The density of the eigenvalues of P^{-1/2} H P^{-1/2}, by all of them up to 300 parameters, else by random probes.

    Args:
        problem: of the run.
        step: which row; None is the newest of the process.
        process: "discrete", at the midpoint of two iterates, or the name of a flow, at its centre.
        probes: random vectors, at 40 products each; the error falls as 1/√probes.

    Its survey has facts step, dim, threshold (the edge there), exact (1, or 0 by probes), products and smallest (the
    smallest eigenvalue, by probes the smallest Ritz value, which lies above it); and arrays grid [g], density [g] (per unit
    of curvature; its integral is dim), error [g] (standard error over the probes) and outliers (eigenvalues that stand
    alone, descending).
    """

    def __init__(
        self, problem: Problem, step: int | None = None, process: str = "discrete", probes: int = PROBES
    ) -> None:
        self._problem = problem
        self._step = None if step is None else whole("step", step, 0)
        self._process = process
        self._probes = whole("probes", probes, 2, 1000)

    def work(self, run: Simulation, kept: Mapping[Any, Any]) -> Iterator[Survey | None]:
        trail, name = trail_of(run), self._process
        if name not in run.columns:
            raise unknown("process", name, run.columns)
        step = trail.find(self._step)
        there = trail.present(name, trail.steps)
        if self._step is None and len(there):
            step = int(there[-1])
        if step not in there:
            have = f"it is there from step {there[0]} to {there[-1]}" if len(there) else "none of its rows is kept"
            raise ArgumentError(f"step={step} has no {name!r}: {have}.")
        w = trail.window(step)[:2].mean(0) if name == "discrete" else trail.positions(name, [step])[0]
        A = Operator(self._problem, w, trail.vectors(name, "preconditioner", [step])[0])
        yield None
        facts = {
            "step": step,
            "dim": A.dim,
            "threshold": run.optimizer_at(step).edge_threshold(step + 1),
            "exact": int(A.dim <= EXACT_DIM),
        }
        for share, seen in _all(A) if facts["exact"] else _probed(A, self._probes):
            if seen is None:
                yield None
            else:
                smallest, arrays = seen
                found = facts | {"products": A.meter.products, "smallest": smallest}
                yield Survey("density", step, share, found, {}, arrays)


# The share of the work done, and what is seen then: the smallest eigenvalue, and the arrays.
Part = tuple[float, tuple[float, dict[str, np.ndarray]] | None]


def _all(A: Operator) -> Iterator[Part]:
    """Every eigenvalue, by the dense matrix."""
    rows: list[Tensor] = []
    for block in torch.eye(A.dim, dtype=A.point.grad.dtype, device=A.point.grad.device).split(1):
        rows.append(A(block))
        yield len(rows) / A.dim, None
    (matrix,) = fetch([torch.cat(rows)])
    if not np.isfinite(matrix).all():
        raise ArithmeticError("the Hessian has entries that are not finite there.")
    values = np.linalg.eigvalsh((matrix + matrix.T) / 2)[::-1]
    low, high = float(values[-1]), float(values[0])
    width = WIDTH * (high - low) or WIDTH * abs(high) or WIDTH
    grid = around(low, high, width)
    density = bells(grid, values[:, None], width).sum(0)
    alone = _alone(values, width)
    yield 1.0, (low, {"grid": grid, "density": density, "error": np.zeros_like(grid), "outliers": values[alone]})


def _probed(A: Operator, probes: int) -> Iterator[Part]:
    """The density by quadrature, probe by probe."""
    quadrature, done = Quadrature(A, probes, PRODUCTS, seed=0), 0
    for _ in quadrature.slices():
        if quadrature.done == done or quadrature.done < 2:
            yield 0.0, None
            continue
        done = quadrature.done
        seen = quadrature.density()
        outliers = _outliers(seen.nodes, seen.weights, seen.residuals, seen.width)
        arrays = {
            "grid": seen.grid,
            "density": A.dim * seen.density,
            "error": A.dim * seen.error,
            "outliers": outliers,
        }
        yield done / probes, (float(seen.nodes[seen.weights > 0].min()), arrays)


def _alone(values: np.ndarray, width: float) -> np.ndarray:
    """Which of the descending `values` have no other within a width: a peak of their own in the picture."""
    gaps = np.concatenate([[np.inf], -np.diff(values), [np.inf]])
    return np.minimum(gaps[:-1], gaps[1:]) > APART * width


def _outliers(nodes: np.ndarray, weights: np.ndarray, residuals: np.ndarray, width: float) -> np.ndarray:
    """Ritz values that stand alone, converged to a tenth of a width, in at least half of the probes; descending."""
    found = []
    for theta, weight, residual in zip(nodes, weights, residuals, strict=True):
        real = np.flatnonzero(weight > 0)
        order = real[np.argsort(-theta[real])]
        chosen = order[_alone(theta[order], width) & (residual[order] <= CONVERGED * width)]
        found += list(zip(theta[chosen], residual[chosen], strict=True))
    found.sort(reverse=True)
    values: list[float] = []
    while found:
        same = [one for one in found if found[0][0] - one[0] <= width / 2]
        found = found[len(same) :]
        if len(same) >= len(nodes) / 2:
            values.append(float(min(same, key=lambda one: one[1])[0]))
    return np.array(values)
