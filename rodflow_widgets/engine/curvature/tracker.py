"""The largest eigenvalues of the preconditioned Hessian, followed along a trajectory by a warm-started block method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ..problem import Meter, Point
from ..runs import Who, put
from .draws import Draws
from .small import eigh

COLD_ITERATIONS = 10


@dataclass(frozen=True)
class Spectrum:
    """Leading eigenpairs of P^{-1/2} H P^{-1/2}, on the device.

    values [k] descending, in 1/learning_rate; vectors [k, p] as orthonormal rows in the coordinates P^{1/2} w;
    residuals [k]: ‖A u − λ u‖ of these; arrivals [≥ k]: the same norms before this update improved the vectors.
    Of several runs together everything has their number as a first dimension.
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

    def __init__(self, count: int, guard: int, seed: int | Sequence[int]) -> None:
        self.count = count
        self.guard = guard
        self._draws = Draws(seed)
        self._basis: Tensor | None = None

    def update(
        self,
        meter: Meter,
        point: Point,
        P: Tensor,
        *,
        corrected: Sequence[int] | None = None,
        repeats: int = 1,
        who: Who = ...,
    ) -> Spectrum:
        """Eigenpairs at `point` with the preconditioner P ([1] or [p]).

        `corrected` lists the kept vectors whose residual is worth a product, None all of them; `repeats` Davidson steps are
        made when the last look is long ago. Several runs are followed together where there are several seeds; `who` are those
        that look, of which `point` and P are.
        """
        root, dim = P.sqrt()[..., None, :], point.grad.shape[-1]

        def hessian(rows: Tensor) -> Tensor:
            return meter.apply(point, rows / root, who) / root

        size = min(self.count + self.guard, dim)
        if self._basis is not None:
            basis = self._basis[who]
        else:
            repeats, basis = COLD_ITERATIONS, self._random(min(size + 1, dim), point.grad)
        image = hessian(basis)
        for _ in range(repeats):
            ritz = _rayleigh_ritz(basis, image)
            arrivals = ritz.residual.norm(dim=-1)
            ritz = _corrected(ritz, hessian, corrected)
            values, basis, image = ritz.values[..., :size], ritz.vectors[..., :size, :], ritz.image[..., :size, :]
        residuals = ritz.residual[..., :size, :].norm(dim=-1)
        self._basis = put(self._basis, who, basis)
        keep = min(self.count, values.shape[-1])
        return Spectrum(values[..., :keep], basis[..., :keep, :], residuals[..., :keep], arrivals)

    def _random(self, count: int, like: Tensor) -> Tensor:
        return orthonormal_rows(self._draws.normal(count, like.shape[-1], like=like))


@dataclass(frozen=True)
class _Ritz:
    values: Tensor
    vectors: Tensor
    image: Tensor

    @property
    def residual(self) -> Tensor:
        return self.image - self.values[..., None] * self.vectors


def _rayleigh_ritz(basis: Tensor, image: Tensor) -> _Ritz:
    values, rotation = eigh(basis @ image.mT)
    return _Ritz(values, rotation.mT @ basis, rotation.mT @ image)


def _corrected(ritz: _Ritz, hessian: Callable[[Tensor], Tensor], which: Sequence[int] | None) -> _Ritz:
    """Rayleigh–Ritz once more on the vectors and the residual directions of `which`."""
    residual = ritz.residual
    kept, dim = ritz.vectors.shape[-2:]
    if which is not None:
        residual = residual[..., [i for i in which if i < kept], :]
    residual = residual[..., : dim - kept, :]
    if not residual.shape[-2]:
        return ritz
    scale = residual.norm(dim=-1, keepdim=True).clamp_min(torch.finfo(residual.dtype).tiny)
    new = orthonormal_rows(torch.cat([ritz.vectors, residual / scale], -2))[..., kept:, :]
    return _rayleigh_ritz(torch.cat([ritz.vectors, new], -2), torch.cat([ritz.image, hessian(new)], -2))


def orthonormal_rows(rows: Tensor) -> Tensor:
    """Orthonormal rows [..., k, p] whose first j span the first j of `rows`; dependent rows give new directions."""
    q, r = torch.linalg.qr(torch.nan_to_num(rows).mT)
    signs = torch.where(r.diagonal(dim1=-2, dim2=-1) < 0, -1.0, 1.0).to(q.dtype)
    return (q * signs[..., None, :]).mT
