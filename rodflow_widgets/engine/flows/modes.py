"""The small algebra of the tracked modes, on the host: k × k matrices in float64."""

from __future__ import annotations

import numpy as np

FLOOR = 0.05
"""Smallest real multiplier whose logarithm is taken: a mode that dies within a step dies at this rate."""


def inverse_root(gram: np.ndarray) -> np.ndarray:
    """G^{-1/2} of a symmetric positive definite matrix [k, k]."""
    values, vectors = np.linalg.eigh(gram)
    return (vectors / np.sqrt(np.maximum(values, 1e-12 * values[-1]))) @ vectors.T


def secant_update(K: np.ndarray, omega: np.ndarray, difference: np.ndarray) -> tuple[np.ndarray, float]:
    """K [k, k] changed least so that K ω is `difference` (Powell's symmetric update), and the mismatch before.

    The mismatch is |difference − K ω| / |K ω|: how far the gradient along the rod is from the tracked Hessian.
    """
    image = K @ omega
    r = difference - image
    square = float(omega @ omega)
    mismatch = float(np.sqrt(r @ r) / max(np.sqrt(image @ image), 1e-300))
    if square == 0.0:
        return K, mismatch
    cross = np.outer(r, omega)
    return K + (cross + cross.T) / square - (omega @ r) * np.outer(omega, omega) / square**2, mismatch


def fractional_power(M: np.ndarray, s: float) -> np.ndarray:
    """M^s for every matrix of M [k, j, j], principal branch, real multipliers floored at 0.05."""
    if M.shape[1] == 1:
        return np.maximum(M, FLOOR) ** s
    if M.shape[1] > 2:
        values, vectors = np.linalg.eig(M)
        return ((vectors * _power(values.astype(complex), s)[:, None, :]) @ np.linalg.inv(vectors)).real
    trace = M[:, 0, 0] + M[:, 1, 1]
    det = M[:, 0, 0] * M[:, 1, 1] - M[:, 0, 1] * M[:, 1, 0]
    root = np.sqrt((trace * trace / 4 - det).astype(complex))
    m1, m2 = trace / 2 + root, trace / 2 - root
    f1, f2 = _power(m1, s), _power(m2, s)
    near = np.abs(root) < 1e-7
    safe = np.where(near, 1.0, 2 * root)
    base = np.where(np.abs(m1) < 1e-9, 1e-9, m1)
    slope = np.where(near, s * np.exp((s - 1) * np.log(base)), (f1 - f2) / safe)
    eye = np.eye(2)
    out = f1[:, None, None] * eye + slope[:, None, None] * (M - m1[:, None, None] * eye)
    return out.real


def _power(m: np.ndarray, s: float) -> np.ndarray:
    real = np.abs(m.imag) < 1e-12
    floored = np.where(real, np.maximum(m.real, FLOOR), m)
    return np.exp(s * np.log(floored))


def in_basis(K: np.ndarray, gram: np.ndarray) -> np.ndarray:
    """K of the raw vectors in the basis orthonormalised by G^{-1/2}."""
    root = inverse_root(gram)
    return root @ K @ root


def capped(K: np.ndarray, edge: float, along: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tracked eigenvalues [k], and what the gradient has along modes beyond the edge more than it would have there [k]."""
    kappa, E = np.linalg.eigh(K)
    excess = np.where(kappa > edge, 1 - edge / np.maximum(kappa, 1e-300), 0.0)
    return kappa, E @ (excess * (E.T @ along))
