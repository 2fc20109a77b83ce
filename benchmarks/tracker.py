"""The tracker's largest eigenvalue against a converged reference along gradient descent, and the products it spends.

python benchmarks/tracker.py
"""

from __future__ import annotations

import numpy as np
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine.curvature.following import TRACKED
from rodflow_widgets.engine.curvature.tracker import EigenTracker
from rodflow_widgets.engine.problem import Meter, Problem
from rodflow_widgets.engine.process import Discrete

SETTINGS = [
    ("digits MLP 64-8-10, every eigenvalue dense", dict(widths=(8,), n=200), 0.6, 400, True),
    ("digits MLP 64-32-32-10 (B)", dict(), 0.4, 420, False),
    ("the same, n = 200", dict(n=200), 0.4, 300, False),
    ("the same, small inputs (E, seven critical)", dict(input_scale=0.4), 0.8, 210, False),
]


def midpoints(problem: Problem, learning_rate: float, steps: int) -> list[torch.Tensor]:
    """The midpoints of consecutive iterates."""
    w, out = problem.w0, []
    for _ in range(steps):
        following = w - learning_rate * problem.value_and_grad(w)[1]
        out.append((w + following) / 2)
        w = following
    return out


def reference(problem: Problem, points: list[torch.Tensor], dense: bool) -> np.ndarray:
    """The largest eigenvalue at each point: of the dense Hessian, or of a wide tracker that is iterated three times."""
    one = torch.ones(1, dtype=torch.float64)
    if dense:
        eye = torch.eye(problem.dim, dtype=torch.float64)
        return np.array([float(torch.linalg.eigvalsh(problem.hvp(w, eye))[-1]) for w in points])
    tracker, meter = EigenTracker(4, guard=10, seed=99), Meter(problem)
    return np.array([float(tracker.update(meter, problem.at(w), one, repeats=3).values[0]) for w in points])


def main() -> None:
    torch.set_num_threads(1)
    one = torch.ones(1, dtype=torch.float64)
    print(
        "| setting | eigenvalues + guards | products a step | worst error | rows above 1e-3 | of | sharpness / edge |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, options, rate, steps, dense in SETTINGS:
        problem = rf.problems.digits_mlp(**options)
        points = midpoints(problem, rate, steps)
        last = points[-200:]
        exact = reference(problem, points, dense)[-200:] if not dense else reference(problem, last, True)
        for count, guard in ((1, 1), (TRACKED, Discrete.guard)):
            tracker, meter = EigenTracker(count, guard, seed=0), Meter(problem)
            values = np.array([float(tracker.update(meter, problem.at(w), one).values[0]) for w in points])
            error = np.abs(values[-200:] / exact - 1)
            print(
                f"| {name} | {count} + {guard} | {meter.products / steps:.1f} | {error.max():.1e} "
                f"| {(error > 1e-3).sum()} | {len(last)} | {exact.mean() * rate / 2:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
