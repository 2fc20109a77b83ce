"""The Lanczos recurrence with full reorthogonalisation, on the device, and what its coefficients say on the host."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..host import fetch, upload
from .small import eigh

TAIL, RECENT = 12, 4
POINTS = 16


class Lanczos:
    """An orthonormal basis of the Krylov space of `start` [p], orthogonal to `locked` [l, p], that grows on demand.

    Every vector is orthogonalised twice against all before it and against `locked`. Nothing waits for the device but
    `coefficients`.
    Source: Lanczos 1950; full reorthogonalisation as in Paige 1972.
    """

    def __init__(self, apply: Callable[[Tensor], Tensor], start: Tensor, locked: Tensor | None = None) -> None:
        self._apply = apply
        self._locked = start.new_zeros(0, start.numel()) if locked is None else locked
        self._basis = start.new_zeros(0, start.numel())
        self._next = self._orthogonal(start)
        self.norm = torch.linalg.vector_norm(self._next)
        self._next = self._next / self.norm
        self._alphas: list[Tensor] = []
        self._betas: list[Tensor] = []

    def __len__(self) -> int:
        return len(self._alphas)

    def _orthogonal(self, v: Tensor) -> Tensor:
        for _ in range(2):
            for rows in (self._locked, self._basis):
                v = v - (rows @ v) @ rows
        return v

    def grow(self, count: int) -> None:
        """Spend `count` products."""
        tiny = torch.finfo(self._next.dtype).tiny
        for _ in range(count):
            v = self._next
            self._basis = torch.cat([self._basis, v[None]])
            image = self._apply(v[None])[0]
            self._alphas.append(v @ image)
            rest = self._orthogonal(image)
            beta = torch.linalg.vector_norm(rest)
            self._betas.append(beta)
            self._next = self._orthogonal(rest / beta.clamp_min(tiny))
            self._next = self._next / torch.linalg.vector_norm(self._next).clamp_min(tiny)

    def coefficients(self) -> Coefficients:
        """The recurrence as it stands, brought to the host in one copy."""
        (flat,) = fetch([torch.stack([*self._alphas, *self._betas, self.norm])])
        m = len(self)
        return Coefficients(flat[:m], flat[m : 2 * m], float(flat[-1])).until_invariant(
            10 * self._basis.shape[1] ** 0.5 * torch.finfo(self._next.dtype).eps
        )

    def ritz(self, count: int) -> tuple[Tensor, Tensor]:
        """The `count` largest Ritz values [count] and vectors [count, p], without waiting for the device."""
        off = torch.stack(self._betas)[:-1]
        matrix = torch.diag(torch.stack(self._alphas)) + torch.diag(off, 1) + torch.diag(off, -1)
        values, rotation = eigh(matrix)
        return values[:count], (rotation.T @ self._basis)[:count]

    def vectors(self, rotation: np.ndarray) -> Tensor:
        """Rows rotationᵀ · basis for `rotation` [m, k]."""
        turn = upload(rotation.T, self._basis)
        return turn @ self._basis[: turn.shape[1]]


@dataclass(frozen=True)
class Coefficients:
    """Diagonal `alphas` [m] and off-diagonal `betas` [m] of the tridiagonal matrix, the last beta being the residual's norm.

    norm: of the start; invariant: the Krylov space holds all of its images, so that its eigenvalues are exact.
    """

    alphas: np.ndarray
    betas: np.ndarray
    norm: float
    invariant: bool = False

    def until_invariant(self, epsilon: float) -> Coefficients:
        """Cut where the recurrence ended in rounding: beyond, its vectors have nothing to do with the start."""
        size = np.abs(self.alphas).max(initial=0.0) + self.betas.max(initial=0.0)
        ends = np.flatnonzero(~(self.betas > epsilon * size))
        if not len(ends) or not np.isfinite(size):
            return self
        m = int(ends[0]) + 1
        return Coefficients(self.alphas[:m], self.betas[:m], self.norm, True)

    def ritz(self) -> tuple[np.ndarray, np.ndarray]:
        """Ritz values [m], descending, and the eigenvectors of the tridiagonal matrix as columns [m, m]."""
        return _tridiagonal(self.alphas, self.betas[:-1])

    def unconverged(self, count: int) -> np.ndarray:
        """How far the `count` largest Ritz values would still rise if the recurrence went on as it did lately.

        The matrix is continued by rows with the mean of its last four coefficients (the terminator of the recursion
        method): a forecast, not a bound; within a factor 2 of the error in what was tried.
        """
        m, recent = len(self.alphas), min(RECENT, len(self.alphas))
        values, _ = self.ritz()
        if self.invariant:
            return np.zeros(min(count, m))
        alphas = np.concatenate([self.alphas, np.full(TAIL, self.alphas[m - recent :].mean())])
        betas = np.concatenate([self.betas, np.full(TAIL - 1, self.betas[m - recent :].mean())])
        longer, _ = _tridiagonal(alphas, betas)
        return longer[:count] - values[:count]

    def residuals(self, count: int) -> np.ndarray:
        """‖A u − θ u‖ of the `count` largest Ritz pairs."""
        return self.betas[-1] * np.abs(self.ritz()[1][-1, :count])

    def share_at_most(self, x: np.ndarray) -> np.ndarray:
        """The largest square of ⟨start, u⟩ that an eigenvector u with eigenvalue x can have, of one that was normed.

        Christoffel function of the spectral measure: 1 / Σ p_j(x)² over the m + 1 orthonormal polynomials.
        """
        x = np.asarray(x, dtype=float)
        before, here, total = np.zeros_like(x), np.ones_like(x), np.ones_like(x)
        for j, beta in enumerate(self.betas):
            if self.invariant and j == len(self.betas) - 1:
                return np.where(here == 0, 1 / total, 0.0)
            behind = self.betas[j - 1] * before if j else 0.0
            before, here = here, ((x - self.alphas[j]) * here - behind) / beta
            total = total + here * here
            if not np.isfinite(total).all():
                break
        return 1 / np.where(np.isfinite(total), total, np.inf)


@dataclass(frozen=True)
class Doubt:
    """How probable it is that a start with a random part missed an eigenvalue.

    An eigenvector u with eigenvalue x has ⟨start, u⟩² ≤ ‖start‖² Christoffel(x). The start holds `random` times a random
    direction of p dimensions, whose component along any fixed u has a density of at most √(p / 2π); what else it holds
    only shifts that. So the probability that ⟨start, u⟩² is so small is at most √(2 p Christoffel / π) ‖start‖ / random.
    """

    dim: int
    random: float

    def probability(self, seen: Coefficients, x: np.ndarray) -> np.ndarray:
        """Bound on the probability that there is an eigenvalue at x all the same."""
        factor = math.sqrt(2 * self.dim / math.pi) * seen.norm / self.random
        return np.minimum(1.0, factor * np.sqrt(seen.share_at_most(x)))

    def ceiling(self, seen: Coefficients, above: float, allowed: float) -> float:
        """The value beyond which an eigenvalue was overlooked with a probability of at most `allowed`."""
        if seen.invariant:
            return above
        size = max(abs(above), float(np.abs(seen.alphas).max() + seen.betas.max()))
        reach = size * 1e-6
        while self.probability(seen, np.array(above + reach)) > allowed and reach < 1e12 * size:
            reach *= 2
        low, high = 0.0, reach
        for _ in range(50):
            middle = (low + high) / 2
            good = self.probability(seen, np.array(above + middle)) <= allowed
            low, high = (low, middle) if good else (middle, high)
        return above + high

    def overlooked(self, seen: Coefficients, values: np.ndarray, floor: float, slack: float) -> float:
        """The largest such probability above `floor`, but for `slack` around the Ritz `values` above it."""
        edges = [floor, *sorted(float(v) for v in values if v > floor)]
        spots = [np.array([edges[-1] + slack])]
        for low, high in itertools.pairwise(edges):
            left, right = (low + slack, high - slack)
            if left < right:
                spots.append(np.linspace(left, right, POINTS))
        return float(self.probability(seen, np.concatenate(spots)).max())


def _tridiagonal(alphas: np.ndarray, betas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, vectors = np.linalg.eigh(np.diag(alphas) + np.diag(betas, 1) + np.diag(betas, -1))
    return values[::-1], vectors[:, ::-1]
