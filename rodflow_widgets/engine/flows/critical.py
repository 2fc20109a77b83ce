"""What the central flow asks of one point: how fast the Hessian moves on the critical directions, and its response to Σ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..optimizers.base import Optimizer
from ..problem import Meter, Point

FD_TOLERANCE = 0.01


@dataclass(frozen=True)
class Directions:
    """Candidates at one point, on the device: u_i as rows, H u_i, and N_ij = ∇(u_iᵀ H u_j) for the pairs i ≤ j.

    U [k, p] with UᵀPU = 1, images [k, p], thirds [k (k + 1) / 2, p].
    """

    U: Tensor
    images: Tensor
    thirds: Tensor


@dataclass(frozen=True)
class Forms:
    """The same on the host, k × k: H, its rate and that of (2 / learning_rate) P for Σ = 0, and per pair of X.

    curvature [k, k] = UᵀHU; rate [k, k] and response [k, k, k, k] of UᵀCU, C = (2 / learning_rate) P − H, a step: its
    rate of change is rate + response[X]; lengths [k, k] = UᵀU.
    """

    curvature: np.ndarray
    rate: np.ndarray
    response: np.ndarray
    lengths: np.ndarray

    def leading(self, count: int) -> Forms:
        """The same for the first `count` directions."""
        s = slice(count)
        return Forms(self.curvature[s, s], self.rate[s, s], self.response[s, s, s, s], self.lengths[s, s])


def pairs(k: int) -> list[tuple[int, int]]:
    """The pairs i ≤ j in the order of `thirds`."""
    return [(i, j) for i in range(k) for j in range(i, k)]


def packed(X: np.ndarray) -> np.ndarray:
    """X [k, k] per pair, off-diagonal entries twice: Σ_ij X_ij N_ij is packed(X) @ thirds."""
    return np.array([X[i, j] * (1 if i == j else 2) for i, j in pairs(len(X))])


def unpacked(values: np.ndarray, k: int) -> np.ndarray:
    """Values per pair [m, ...] as a symmetric array [k, k, ...]."""
    index = np.empty((k, k), dtype=int)
    for n, (i, j) in enumerate(pairs(k)):
        index[i, j] = index[j, i] = n
    return values[index]


def disagreement(meter: Meter, w: Tensor, directions: Directions) -> Tensor:
    """|N_11 − its finite difference| over what is tolerated, a scalar of the device: above 1 the two differ.

    Tolerated are 1 % of the larger and the rounding of the products.
    """
    u, image, third = directions.U[0], directions.images[0], directions.thirds[0]
    size = torch.linalg.vector_norm(u)
    epsilon = torch.finfo(u.dtype).eps
    length = epsilon**0.25 / size
    ends = [meter.apply(meter.at(w + sign * length * u), u[None])[0] for sign in (1, -1)]
    difference = (ends[0] - ends[1]) / (2 * length)
    rounding = 100 * epsilon * (torch.linalg.vector_norm(image) / length + torch.linalg.vector_norm(third))
    larger = torch.maximum(torch.linalg.vector_norm(third), torch.linalg.vector_norm(difference))
    return torch.linalg.vector_norm(third - difference) / (FD_TOLERANCE * larger + rounding)


class Drift:
    """The central flow's rates at one point as functions of X, for one optimizer.

    w changes by −learning_rate P⁻¹(g + ½ Σ X_ij N_ij) a step; the second moment ν, that of the step whose middle is the
    present, by r (E s − ν) with r = 2 (1 − β₂) / (1 + β₂), which is the optimizer's average to second order there, and
    E s = s(g) + s'(g) ½ Σ X_ij N_ij + ½ s''[HΣHᵀ], the mean of its statistic over the rod to first order in Σ.
    """

    def __init__(self, optimizer: Optimizer, point: Point, P: Tensor, nu: Tensor | None, w: Tensor, n: float) -> None:
        self.optimizer, self.gradient, self.P, self.nu = optimizer, point.grad, P, nu
        self.slope = None if nu is None else _slope(optimizer, nu, w, n)
        beta = optimizer.second_moment_decay
        self.speed = 2 * (1 - beta) / (1 + beta)

    def rates(
        self, directions: Directions | None, weights: Tensor | None, X: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """The changes of w [p] and ν a step, with X [k, k] and its `packed` weights on the device, None for no rod."""
        gradient, pull, variance = self.gradient, None, None
        if directions is not None and weights is not None and X is not None:
            pull = weights @ directions.thirds
            variance = ((X @ directions.images) * directions.images).sum(0)
            gradient = gradient + pull / 2
        move = -self.optimizer.learning_rate * gradient / self.P
        if self.nu is None:
            return move, None
        mean = self.gradient**2
        if pull is not None and variance is not None:
            mean = mean + self.gradient * pull + variance
        return move, self.speed * (self._reduced(mean) - self.nu)

    def _reduced(self, rows: Tensor) -> Tensor:
        """Per component as it is, or summed where the second moment is one number."""
        assert self.nu is not None
        return rows if len(self.nu) == rows.shape[-1] else rows.sum(-1, keepdim=True)

    def forms(self, directions: Directions) -> list[Tensor]:
        """UᵀHU, UᵀU, and by pairs the rate [m] and response [m, m] of UᵀCU, on the device."""
        U, images, thirds = directions.U, directions.images, directions.thirds
        eta = self.optimizer.learning_rate
        rate = eta * (thirds @ (self.gradient / self.P))
        response = eta / 2 * (thirds / self.P) @ thirds.T
        if self.nu is not None and self.slope is not None:
            each = pairs(len(U))
            first, second = [i for i, _ in each], [j for _, j in each]
            weight = self._reduced(U[first] * U[second] * self.slope) * (2 * self.speed / eta)
            rate = rate + weight @ (self._reduced(self.gradient**2) - self.nu)
            statistic = self._reduced(self.gradient * thirds + images[first] * images[second])
            response = response + weight @ statistic.T
        return [U @ images.T, U @ U.T, rate, response]


def forms(host: list[np.ndarray]) -> Forms:
    """`Drift.forms`, fetched."""
    curvature, lengths, rate, response = host
    k = len(curvature)
    wide = unpacked(unpacked(response, k).transpose(2, 0, 1), k).transpose(2, 3, 0, 1)
    return Forms((curvature + curvature.T) / 2, unpacked(rate, k), wide, lengths)


def _slope(optimizer: Optimizer, nu: Tensor, w: Tensor, n: float) -> Tensor:
    """dP/dν per component [p]; zero where ν is 0, since nothing moves there."""
    with torch.enable_grad():
        leaf = nu.detach().expand_as(w).clone().requires_grad_()
        (slope,) = torch.autograd.grad(optimizer.preconditioner(leaf, n, w).sum(), leaf)
    return torch.where(leaf > 0, slope, torch.zeros_like(slope)).detach()
