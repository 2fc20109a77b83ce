"""What the central flow asks of one point: how fast the Hessian moves on the critical directions, and its response to Σ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..optimizers.base import Optimizer
from ..problem import Meter

FD_TOLERANCE = 0.01
LEAST_GAP, TURN = 0.01, 0.2


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

    curvature [k, k] = UᵀHU; ahead [k, k] its change along the moves that are still under way; rate [k, k] and response
    [k, k, k, k] of UᵀCU, C = (2 / learning_rate) P − H, a step: its rate of change is rate + response[X]; lengths [k, k]
    = UᵀU.
    """

    curvature: np.ndarray
    ahead: np.ndarray
    rate: np.ndarray
    response: np.ndarray
    lengths: np.ndarray


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


def differences(meter: Meter, w: Tensor, gradient: Tensor, U: Tensor) -> Directions:
    """`Directions` for the rows U [k, p] from the gradient at w and k (k + 1) further ones, without any graph.

    Two gradients on both sides of w give H u and ∇(uᵀHu), both to second order in their distance, which is the fourth
    root of the rounding; ∇(u_iᵀHu_j) follows from that of u_i + u_j.
    """

    def along(u: Tensor) -> tuple[Tensor, Tensor]:
        length = _length(meter, u)
        ahead, behind = (meter.value_and_grad(w + sign * length * u)[1] for sign in (1, -1))
        return (ahead - behind) / (2 * length), ((ahead - gradient) + (behind - gradient)) / length**2

    each = [along(u) for u in U]
    thirds = [each[i][1] if i == j else (along(U[i] + U[j])[1] - each[i][1] - each[j][1]) / 2 for i, j in pairs(len(U))]
    return Directions(U, torch.stack([image for image, _ in each]), torch.stack(thirds))


def disagreement(meter: Meter, w: Tensor, directions: Directions) -> Tensor:
    """|N_11 − a difference of Hessian-vector products| over what is tolerated, a scalar of the device: above 1 they differ.

    Tolerated are 1 % of the larger and the rounding of the products.
    """
    u, image, third = directions.U[0], directions.images[0], directions.thirds[0]
    length = _length(meter, u)
    epsilon = max(torch.finfo(dtype).eps for dtype in (meter.problem.compute_dtype, meter.problem.product_dtype))
    ends = [meter.apply(meter.at(w + sign * length * u), u[None])[0] for sign in (1, -1)]
    difference = (ends[0] - ends[1]) / (2 * length)
    rounding = 100 * epsilon * (torch.linalg.vector_norm(image) / length + torch.linalg.vector_norm(third))
    larger = torch.maximum(torch.linalg.vector_norm(third), torch.linalg.vector_norm(difference))
    return torch.linalg.vector_norm(third - difference) / (FD_TOLERANCE * larger + rounding)


def _length(meter: Meter, u: Tensor) -> Tensor:
    """The step along u of the length at which truncation and rounding of a second difference are alike."""
    return torch.finfo(meter.problem.compute_dtype).eps ** 0.25 / torch.linalg.vector_norm(u)


def refined(directions: Directions, P: Tensor, Q: Tensor, values: Tensor, others: Tensor, rest: Tensor) -> Tensor:
    """Better eigenvectors [k, p] from what is known anyway: one Jacobi correction of the Ritz vectors, without a product.

    Args:
        directions: U and their images.
        P: preconditioner, [1] or [p].
        Q: orthogonal [k, k], whose columns are the Ritz vectors in the basis U.
        values: their Ritz values [k].
        others: eigenvalues [m + 1] of `rest`, and of all that is not known, about which only a middle is assumed.
        rest: eigenvectors [m, p] known besides, with UᵀPU = 1.

    The part of the residual along a known vector is divided by its own distance in eigenvalues, as in perturbation theory.
    """
    U, images = Q.T @ directions.U, Q.T @ directions.images
    residual = images - values[:, None] * U * P
    gaps = values[:, None] - others
    gaps = torch.where(gaps < LEAST_GAP * values[:, None], LEAST_GAP * values[:, None], gaps)
    along = residual @ rest.T
    share = (along / gaps[:, :-1] - along / gaps[:, -1:]).clamp(-TURN, TURN)
    return U + residual / P / gaps[:, -1:] + share @ rest


class Drift:
    """The central flow's forces at one point as functions of X, for one optimizer.

    The force on w is G = g + ½ Σ X_ij N_ij, and a force moves it by −learning_rate P⁻¹G a step. The second moment ν, that
    of the step whose middle is the present, changes by r (E s − ν) a step with r = 2 (1 − β₂) / (1 + β₂), which is the
    optimizer's average to second order there, and E s = s(g) + s'(g) ½ Σ X_ij N_ij + ½ s''[HΣHᵀ], the mean of its
    statistic over the rod to first order in Σ.
    """

    def __init__(
        self, optimizer: Optimizer, gradient: Tensor, P: Tensor, nu: Tensor | None, w: Tensor, n: float
    ) -> None:
        self.optimizer, self.gradient, self.P, self.nu = optimizer, gradient, P, nu
        self.slope = None if nu is None else _slope(optimizer, nu, w, n)
        beta = optimizer.second_moment_decay
        self.speed = 2 * (1 - beta) / (1 + beta)

    def move(self, force: Tensor) -> Tensor:
        """The change of w [p] a step under `force` [p]."""
        return -self.optimizer.learning_rate * force / self.P

    def forces(
        self, directions: Directions | None, weights: Tensor | None, X: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """G [p] and the change of ν a step, with X [k, k] and its `packed` weights on the device, None for no rod."""
        force, pull, variance = self.gradient, None, None
        if directions is not None and weights is not None and X is not None:
            pull = weights @ directions.thirds
            variance = ((X @ directions.images) * directions.images).sum(0)
            force = force + pull / 2
        if self.nu is None:
            return force, None
        mean = self.gradient**2
        if pull is not None and variance is not None:
            mean = mean + self.gradient * pull + variance
        return force, self.speed * (self._reduced(mean) - self.nu)

    def _reduced(self, rows: Tensor) -> Tensor:
        """Per component as it is, or summed where the second moment is one number."""
        assert self.nu is not None
        return rows if len(self.nu) == rows.shape[-1] else rows.sum(-1, keepdim=True)

    def forms(self, directions: Directions, lead: Tensor) -> list[Tensor]:
        """UᵀHU, UᵀU, and by pairs its change along `lead` [p], and the rate [m] and response [m, m] of UᵀCU, on the device."""
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
        return [U @ images.T, U @ U.T, thirds @ lead, rate, response]


def forms(host: list[np.ndarray]) -> Forms:
    """`Drift.forms`, fetched."""
    curvature, lengths, ahead, rate, response = host
    k = len(curvature)
    wide = unpacked(unpacked(response, k).transpose(2, 0, 1), k).transpose(2, 3, 0, 1)
    return Forms((curvature + curvature.T) / 2, unpacked(ahead, k), unpacked(rate, k), wide, lengths)


def _slope(optimizer: Optimizer, nu: Tensor, w: Tensor, n: float) -> Tensor:
    """dP/dν per component [p]; zero where ν is 0, since nothing moves there."""
    with torch.enable_grad():
        leaf = nu.detach().expand_as(w).clone().requires_grad_()
        (slope,) = torch.autograd.grad(optimizer.preconditioner(leaf, n, w).sum(), leaf)
    return torch.where(leaf > 0, slope, torch.zeros_like(slope)).detach()
