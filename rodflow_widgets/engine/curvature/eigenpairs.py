"""The largest eigenpairs at one point, from nothing: Lanczos with a stopping rule that says what it may have missed."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import named_keywords
from ..checks import whole
from ..host import upload
from ..problem import Problem
from .lanczos import Coefficients, Doubt, Lanczos
from .operator import Operator, share

RANDOM_SHARE = 0.3
SAFETY = 2.0
FLOOR = 1e-3
AT_MOST_AHEAD = 4


@dataclass(frozen=True)
class Eigenpairs:
    """The largest eigenpairs of P^{-1/2} H P^{-1/2} at one point, and what is known of their errors.

    values [k]: descending, in 1/learning_rate; each is at most the true one, but for rounding.
    vectors [k, p]: orthonormal rows in the coordinates P^{1/2} w.
    residuals [k]: ‖A u − λ u‖.
    errors [k]: by how much each would still rise with further products: a forecast.
    ceiling: no eigenvalue above it was overlooked, with a probability of at least `confidence` over the random start.
    converged: whether errors and doubt came below what was asked for; if not, `most` products were too few.
    products, gradients: what was spent.
    """

    values: Tensor
    vectors: Tensor
    residuals: Tensor
    errors: Tensor
    ceiling: float
    confidence: float
    converged: bool
    products: int
    gradients: int


@named_keywords("curvature.eigenpairs")
def eigenpairs(
    problem: Problem,
    w: Any = None,
    k: int = 1,
    *,
    preconditioner: Any = None,
    tolerance: float = 1e-3,
    margin: float = 0.05,
    confidence: float = 0.95,
    repeated: bool = False,
    most: int | None = None,
    seed: int = 0,
) -> Eigenpairs:
    """The k largest eigenvalues of H, or of P^{-1/2} H P^{-1/2}, and their eigenvectors, by Lanczos from nothing.

    It starts from the gradient and a random direction, and ends when the k values are forecast to rise by less than
    tolerance / 2 and when it is improbable that an eigenvalue was overlooked that lies more than `margin` above the k-th (the
    found ones left out). That probability is bounded, not estimated: the spectral measure of the start, as far as the
    products show it, leaves an overlooked eigenvector at most a certain share of the start, and a random direction seldom
    has so little. With margin=tolerance the whole answer is that certain, for about twice the products.

    Args:
        problem: whose Hessian.
        w: where [p]; None is the starting point.
        k: how many, at most p.
        preconditioner: P, positive, [1] or [p]; None is the Hessian itself.
        tolerance: relative error of the eigenvalues; of those below a thousandth of the largest, in that thousandth.
        margin: relative size of what may not be overlooked.
        confidence: probability with which nothing was overlooked.
        repeated: one start sees of equal eigenvalues one alone; True looks for the others too, by further passes in what is
            orthogonal to those found, until a pass finds none.
        most: products to spend at most; None is 20 k, at least 100.
        seed: of the random directions.

    Raises:
        ArgumentError: an argument that cannot work, before anything runs.

    Source: Lanczos 1950; that a random start makes errors improbable: Kuczyński and Woźniakowski 1992. The rule is derived
    in `lanczos.Doubt`.
    """
    share("tolerance", tolerance)
    share("margin", margin)
    share("confidence", confidence)
    A = Operator(problem, w, preconditioner)
    search = Search(
        A,
        whole("k", k, 1, problem.dim),
        tolerance,
        margin,
        1 - confidence,
        min(problem.dim, max(100, 20 * k) if most is None else whole("most", most, 1)),
        torch.Generator().manual_seed(whole("seed", seed, 0, 2**63 - 1)),
    )
    for _ in search.slices(repeated):
        pass
    return search.result()


@dataclass
class Search:
    """Passes of Lanczos, each orthogonal to what earlier ones finished with, product by product: see `eigenpairs`."""

    A: Operator
    k: int
    tolerance: float
    margin: float
    allowed: float
    most: int
    generator: torch.Generator
    values: np.ndarray = field(default_factory=lambda: np.zeros(0))
    errors: np.ndarray = field(default_factory=lambda: np.zeros(0))
    residuals: np.ndarray = field(default_factory=lambda: np.zeros(0))
    ceiling: float = -math.inf
    converged: bool = False
    locked: Tensor | None = None

    def slices(self, repeated: bool = False) -> Iterator[None]:
        """One pass, and further ones where it ended in an invariant space before k were found, or for repeated values.

        It stops after every product; with its end `result` is what was found.
        """
        first = True
        while True:
            before = self._kth()
            seen = yield from self._pass(first)
            whole_space = len(self.values) >= self.A.dim
            if whole_space or not self.converged:
                self.converged = self.converged or whole_space
                return
            found = len(self.values) >= self.k
            gained = self._kth() > before or first or seen.invariant
            if found and not (repeated and gained):
                return
            first = False

    def _kth(self) -> float:
        return float(np.sort(self.values)[-self.k]) if len(self.values) >= self.k else -math.inf

    def _start(self, first: bool) -> tuple[Tensor, float]:
        """A random direction, to which the first pass adds the gradient; and the length of the random one."""
        noise = self.A.random(1, self.generator)[0]
        noise = noise / torch.linalg.vector_norm(noise)
        if not first:
            return noise, 1.0
        length = torch.linalg.vector_norm(self.A.gradient)
        known = self.A.gradient / length.clamp_min(torch.finfo(length.dtype).tiny)
        return known + RANDOM_SHARE / self.k * noise, RANDOM_SHARE / self.k

    def _pass(self, first: bool) -> Generator[None, None, Coefficients]:
        start, random = self._start(first)
        krylov = Lanczos(self.A, start, self.locked)
        room = self.A.dim - len(self.values)
        doubt, pace = Doubt(room, random), _Pace()
        ahead = min(room, self.k + 2)
        while True:
            left = min(room - len(krylov), self.most - self.A.meter.products)
            for _ in range(min(ahead, left)):
                krylov.grow(1)
                yield
            seen = krylov.coefficients()
            gap = self._to_go(seen, doubt)
            if gap <= 0 or seen.invariant or len(krylov) >= room or self.A.meter.products >= self.most:
                break
            ahead = pace.ahead(len(krylov), gap)
        self.converged = gap <= 0 or seen.invariant or len(krylov) >= room
        self._take(krylov, seen, doubt)
        return seen

    def _merged(self, seen: Coefficients) -> tuple[np.ndarray, float, int]:
        """Ritz values of this pass, the k-th of all, and how many of this pass are among the first k."""
        ritz = seen.ritz()[0]
        everything = np.sort(np.concatenate([self.values, ritz]))[::-1]
        kth = float(everything[min(self.k, len(everything)) - 1])
        return ritz, kth, int((ritz >= kth).sum())

    def _to_go(self, seen: Coefficients, doubt: Doubt) -> float:
        """Logarithm of the factor by which forecast errors and doubt are too large; negative where all is well."""
        ritz, kth, count = self._merged(seen)
        if len(ritz) + len(self.values) < self.k:
            return math.inf
        largest = max(abs(float(ritz[0])), float(np.abs(self.values).max(initial=0.0)))
        unit = np.maximum(np.abs(ritz[:count]), FLOOR * largest)
        rise = float((np.abs(seen.unconverged(count)) / unit).max(initial=0.0))
        slack = self.margin * max(abs(kth), FLOOR * largest)
        overlooked = doubt.overlooked(seen, ritz[:count], kth, slack)
        tiny = 1e-300
        return max(
            math.log(max(SAFETY * rise, tiny) / self.tolerance), math.log(max(overlooked * self.k, tiny) / self.allowed)
        )

    def _take(self, krylov: Lanczos, seen: Coefficients, doubt: Doubt) -> None:
        """Keep what this pass found: everything of an invariant space, else those among the first k."""
        ritz, _, count = self._merged(seen)
        keep = len(ritz) if seen.invariant or len(seen.alphas) == doubt.dim else min(count, len(ritz))
        rows = krylov.vectors(seen.ritz()[1][:, :keep])
        self.locked = rows if self.locked is None else torch.cat([self.locked, rows])
        self.values = np.concatenate([self.values, ritz[:keep]])
        self.errors = np.concatenate([self.errors, np.abs(seen.unconverged(keep))])
        self.residuals = np.concatenate([self.residuals, seen.residuals(keep)])
        above = doubt.ceiling(seen, float(ritz[0]), self.allowed / self.k)
        self.ceiling = max(self.ceiling, float(self.values.max()) if len(seen.alphas) == doubt.dim else above)

    def result(self) -> Eigenpairs:
        assert self.locked is not None
        order = np.argsort(-self.values, kind="stable")[: self.k]
        like = self.locked

        def device(numbers: np.ndarray) -> Tensor:
            return upload(numbers[order], like)

        chosen = torch.from_numpy(np.ascontiguousarray(order)).to(like.device)
        return Eigenpairs(
            device(self.values),
            like[chosen],
            device(self.residuals),
            device(self.errors),
            self.ceiling,
            1 - self.allowed,
            self.converged and len(order) == self.k,
            self.A.meter.products,
            self.A.meter.gradients,
        )


class _Pace:
    """How many products to spend before looking again: as many as surely are still needed, at most four."""

    def __init__(self) -> None:
        self._last: tuple[int, float] | None = None

    def ahead(self, size: int, gap: float) -> int:
        slope = 2.0
        if self._last is not None and math.isfinite(self._last[1]) and math.isfinite(gap):
            slope = max(slope, (self._last[1] - gap) / (size - self._last[0]))
        self._last = (size, gap)
        return max(1, min(AT_MOST_AHEAD, int(gap / slope))) if math.isfinite(gap) else 1
