"""Every method of a setting, run with several seeds, as rows of numbers."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from . import following, methods
from .following import FOLLOWERS, LOOKS, PLACES
from .measuring import Run, apart, reference
from .methods import METHODS, Look
from .settings import TINY, Bench, Setting, Stretch, prepared

COUNTS = (1, 5)
COLD = "cold"


@dataclass(frozen=True)
class Row:
    """A method at k eigenvalues: `products` of each seed, a look if it is tracked; the median of `gradients` and `megabytes`,
    the largest relative `error` of all eigenvalues, looks and seeds."""

    setting: Setting
    part: str
    place: str
    k: int
    method: str
    products: list[float]
    gradients: float
    error: float
    megabytes: float

    @property
    def ours(self) -> bool:
        return self.method == methods.OURS

    @property
    def product(self) -> float:
        return statistics.median(self.products)


@dataclass(frozen=True)
class Measured:
    """All rows of a setting, its reference eigenvalues and, for each stretch, the largest over the edge, first and last."""

    setting: Setting
    parameters: int
    values: np.ndarray
    stretches: dict[str, tuple[float, float]]
    rows: list[Row]


def warm_up() -> None:
    """What torch and the peers prepare at first use is prepared here, and then there in every forked child."""
    bench = prepared(TINY)
    for method in METHODS.values():
        method(bench, 1, 0)


def measured(setting: Setting, seeds: int) -> Measured:
    bench = prepared(setting)
    exact, _ = reference(bench.problem, bench.w, max(COUNTS))
    rows = [_cold(bench, setting, k, name, exact, seeds) for k in COUNTS for name in methods.fitting(bench.problem.dim)]
    stretches = {}
    for stretch in setting.stretches:
        found, ends = _tracked(bench, setting, stretch, seeds)
        rows += found
        stretches[stretch.place] = ends
    return Measured(setting, bench.problem.dim, exact, stretches, rows)


def _cold(bench: Bench, setting: Setting, k: int, name: str, exact: np.ndarray, seeds: int) -> Row:
    method = METHODS[name]

    def looks(seed: int) -> Callable[[], Iterator[Look]]:
        return lambda: (method(bench, k, seed) for _ in range(1))

    runs = [apart(looks(seed), bench.problem) for seed in range(seeds)]
    return _row(setting, COLD, "", k, name, runs, exact[None], 0)


def _tracked(bench: Bench, setting: Setting, stretch: Stretch, seeds: int) -> tuple[list[Row], tuple[float, float]]:
    path = following.walked(bench.problem, setting, stretch)
    edge = setting.edge if stretch.calm else None
    rows = []
    for k in stretch.counts:
        for place in PLACES:
            for name, follower in FOLLOWERS.items():

                def looks(
                    seed: int, follower: following.Follower = follower, place: str = place, k: int = k
                ) -> Callable[[], Iterator[Look]]:
                    return lambda: follower(path, place, k, seed, edge)

                runs = [apart(looks(seed), bench.problem) for seed in range(seeds)]
                rows.append(_row(setting, stretch.place, place, k, name, runs, path.exact[place], 1))
    largest = path.exact["iterates"][:, 0] / setting.edge
    return rows, (float(largest[1]), float(largest[LOOKS]))


def _row(
    setting: Setting, part: str, place: str, k: int, name: str, runs: list[Run], exact: np.ndarray, skipped: int
) -> Row:
    errors = [
        float(np.max(np.abs(look.values[:k] / true[:k] - 1)))
        for run in runs
        for look, true in list(zip(run.looks, exact, strict=True))[skipped:]
    ]
    row = Row(
        setting,
        part,
        place,
        k,
        name,
        [statistics.mean(look.products for look in run.looks[skipped:]) for run in runs],
        statistics.median(statistics.mean(run.gradients[skipped:]) for run in runs),
        max(errors),
        statistics.median(run.megabytes for run in runs),
    )
    told = f"{setting.name}, {part} {place} top {k}, {name}: {row.products} {row.gradients:.1f} {row.error:.1e}"
    print(told, file=sys.stderr, flush=True)
    return row
