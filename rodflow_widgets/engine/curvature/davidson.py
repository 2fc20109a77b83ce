"""The largest eigenpairs along a trajectory for a few products a look: what is known of earlier points chooses them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from .lanczos import Lanczos
from .small import eigh
from .tracker import Spectrum, orthonormal_rows

CYCLE = 10
"""Products of one search for what was missed."""
FOUND_WITHIN = 4 * CYCLE
"""Looks at the most until an eigenvalue that was missed is among the kept ones; if they are calm, four times as many."""
CALM_TURN = 8
"""Of so many calm looks one spends a product on the search for what was missed; every second carries the values on."""
RESIDUAL_SHARE = 0.5
CLOSEST = 0.02
NEW_ENOUGH = 0.1
GAP = 0.3
FLOOR = 1e-3
COLD = 20
NOISE = 0.1

Apply = Callable[[Tensor], Tensor]
Enough = Callable[[Tensor, Tensor], bool]


@dataclass(frozen=True)
class Effort:
    """What one look may spend: one product an eigenvalue, one more, one for guards, and `corrections`.

    `calm`: an eigenvalue each and one correction, and at the next look nothing.
    """

    calm: bool = False
    corrections: int = 0


class Davidson:
    """The `count` largest eigenpairs of a matrix that changes from look to look, with `guard` vectors beside them.

    The images of all kept vectors are remembered and may be several looks old. At a look the Rayleigh–Ritz vectors of what
    is remembered are the candidates; the first count + 1 get true products, and what is returned is Rayleigh–Ritz on true
    products alone, so that each value is at most an eigenvalue of this point. Every further product goes to the pair with the
    largest residual, along Davidson's correction (θ − M)⁻¹ r where M is the remembered matrix. Guards get a product in turn.
    In every second turn a Lanczos search, one product a look, from a random vector orthogonal to what is kept; when it has
    spent ten its largest Ritz vector joins the candidates. Nothing waits for the device.
    Source: Davidson 1975; that images of earlier points may be reused is our own, measured in `benchmarks/tracker.py`.
    """

    cites: ClassVar[tuple[str, ...]] = ("davidson1975iterative", "lanczos1950iteration")

    def __init__(self, count: int, guard: int, seed: int, cold: int = COLD) -> None:
        self.count = count
        self.guard = guard
        self._cold = cold
        self._generator = torch.Generator().manual_seed(seed)
        self._kept: Tensor | None = None
        self._images: Tensor | None = None
        self._calm = 0
        self._looks = 0
        self._last: tuple[int, Tensor] | None = None
        self._slope: Tensor | None = None
        self._residuals = torch.zeros(0)
        self.surprise = torch.full((), math.inf)
        self._guarded = 0
        self._search: list[tuple[Tensor, Tensor]] = []

    def begin(self, apply: Apply, gradient: Tensor) -> None:
        """Start by Lanczos from the `gradient` [p] of the same coordinates and a random vector, with a fixed number of products."""
        size = min(self.count + self.guard, gradient.numel())
        noise = torch.randn(gradient.numel(), generator=self._generator, dtype=torch.float64).to(gradient)
        length = torch.linalg.vector_norm(gradient).clamp_min(torch.finfo(gradient.dtype).tiny)
        krylov = Lanczos(apply, gradient / length + NOISE * noise / torch.linalg.vector_norm(noise))
        krylov.grow(min(gradient.numel(), self._cold + 2 * size))
        values, self._kept = krylov.ritz(size)
        self._images = values[:, None] * self._kept

    def look(self, apply: Apply, gradient: Tensor, effort: Effort, enough: Enough | None = None) -> Spectrum:
        """Eigenpairs of the matrix that `apply` (rows [k, p] to rows [k, p]) multiplies with.

        The `gradient` [p] in the same coordinates is for the first look. `enough`, given residuals and values, may end the
        corrections early.
        """
        if self._kept is None:
            self.begin(apply, gradient)
        assert self._kept is not None
        assert self._images is not None
        known, rotation = eigh(self._kept @ self._images.T)
        look = _Look(apply, known, rotation.T @ self._kept, rotation.T @ self._images)
        count = min(self.count, len(known))
        self._calm = self._calm + 1 if effort.calm else 0
        self._looks += 1
        whole = len(known) == self._kept.shape[1]
        if self._calm % 2 == 1 and not whole and self._slope is not None and len(self._slope) == count:
            return self._carry(look, count)
        look.add(look.stale[: count + (not effort.calm)])
        if not effort.calm:
            self._spread(look, count)
        arrivals = look.ritz().residual(count)
        for _ in range(1 if effort.calm else effort.corrections):
            if (
                not effort.calm
                and enough is not None
                and enough(look.ritz().residual(count), look.ritz().values[:count])
            ):
                break
            look.correct(count)
        seen = look.ritz()
        values, vectors, images = look.merged(self._candidates())
        size = min(self.count + self.guard, vectors.shape[1], len(vectors))
        self._kept, self._images = orthonormal_rows(vectors[:size]), images[:size]
        self._measured(seen.values[:count], seen.residual(count))
        return Spectrum(
            torch.cat([seen.values[:count], values[count:size]]),
            seen.vectors[:count],
            seen.residual(count),
            seen.residual(count) if effort.calm else arrivals,
        )

    def _measured(self, values: Tensor, residuals: Tensor) -> None:
        """Take note of values [count] of this look, of their change a look, and of how far they are from what was expected."""
        slope: Tensor | None = None
        self.surprise = values.new_full((), math.inf)
        if self._last is not None and len(self._last[1]) == len(values):
            looks, before = self._looks - self._last[0], self._last[1]
            slope = (values - before) / looks
            if self._slope is not None and len(self._slope) == len(values):
                expected = before + looks * self._slope
                self.surprise = ((values - expected) / values).abs().max() / (looks * (looks + 1) / 2)
        self._last, self._slope, self._residuals = (self._looks, values), slope, residuals

    def _carry(self, look: _Look, count: int) -> Spectrum:
        """The last values carried on; in every fourth of these looks the search goes on."""
        assert self._last is not None
        assert self._slope is not None
        if self._calm % CALM_TURN == CALM_TURN - 1:
            self._search_on(look, count)
            _, vectors, images = look.merged(self._candidates())
            size = min(self.count + self.guard, vectors.shape[1], len(vectors))
            self._kept, self._images = orthonormal_rows(vectors[:size]), images[:size]
        values = self._last[1] + (self._looks - self._last[0]) * self._slope
        known = torch.cat([values, look.known[count:]])
        return Spectrum(known, look.stale[:count], self._residuals, self._residuals, carried=True)

    def _spread(self, look: _Look, count: int) -> None:
        """One product for what is not wanted yet: a guard in turn, or the search for what was missed."""
        guards = len(look.stale) - count - 1
        self._guarded += 1
        if guards < 1 or self._guarded % 2 == 0:
            self._search_on(look, count)
        else:
            place = count + 1 + (self._guarded // 2) % guards
            look.add(look.stale[place : place + 1])

    def _search_on(self, look: _Look, count: int) -> None:
        """One more product of the search, unless the kept vectors span the whole space."""
        if len(look.stale) == look.stale.shape[1]:
            look.add(look.stale[count + 1 : count + 2])
            return
        if len(self._search) >= CYCLE:
            self._search = []
        if self._search:
            start = self._search[-1][1]
        else:
            noise = torch.randn(look.stale.shape[1], generator=self._generator, dtype=torch.float64)
            start = noise.to(look.stale)
        for _ in range(2):
            start = start - (look.stale @ start) @ look.stale
            for vector, _ in self._search:
                start = start - (vector @ start) * vector
        self._search.append(look.add(start[None]))

    def _candidates(self) -> tuple[Tensor, Tensor] | None:
        """The largest Ritz vector of a finished search and its image."""
        if len(self._search) < CYCLE:
            return None
        vectors = torch.stack([vector for vector, _ in self._search])
        images = torch.stack([image for _, image in self._search])
        gram = vectors @ vectors.T
        scale, turn = eigh(gram)
        whiten = turn / scale.clamp_min(NEW_ENOUGH).sqrt()
        _, rotation = eigh(whiten.T @ (vectors @ images.T) @ whiten)
        chosen = (whiten @ rotation[:, 0])[None]
        self._search = []
        return chosen @ vectors, chosen @ images


@dataclass(frozen=True)
class _Ritz:
    values: Tensor
    vectors: Tensor
    images: Tensor

    def residual(self, count: int) -> Tensor:
        return torch.linalg.vector_norm(self.images - self.values[:, None] * self.vectors, dim=1)[:count]


class _Look:
    """True products of this look, `true` and their `images`, beside remembered Ritz pairs with `known` values."""

    def __init__(self, apply: Apply, known: Tensor, stale: Tensor, remembered: Tensor) -> None:
        self._apply = apply
        self.known = known
        self.stale = stale
        self._remembered = remembered
        self._ritz: _Ritz | None = None
        self.true = stale[:0]
        self.images = stale[:0]

    def add(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Spend a product on each of `rows` [k, p], made orthonormal to those before; return the last one and its image."""
        rows = rows[: rows.shape[1] - len(self.true)]
        if not len(rows):
            return self.true[-1], self.images[-1]
        tiny = torch.finfo(rows.dtype).tiny
        rows = rows / torch.linalg.vector_norm(rows, dim=1, keepdim=True).clamp_min(tiny)
        rows = orthonormal_rows(torch.cat([self.true, rows]))[len(self.true) :]
        self.images = torch.cat([self.images, self._apply(rows)])
        self.true = torch.cat([self.true, rows])
        self._ritz = None
        return self.true[-1], self.images[-1]

    def ritz(self) -> _Ritz:
        if self._ritz is None:
            values, rotation = eigh(self.true @ self.images.T)
            self._ritz = _Ritz(values, rotation.T @ self.true, rotation.T @ self.images)
        return self._ritz

    def correct(self, count: int) -> None:
        """Spend a product on the correction of that pair among the first `count` whose residual is largest."""
        ritz = self.ritz()
        worst = torch.argmax(ritz.residual(count))[None]
        value = ritz.values.index_select(0, worst)
        vector, image = ritz.vectors.index_select(0, worst), ritz.images.index_select(0, worst)
        residual = (image - value * vector)[0]
        near = CLOSEST * value.abs()
        gap = value - self.known
        gap = torch.where(gap.abs() < near, torch.where(gap < 0, -near, near), gap)
        along = self.stale @ residual
        beyond = (residual - along @ self.stale) / (RESIDUAL_SHARE * value)
        self.add((beyond + (along / gap) @ self.stale)[None])

    def merged(self, candidates: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor, Tensor]:
        """Rayleigh–Ritz on all that is known: true products, what is remembered beside them, and `candidates`.

        Remembered directions that lie within the true ones (but for a tenth) are left out: their images would be magnified
        differences. They keep their place, so that shapes do not depend on numbers, with a value below all others.
        """
        true = self.ritz()
        stale, remembered = self.stale, self._remembered
        if candidates is not None:
            stale, remembered = torch.cat([stale, candidates[0]]), torch.cat([remembered, candidates[1]])
        inside = stale @ true.vectors.T
        stale, remembered = stale - inside @ true.vectors, remembered - inside @ true.images
        scale, turn = eigh(stale @ stale.T)
        new = scale > NEW_ENOUGH
        whiten = (turn * torch.where(new, scale.clamp_min(NEW_ENOUGH).rsqrt(), torch.zeros_like(scale))).T
        stale, remembered = whiten @ stale, whiten @ remembered
        vectors, images = torch.cat([true.vectors, stale]), torch.cat([true.images, remembered])
        matrix = vectors @ images.T
        matrix = (matrix + matrix.T) / 2
        cross = stale @ true.images.T
        matrix = torch.cat(
            [
                torch.cat([matrix[: len(true.values), : len(true.values)], cross.T], 1),
                torch.cat([cross, matrix[len(true.values) :, len(true.values) :]], 1),
            ]
        )
        lowest = -(matrix.abs().sum() + 1)
        gone = torch.cat([torch.zeros_like(true.values), torch.where(new, torch.zeros_like(scale), lowest)])
        values, rotation = eigh(matrix + torch.diag(gone))
        return values, rotation.T @ vectors, rotation.T @ images


def forecast_error(residuals: Tensor, values: Tensor) -> Tensor:
    """The largest relative error that residuals [k] leave in eigenvalues [k], as a forecast: r² / (0.3 λ²).

    Of eigenvalues below a thousandth of the first, relative to that thousandth.
    """
    scale = values.abs().maximum(FLOOR * values[0].abs())
    return (residuals / scale).square().max() / GAP
