"""Rod flow against answers known on paper: fixed points, growth rates and the masking toy, each again with dt halved.

python benchmarks/exact.py        # a Markdown table; exit code 1 where a figure is off
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem, Simulation
from rodflow_widgets.engine.flows.base import Flow

Columns = dict[str, dict[str, np.ndarray]]
ROD = (rf.flows.Rod(name="a"), rf.flows.Rod(substeps=4, name="b"))


@dataclass(frozen=True)
class Row:
    """One quantity: what it must be (or stay below), and what the flow gives with dt and with dt halved."""

    quantity: str
    wanted: float
    measured: tuple[float, float]
    tolerance: float
    at_most: bool = False

    @property
    def holds(self) -> bool:
        excess = [value - self.wanted for value in self.measured]
        return all(math.isfinite(e) and (e if self.at_most else abs(e)) <= self.tolerance for e in excess)

    def __str__(self) -> str:
        wanted = f"≤ {self.wanted:g}" if self.at_most else f"{self.wanted:.6f} ± {self.tolerance:g}"
        first, second = (f"{value:.6f}" for value in self.measured)
        return f"| {self.quantity} | {wanted} | {first} | {second} | {'yes' if self.holds else 'NO'} |"


def run(problem: Problem, learning_rate: float, flows: tuple[Flow, Flow], steps: int) -> tuple[Columns, ...]:
    """Columns of the two flows, begun at step 0."""
    simulation = Simulation(
        problem, rf.optimizers.GradientDescent(learning_rate), ("discrete", *flows), steps=steps, start=0
    )
    while not simulation.finished:
        simulation.advance()
    columns = {block.process: block.columns for block in simulation.drain()}
    return tuple(columns[str(flow.name)] for flow in flows)


def paper(coarse: int | None, fine: int) -> tuple[Flow, Flow]:
    """The paper's closure with two numbers of substeps; None is the default dt of at most ¼."""
    first, second = (
        rf.flows.CovarianceRod(modes=1, seed=1, substeps=count, name=name)
        for count, name in ((coarse, "a"), (fine, "b"))
    )
    return first, second


def fixed_points() -> Iterator[Row]:
    """L = w²/2 − w⁴/40: gradient descent oscillates with Σ = 10 − 20 / learning rate, or comes to rest."""
    for rate in (2.05, 2.2, 2.5, 2.9, 1.8):
        columns = run(rf.problems.quartic(S=1.0, Q=0.1), rate, ROD, 400)
        ends = tuple(float(c["oscillation"][-1] ** 2) for c in columns)
        wanted = max(10 - 20 / rate, 0.0)
        yield Row(f"rod, quartic, learning rate {rate}: Σ at step 400", wanted, ends, 1e-6)


def rates() -> Iterator[Row]:
    """On a quadratic the rod grows by h − 1 a step, and the paper's covariance by exp(h²/2 − 2); h is the learning rate."""
    for h in (1.9, 2.0, 2.1):
        columns = run(rf.problems.quadratic(sharpness=1.0), h, ROD, 20)
        measured = tuple(float(np.log(c["oscillation"][20] / c["oscillation"][10])) / 10 for c in columns)
        yield Row(f"rod, quadratic, h = {h}: rate of the rod, ln(h − 1)", math.log(h - 1), measured, 1e-9)
    for h, wanted in ((1.9, -0.195), (2.0, 0.0), (2.1, 0.205)):
        columns = run(rf.problems.quadratic(sharpness=1.0), h, paper(400, 800), 6)
        measured = tuple(float(2 * np.log(c["oscillation"][6] / c["oscillation"][5])) for c in columns)
        yield Row(f"rod-paper, quadratic, h = {h}: rate of Σ, h²/2 − 2", wanted, measured, 2e-4)


def masking() -> Iterator[Row]:
    """L = ½ (1.8 + v) u² − 0.002 v, learning rate 1: v sharpens the valley until u oscillates and holds it back."""
    problem = Problem.from_function(lambda w: (1.8 + w[1]) * w[0] ** 2 / 2 - 0.002 * w[1], [0.05, 0.0])
    columns = run(problem, 1.0, ROD, 400)
    peaks = tuple(2 * float(c["sharpness_ratio"].max()) for c in columns)
    yield Row("rod, masking toy: largest learning rate × sharpness", 2.219, peaks, 5e-3)
    squares = tuple(float((c["oscillation"][200:] ** 2).mean()) for c in columns)
    yield Row("rod, masking toy: mean Σ of steps 200 to 400", 0.0056, squares, 3e-4)
    ends = tuple(2 * float(c["sharpness_ratio"][-1]) for c in run(problem, 1.0, paper(None, 8), 400))
    yield Row("rod-paper, masking toy: learning rate × sharpness at step 400", 2.598, ends, 5e-3)
    two = (
        rf.flows.CovarianceRod(modes=2, seed=1, name="a"),
        rf.flows.CovarianceRod(modes=2, seed=1, substeps=8, name="b"),
    )
    tops = tuple(2 * float(c["sharpness_ratio"].max()) for c in run(problem, 1.0, two, 400))
    yield Row("two modes, masking toy: largest learning rate × sharpness", 2.3, tops, 0.0, at_most=True)


def main() -> int:
    print("| quantity | wanted | measured | dt halved | holds |\n|---|---|---|---|---|")
    failed = 0
    for part in (fixed_points, rates, masking):
        for row in part():
            print(row, flush=True)
            failed += not row.holds
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
