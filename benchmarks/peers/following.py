"""The largest eigenvalues along the steps of a run: this package's tracker, and eigsh that starts where it last ended."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

import rodflow_widgets as rf
from rodflow_widgets.engine.problem import Problem

from .measuring import reference
from .methods import OURS, TOLERANCE, Counted, Look, by_eigsh, own_product, random_start
from .settings import Setting, Stretch, iterates

LOOKS = 50
PLACES = ("iterates", "midpoints")


@dataclass(frozen=True)
class Path:
    """Pairs of successive iterates, and the reference's eigenvalues [looks + 1, k] at the first of each or between them."""

    problem: Problem
    pairs: list[tuple[Tensor, Tensor]]
    exact: Mapping[str, np.ndarray]

    def points(self, place: str) -> list[Tensor]:
        return [a if place == "iterates" else (a + b) / 2 for a, b in self.pairs]


def walked(problem: Problem, setting: Setting, stretch: Stretch) -> Path:
    """The cold look and `LOOKS` more, with the largest eigenvalues of each."""
    pairs = list(itertools.pairwise(iterates(problem, setting, stretch.first, LOOKS + 2)))
    path = Path(problem, pairs, {})
    exact: dict[str, list[np.ndarray]] = {place: [] for place in PLACES}
    noise = random_start(problem.dim, 99)
    start = noise
    for here, between in zip(path.points("iterates"), path.points("midpoints"), strict=True):
        for place, w in (("iterates", here), ("midpoints", between)):
            values, vectors = reference(problem, w, max(stretch.counts), start)
            exact[place].append(values)
            start = vectors.sum(1) + 0.1 * noise / np.linalg.norm(noise)
    return Path(problem, pairs, {place: np.array(values) for place, values in exact.items()})


Follower = Callable[[Path, str, int, int, float | None], Iterator[Look]]
"""A look at each point of a path, iterates or midpoints: k, a seed, and the edge where it may be known."""


def ours(path: Path, place: str, k: int, seed: int, edge: float | None) -> Iterator[Look]:
    tracker = rf.curvature.Tracker(path.problem, k, tolerance=TOLERANCE, edge=edge, seed=seed)
    for here, following in path.pairs:
        seen = tracker.look(here, following if place == "midpoints" else None)
        yield Look(seen.values.numpy(), seen.products)


def warm(extra: int, tolerance: float) -> Follower:
    """eigsh with a basis of k + extra vectors."""

    def follower(path: Path, place: str, k: int, seed: int, edge: float | None) -> Iterator[Look]:
        start = random_start(path.problem.dim, seed)
        for w in path.points(place):
            product = Counted(own_product(path.problem.at(w)))
            values, vectors = by_eigsh(product, start, k, k + extra, tolerance)
            start = vectors.sum(1)
            yield Look(values, product.calls)

    return follower


FOLLOWERS: dict[str, Follower] = {
    OURS: ours,
    "eigsh, warm, basis k + 3, tol 1e-2": warm(3, 1e-2),
    "eigsh, warm, basis k + 8": warm(8, TOLERANCE),
}
