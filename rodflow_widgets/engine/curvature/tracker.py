"""The largest eigenvalues of the preconditioned Hessian, followed along a trajectory by a warm-started block method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ..problem import Meter, Point
from .small import eigh

COLD_ITERATIONS = 10


@dataclass(frozen=True)
class Spectrum:
    """Leading eigenpairs of P^{-1/2} H P^{-1/2}, on the device.

    values [k] descending, in 1/learning_rate; vectors [k, p] as orthonormal rows in the coordinates P^{1/2} w;
    residuals [k]: ‖A u − λ u‖ of these; arrivals [≥ k]: the same norms before this update improved the vectors.
    carried: no product went to the values, they are those of the last looks carried on linearly.
    """

    values: Tensor
    vectors: Tensor
    residuals: Tensor
    arrivals: Tensor
    carried: bool = False


class EigenTracker:
    """Top `count` eigenpairs along a trajectory, with `guard` more that protect them from being missed.

    One update is one block-Davidson step: Rayleigh–Ritz on the kept vectors and on their residuals, at most
    2 (count + guard) Hessian-vector products; the first update makes ten such steps from random vectors. It never
    waits for the device. `count` may be changed between updates.
    Source: block Davidson, or LOBPCG (Knyazev 2001) without its history.
    """

    cites: ClassVar[tuple[str, ...]] = ("knyazev2001lobpcg",)

    def __init__(self, count: int, guard: int, seed: int) -> None:
        self.count = count
        self.guard = guard
        self._generator = torch.Generator().manual_seed(seed)
        self._basis: Tensor | None = None

    def update(
        self, meter: Meter, point: Point, P: Tensor, *, corrected: Sequence[int] | None = None, repeats: int = 1
    ) -> Spectrum:
        """Eigenpairs at `point` with the preconditioner P ([1] or [p]).

        `corrected` lists the kept vectors whose residual is worth a product, None all of them; `repeats` Davidson steps are
        made when the last look is long ago.
        """
        root = P.sqrt()

        def hessian(rows: Tensor) -> Tensor:
            return meter.apply(point, rows / root) / root

        size = min(self.count + self.guard, point.grad.numel())
        basis = self._basis
        if basis is None:
            repeats, basis = COLD_ITERATIONS, self._random(min(size + 1, point.grad.numel()), point.grad)
        image = hessian(basis)
        for _ in range(repeats):
            ritz = _rayleigh_ritz(basis, image)
            arrivals = ritz.residual.norm(dim=1)
            ritz = _corrected(ritz, hessian, corrected)
            values, basis, image = ritz.values[:size], ritz.vectors[:size], ritz.image[:size]
        residuals = ritz.residual[:size].norm(dim=1)
        self._basis = basis
        keep = min(self.count, len(values))
        return Spectrum(values[:keep], basis[:keep], residuals[:keep], arrivals)

    def _random(self, count: int, like: Tensor) -> Tensor:
        rows = torch.randn(count, like.numel(), generator=self._generator, dtype=torch.float64)
        return orthonormal_rows(rows.to(device=like.device, dtype=like.dtype))


@dataclass(frozen=True)
class _Ritz:
    values: Tensor
    vectors: Tensor
    image: Tensor

    @property
    def residual(self) -> Tensor:
        return self.image - self.values[:, None] * self.vectors


def _rayleigh_ritz(basis: Tensor, image: Tensor) -> _Ritz:
    values, rotation = eigh(basis @ image.T)
    return _Ritz(values, rotation.T @ basis, rotation.T @ image)


def _corrected(ritz: _Ritz, hessian: Callable[[Tensor], Tensor], which: Sequence[int] | None) -> _Ritz:
    """Rayleigh–Ritz once more on the vectors and the residual directions of `which`."""
    residual = ritz.residual
    if which is not None:
        chosen = [residual[i] for i in which if i < len(residual)]
        residual = torch.stack(chosen) if chosen else residual[:0]
    residual = residual[: ritz.vectors.shape[1] - len(ritz.vectors)]
    if not len(residual):
        return ritz
    scale = residual.norm(dim=1, keepdim=True).clamp_min(torch.finfo(residual.dtype).tiny)
    new = orthonormal_rows(torch.cat([ritz.vectors, residual / scale]))[len(ritz.vectors) :]
    return _rayleigh_ritz(torch.cat([ritz.vectors, new]), torch.cat([ritz.image, hessian(new)]))


def orthonormal_rows(rows: Tensor) -> Tensor:
    """Orthonormal rows [k, p] whose first j span the first j of `rows`; dependent rows give new directions."""
    q, r = torch.linalg.qr(torch.nan_to_num(rows).T)
    return (q * torch.where(r.diagonal() < 0, -1.0, 1.0)).T
