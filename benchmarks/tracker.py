"""Trackers of the largest eigenvalues against a converged reference along gradient descent, and the products they spend.

python benchmarks/tracker.py            # every setting
python benchmarks/tracker.py edge-26k   # one of them
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

import rodflow_widgets as rf
from rodflow_widgets.engine.curvature.following import FollowedSpectrum, Watch
from rodflow_widgets.engine.curvature.tracker import EigenTracker
from rodflow_widgets.engine.problem import Meter, Problem
from rodflow_widgets.engine.process import Discrete

ONE = torch.ones(1, dtype=torch.float64)
WARM = 5
COUNTS = (1, 5)


@dataclass(frozen=True)
class Setting:
    """A network, its learning rate, and the steps from `first` on that are looked at."""

    options: dict[str, object]
    rate: float
    first: int
    steps: int = 50


SETTINGS = {
    "edge-26k": Setting(dict(widths=(128, 128), n=1000), 0.2, 400),
    "edge-B": Setting({}, 0.4, 300),
    "edge-200": Setting(dict(n=200), 0.4, 180),
    "edge-E": Setting(dict(input_scale=0.4), 0.8, 120),
    "calm-B": Setting({}, 0.4, 25, 35),
}
"""At the edge: 26,122 parameters, network B, the same with n = 200, network E (seven critical); and B before its edge."""


def path(problem: Problem, setting: Setting) -> list[Tensor]:
    """The iterates from `WARM` steps before the first to one after the last."""
    w, kept = problem.w0, []
    for step in range(setting.first + setting.steps + 1):
        if step >= setting.first - WARM:
            kept.append(w)
        w = w - setting.rate * problem.value_and_grad(w)[1]
    return kept


def reference(problem: Problem, points: list[Tensor]) -> np.ndarray:
    """The largest eigenvalues at each point, by a wide block that is iterated three times."""
    tracker, meter = EigenTracker(max(COUNTS), guard=10, seed=99), Meter(problem)
    return np.array([tracker.update(meter, problem.at(w), ONE, repeats=3).values.numpy() for w in points])


def block(problem: Problem, points: list[Tensor], count: int, guard: int) -> Iterator[tuple[Tensor, int, int]]:
    """The block-Davidson tracker of the flows: every kept vector and every residual gets a product."""
    tracker = EigenTracker(count, guard, seed=0)
    for w in points:
        meter = Meter(problem)
        yield tracker.update(meter, meter.at(w), ONE).values, meter.products, meter.gradients


def own(
    problem: Problem, iterates: list[Tensor], midpoints: bool, count: int, edge: float | None
) -> Iterator[tuple[Tensor, int, int]]:
    """`rf.curvature.Tracker`, which ends a look when the forecast error is small enough.

    It knows of the edge only before it: there it would return every eigenvalue near it too.
    """
    tracker = rf.curvature.Tracker(problem, count, edge=edge)
    for i in range(len(iterates) - 1):
        seen = tracker.look(iterates[i], iterates[i + 1] if midpoints else None)
        yield seen.values, seen.products, seen.gradients


def followed(problem: Problem, points: list[Tensor], count: int) -> Iterator[tuple[Tensor, int, int]]:
    """What a run records."""
    spectrum = FollowedSpectrum(problem, Watch(count, 0), Discrete.guard)
    for step, w in enumerate(points):
        meter = Meter(problem)
        seen = spectrum.at(step, lambda w=w, meter=meter: meter.at(w), ONE, payer=meter)
        yield seen.values, meter.products, meter.gradients


def row(
    name: str, place: str, count: int, looks: Iterator[tuple[Tensor, int, int]], exact: np.ndarray, cost: float
) -> None:
    values, products, gradients = zip(*looks, strict=True)
    found = np.array([v[:count].numpy() for v in values])[WARM:]
    error = np.abs(found / exact[WARM:, :count] - 1).max(1)
    spent, graphs = np.mean(products[WARM:]), np.mean(gradients[WARM:])
    print(
        f"| {name} | {place} | {count} | {spent:.1f} | {graphs + cost * spent:.1f} | {error.max():.1e} "
        f"| {np.median(error):.1e} | {(error > 1e-3).sum()} |",
        flush=True,
    )


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    for name in names or SETTINGS:
        setting = SETTINGS[name]
        problem = rf.problems.digits_mlp(**setting.options)
        iterates = path(problem, setting)
        middle = [(a + b) / 2 for a, b in itertools.pairwise(iterates)]
        edge, cost = 2 / setting.rate, problem.point_class.product_cost
        known = edge if name.startswith("calm") else None
        exact = {"midpoint": reference(problem, middle), "iterate": reference(problem, iterates[:-1])}
        print(f"\n{name}: sharpness / edge {exact['midpoint'][WARM:, 0].mean() / edge:.2f}, {setting.steps} steps\n")
        print("| tracker | place | eigenvalues | products | gradients a step | worst error | median | above 1e-3 |")
        print("|---|---|---|---|---|---|---|---|")
        for count in COUNTS:
            for place, points in (("midpoint", middle), ("iterate", iterates[:-1])):
                looks = own(problem, iterates, place == "midpoint", count, known)
                row("rf.curvature.Tracker", place, count, looks, exact[place], cost)
                row("recorded by a run", place, count, followed(problem, points, count), exact[place], cost)
            row("block, 4 guards", "midpoint", count, block(problem, middle, count, 4), exact["midpoint"], cost)


if __name__ == "__main__":
    main(sys.argv[1:])
