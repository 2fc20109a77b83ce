"""Eigenvalues of small symmetric matrices on the device, without making the host wait."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from ..host import wide

SWEEPS = 8
EIGH_DOES_NOT_WAIT = ("cpu",)
"""Device types on which torch.linalg.eigh makes nobody wait."""


def eigh(matrix: Tensor, *, jacobi: bool | None = None) -> tuple[Tensor, Tensor]:
    """Eigenvalues [..., k] in descending order and eigenvectors (columns) [..., k, k] of symmetric matrices [..., k, k].

    torch.linalg.eigh makes the host wait on an accelerator, so there (`jacobi` None or True) it is a fixed number of
    parallel Jacobi sweeps. Values of a matrix with entries that are not finite are NaN instead of an error.
    """
    poison = (matrix - matrix).sum((-2, -1))[..., None]
    clean = torch.nan_to_num(matrix, nan=0.0, posinf=0.0, neginf=0.0)
    clean = (clean + clean.mT) / 2
    if jacobi is None:
        jacobi = matrix.device.type not in EIGH_DOES_NOT_WAIT
    values, vectors = _jacobi(clean) if jacobi else torch.linalg.eigh(clean)
    order = torch.argsort(values, dim=-1, descending=True)
    return values.gather(-1, order) + poison, vectors.gather(-1, order[..., None, :].expand_as(vectors))


@functools.cache
def _rounds(k: int) -> list[list[tuple[int, int]]]:
    """Round-robin pairing: every pair of k (even) indices meets once, in k − 1 rounds of disjoint pairs."""
    ring = list(range(k))
    rounds = []
    for _ in range(k - 1):
        rounds.append([(min(a, b), max(a, b)) for a, b in zip(ring[: k // 2], reversed(ring[k // 2 :]), strict=True)])
        ring = [ring[0], ring[-1], *ring[1:-1]]
    return rounds


@functools.cache
def _indices(k: int, device: torch.device) -> list[tuple[Tensor, Tensor]]:
    """The pairs of `_rounds` as index tensors, put on the device once."""
    return [
        (torch.tensor([i for i, _ in pairs], device=device), torch.tensor([j for _, j in pairs], device=device))
        for pairs in _rounds(k)
    ]


def _jacobi(matrix: Tensor) -> tuple[Tensor, Tensor]:
    n = matrix.shape[-1]
    k = n + n % 2
    a = torch.zeros(*matrix.shape[:-2], k, k, dtype=wide(matrix.device), device=matrix.device)
    a[..., :n, :n] = matrix
    v = torch.eye(k, dtype=a.dtype, device=a.device).expand_as(a)
    for _ in range(SWEEPS if k > 1 else 0):
        for p, q in _indices(k, a.device):
            c, s = _rotation(a[..., p, p], a[..., q, q], a[..., p, q])
            j = torch.zeros_like(a)
            j[..., p, p], j[..., q, q], j[..., p, q], j[..., q, p] = c, c, s, -s
            a, v = j.mT @ a @ j, v @ j
    return a.diagonal(dim1=-2, dim2=-1)[..., :n].to(matrix.dtype), v[..., :n, :n].to(matrix.dtype)


def _rotation(app: Tensor, aqq: Tensor, apq: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine that annihilate the off-diagonal entries of a batch of 2 × 2 matrices."""
    tiny = torch.finfo(apq.dtype).tiny
    safe = torch.where(apq.abs() > tiny, apq, torch.ones_like(apq))
    theta = (aqq - app) / (2 * safe)
    sign = torch.where(theta >= 0, 1.0, -1.0)
    t = sign / (theta.abs() + torch.sqrt(theta * theta + 1))
    t = torch.where(apq.abs() > tiny, t, torch.zeros_like(t))
    c = 1 / torch.sqrt(t * t + 1)
    return c, t * c
