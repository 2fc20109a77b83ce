"""The density of all eigenvalues, by Lanczos quadrature from random vectors, with its scatter over them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ...errors import ArgumentError, named_keywords
from ...vocabulary import Parameter
from ..checks import whole
from ..problem import Problem
from .lanczos import Lanczos
from .operator import Operator

GRID = 512
REACH = 5.0


@dataclass(frozen=True)
class SpectralDensity:
    """The share of eigenvalues of P^{-1/2} H P^{-1/2} per unit of curvature, and how well it is known.

    nodes, weights [probes, m]: Gauss quadrature of each probe's spectral measure, weights of one row sum to 1; where a probe
    ended early the rest has weight 0. They integrate polynomials of degree below 2 m exactly for that probe.
    grid [g], density [g], error [g]: mean over probes of the measure smoothed by a Gaussian of standard deviation `width`,
    and the standard error of that mean.
    dim: p, so that dim × density counts eigenvalues. products: what was spent.
    residuals [probes, m]: ‖A u − θ u‖ of the node θ's Ritz vector u, so that an eigenvalue is no further from it.
    """

    nodes: np.ndarray
    weights: np.ndarray
    grid: np.ndarray
    density: np.ndarray
    error: np.ndarray
    width: float
    dim: int
    products: int
    residuals: np.ndarray

    def moment(self, power: int) -> tuple[float, float]:
        """Mean of λ^power over all eigenvalues, and its standard error over probes; exact a probe for powers below 2 m."""
        each = (self.weights * self.nodes ** whole("power", power, 0)).sum(1)
        return float(each.mean()), _standard_error(each)

    def share_above(self, value: float) -> tuple[float, float]:
        """Share of the eigenvalues above `value`, and its standard error over probes."""
        each = (self.weights * (self.nodes > value)).sum(1)
        return float(each.mean()), _standard_error(each)


@named_keywords("curvature.spectral_density")
def spectral_density(
    problem: Problem,
    w: Any = None,
    *,
    preconditioner: Any = None,
    probes: int = 10,
    steps: int = 40,
    width: float | None = None,
    grid: Any = None,
    seed: int = 0,
) -> SpectralDensity:
    """The spectral density of H, or of P^{-1/2} H P^{-1/2}, by stochastic Lanczos quadrature.

    Args:
        problem: whose Hessian.
        w: where [p]; None is the starting point.
        preconditioner: P, positive, [1] or [p]; None is the Hessian itself.
        probes: random vectors of length 1, uniform in direction, at least 2 for an error; the error falls as 1/√probes.
        steps: Lanczos steps a probe, each one product; at most p are made.
        width: standard deviation of the smoothing Gaussian, in units of curvature; None is 1 % of the range of the nodes.
        grid: where the density is wanted, increasing; None is 512 points over the range and five widths beyond.
        seed: of the probes.

    Raises:
        ArgumentError: an argument that cannot work, before anything runs.

    Source: Ghorbani et al. 2019 for networks; error bounds in Ubaru et al. 2017.
    """
    count, m = whole("probes", probes, 2), whole("steps", steps, 1)
    if width is not None:
        width = Parameter("width", "width", 0.1, 0.0, 1e300, open_lower=True).check(width)
    points = None if grid is None else _grid(grid)
    quadrature = Quadrature(Operator(problem, w, preconditioner), count, m, whole("seed", seed, 0, 2**63 - 1))
    for _ in quadrature.slices():
        pass
    return quadrature.density(width, points)


class Quadrature:
    """Stochastic Lanczos quadrature product by product, one probe after the other: see `spectral_density`.

    done: probes that are complete.
    """

    def __init__(self, A: Operator, probes: int, steps: int, seed: int) -> None:
        self.A = A
        self.done = 0
        m = min(steps, A.dim)
        self._nodes, self._weights, self._residuals = (np.zeros((probes, m)) for _ in range(3))
        self._generator = torch.Generator().manual_seed(seed)

    def slices(self) -> Iterator[None]:
        """All probes; it stops after every product."""
        probes, m = self._nodes.shape
        for probe in range(probes):
            krylov = Lanczos(self.A, self.A.random(1, self._generator)[0])
            for _ in range(m):
                krylov.grow(1)
                yield
            seen = krylov.coefficients()
            values, vectors = seen.ritz()
            found = len(values)
            self._nodes[probe, :found], self._weights[probe, :found] = values, vectors[0] ** 2
            self._residuals[probe, :found] = 0.0 if seen.invariant else seen.residuals(found)
            self.done = probe + 1
            yield

    def density(self, width: float | None = None, grid: np.ndarray | None = None) -> SpectralDensity:
        """What the complete probes say, at least two of them."""
        nodes, weights = self._nodes[: self.done], self._weights[: self.done]
        used = nodes[weights > 0]
        low, high = float(used.min()), float(used.max())
        scale = max(abs(low), abs(high), 1e-300)
        smooth = max(0.01 * (high - low), 1e-6 * scale) if width is None else width
        points = around(low, high, smooth) if grid is None else grid
        each = (weights[:, :, None] * bells(points, nodes[:, :, None], smooth)).sum(1)
        error = each.std(0, ddof=1) / math.sqrt(self.done)
        residuals = self._residuals[: self.done]
        spent = self.A.meter.products
        return SpectralDensity(nodes, weights, points, each.mean(0), error, smooth, self.A.dim, spent, residuals)


def around(low: float, high: float, width: float) -> np.ndarray:
    """Points [512] over a range and five widths beyond."""
    return np.linspace(low - REACH * width, high + REACH * width, GRID)


def bells(points: np.ndarray, centres: np.ndarray, width: float) -> np.ndarray:
    """Gaussians of standard deviation `width` about `centres`, at `points`."""
    return np.exp(-0.5 * ((points - centres) / width) ** 2) / (width * math.sqrt(2 * math.pi))


def _grid(grid: Any) -> np.ndarray:
    try:
        points = np.asarray(grid, dtype=float)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"grid is a {type(grid).__name__}: give increasing numbers [g].") from error
    if points.ndim != 1 or len(points) < 2 or not np.isfinite(points).all() or (np.diff(points) <= 0).any():
        raise ArgumentError(f"grid={grid!r} is not usable: give at least two increasing finite numbers.")
    return points


def _standard_error(each: np.ndarray) -> float:
    return float(each.std(ddof=1) / math.sqrt(len(each)))
