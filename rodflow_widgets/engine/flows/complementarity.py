"""The semidefinite linear complementarity problem that holds a Hessian at the edge; k × k matrices on the host."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

ITERATIONS, TARGET, STEP, GOOD, STALLED, TINY = 60, 1e-13, 0.98, 1e-9, 3, 1e-17
FIRST_X, FIRST_S = 1e4, 1e2
"""Where the iteration begins, for A and B of size 1: above X of nearly dependent third derivatives, or it stalls there."""


@dataclass(frozen=True)
class Solution:
    """X [k, k] and how well it solves: the largest of |⟨X, S⟩| and what X or S = A + B[X] are short of semidefinite.

    Each is relative to the size of A (and of X); infinite where no X was found.
    """

    X: np.ndarray
    residual: float


def solve(A: np.ndarray, B: np.ndarray) -> Solution:
    """X ⪰ 0 with A + B[X] ⪰ 0 and ⟨X, A + B[X]⟩ = 0.

    Args:
        A: symmetric [k, k].
        B: linear map of symmetric matrices as [k, k, k, k], B[X]_ij = Σ_kl B_ijkl X_kl. Its symmetric part should be
            positive semidefinite (the problem is monotone then); it need not be symmetric itself.

    One mode: X = max(0, −A / B). More: an infeasible interior point method in the direction of Nesterov and Todd, a Newton
    method for XS = μ with S = A + B[X] and μ → 0: ten to twenty linear systems of k (k + 1) / 2 unknowns, however
    ill-conditioned B is, symmetric or not (a projected gradient method would need B = Bᵀ, and thousands of steps where
    third derivatives are nearly dependent). No solution (a quadratic loss beyond its edge) shows in the residual.
    Source: Todd, Toh, Tütüncü, SIAM J. Optim. 8 (1998) 769; for complementarity, Kojima, Shindoh, Hara, ibid. 7 (1997) 86.
    """
    k = len(A)
    if not (np.isfinite(A).all() and np.isfinite(B).all()):
        return Solution(np.zeros((k, k)), np.inf)
    if np.linalg.eigvalsh(A)[0] >= 0:
        return Solution(np.zeros((k, k)), 0.0)
    to = _coordinates(k)
    size = np.abs(A).max()
    M = to @ B.reshape(k * k, k * k) @ to.T
    scale = np.abs(M).max()
    if not scale > 0:
        return Solution(np.zeros((k, k)), np.inf)
    if k == 1:
        X = -A / M if M[0, 0] > 0 else np.zeros((1, 1))
    else:
        with np.errstate(all="ignore"):
            X = _interior_point(A / size, M / scale, to) * (size / scale)
    return Solution(X, residual(A, B, X))


def residual(A: np.ndarray, B: np.ndarray, X: np.ndarray) -> float:
    """How far X is from solving, as in `Solution`."""
    if not np.isfinite(X).all():
        return float("inf")
    S = A + np.tensordot(B, X, 2)
    size, extent = np.abs(A).max(), max(np.abs(X).max(), 1e-300)
    short = -np.linalg.eigvalsh((S + S.T) / 2)[0] / size
    return float(max(abs((X * S).sum()) / (size * extent), short, -np.linalg.eigvalsh(X)[0] / extent, 0.0))


@functools.cache
def _coordinates(k: int) -> np.ndarray:
    """The isometry from symmetric [k, k], flattened, to its k (k + 1) / 2 coordinates."""
    rows = []
    for i in range(k):
        for j in range(i, k):
            E = np.zeros((k, k))
            E[i, j] = E[j, i] = 1.0 if i == j else 0.5**0.5
            rows.append(E.ravel())
    return np.array(rows)


def _interior_point(A: np.ndarray, M: np.ndarray, to: np.ndarray) -> np.ndarray:
    """X for A and M of size 1, the map M in the coordinates `to`."""
    k = len(A)
    X, S = FIRST_X * np.eye(k), FIRST_S * np.eye(k)
    best, found, since = X, np.inf, 0
    for _ in range(ITERATIONS):
        gap = A + _apply(M, X, to) - S
        mu = float((X * S).sum()) / k
        error = max(mu / max(np.abs(X).max(), 1.0), np.abs(gap).max())
        if not np.isfinite(error):
            break
        if error < found:
            best, found, since = X, error, 0
        since += 1
        if found < TARGET or (since > STALLED and found < GOOD):
            break
        root = _power(S, 0.5)
        metric = root @ _power(root @ X @ root, -0.5) @ root
        left = to @ np.kron(metric, metric) @ to.T + M
        right = np.stack([to @ (-S - gap).ravel(), to @ _power(X, -1.0).ravel()], axis=1)
        try:
            towards = np.linalg.solve(left, right)
        except np.linalg.LinAlgError:
            break
        outward, inward = ((to.T @ towards[:, i]).reshape(k, k) for i in (0, 1))
        dX, dS, length = _step(M, to, X, S, gap, outward)
        ahead = float(((X + length * dX) * (S + length * dS)).sum()) / k
        target = mu * min(1.0, max(ahead / mu, 0.0) ** 3)
        dX, dS, length = _step(M, to, X, S, gap, outward + target * inward)
        X, S = X + length * dX, S + length * dS
        X, S = (X + X.T) / 2, (S + S.T) / 2
    return best


def _step(
    M: np.ndarray, to: np.ndarray, X: np.ndarray, S: np.ndarray, gap: np.ndarray, dX: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """dX, the dS that goes with it, and how far both may go."""
    dS = gap + _apply(M, dX, to)
    return dX, dS, min(1.0, STEP * _room(X, dX), STEP * _room(S, dS))


def _apply(M: np.ndarray, X: np.ndarray, to: np.ndarray) -> np.ndarray:
    return (to.T @ (M @ (to @ X.ravel()))).reshape(X.shape)


def _power(X: np.ndarray, exponent: float) -> np.ndarray:
    """X^exponent of X ≻ 0."""
    values, vectors = np.linalg.eigh(X)
    return (vectors * np.maximum(values, TINY * abs(values[-1])) ** exponent) @ vectors.T


def _room(X: np.ndarray, d: np.ndarray) -> float:
    """The largest t with X + t d ⪰ 0, for X ≻ 0."""
    root = _power(X, -0.5)
    least = float(np.linalg.eigvalsh(root @ d @ root)[0])
    return -1 / least if least < 0 else np.inf
