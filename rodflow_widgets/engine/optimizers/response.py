"""How a map on (w, m_1 … m_r), linearised component by component, answers a gradient: its metric and its modes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

EVEN = 1e-6
"""Relative spread over the components up to which a coefficient counts as one number."""


@dataclass(frozen=True)
class Response:
    """Diagonals of the Jacobian of (w', m') for z = (w, m_1 … m_r) and the gradient g.

    state [r + 1, r + 1, p]: ∂z'_a/∂z_b; gradient [r + 1, p]: ∂z'_a/∂g.
    """

    state: Tensor
    gradient: Tensor

    @property
    def momenta(self) -> int:
        return len(self.gradient) - 1

    def at_period_two(self) -> Tensor:
        """D [p] with 2 u = D H u for every oscillation z_t = (−1)ᵗ z that neither grows nor decays.

        So 2 is the edge of D^{1/2} H D^{1/2}, however many momenta there are and whatever each component does.
        """
        w, wg = 1 + self.state[0, 0], self.gradient[0]
        if self.momenta:
            inner = self.state[1:, 1:].permute(2, 0, 1) + torch.eye(self.momenta, dtype=wg.dtype, device=wg.device)
            driven = torch.stack([self.gradient[1:].T, self.state[1:, 0].T], dim=-1)
            solved, _ = torch.linalg.solve_ex(
                inner, driven
            )  # `solve` would wait for the device to see whether it is singular
            back = torch.einsum("bp,pbc->cp", self.state[0, 1:], solved)
            wg, w = wg - back[0], w - back[1]
        return -2 * wg / w

    def like_gradients(self, D: Tensor) -> tuple[bool, ...]:
        """For each momentum whether it scales as gradients do, or as parameters do (D times a gradient)."""
        return tuple(_spread(g) <= EVEN or _spread(g) <= _spread(g / D) for g in self.gradient[1:])

    def projected(self, V: Tensor, P: Tensor, like_gradients: tuple[bool, ...]) -> Tensor:
        """[(r + 1)(r + 2), k, k]: the rows of (state | gradient) in the basis V [k, p], orthonormal in P."""
        primal = [True, *(not dual for dual in like_gradients)]
        left = [V * P if is_primal else V for is_primal in primal]
        right = [torch.ones_like(P) if is_primal else P for is_primal in primal]
        blocks = []
        for a, (row, driven) in enumerate(zip(self.state, self.gradient, strict=True)):
            blocks += [(left[a] * c * s) @ V.T for c, s in zip(row, right, strict=True)]
            blocks.append((left[a] * driven * P) @ V.T)
        return torch.stack(blocks)


def blocks(sharpness: np.ndarray, couplings: np.ndarray) -> np.ndarray:
    """The map on one eigendirection for every eigenvalue [k]: [k, r + 1, r + 1], from couplings [(r + 1)(r + 2), k]."""
    size = int(np.sqrt(len(couplings) + 0.25) - 0.5)
    table = couplings.reshape(size, size + 1, -1)
    A = np.moveaxis(table[:, :size], -1, 0).copy()
    A[:, :, 0] += sharpness[:, None] * table[:, size].T
    return A


def _spread(values: Tensor) -> float:
    mean = float(values.mean().abs())
    return float(values.std(correction=0)) / mean if mean > 0 else 0.0
