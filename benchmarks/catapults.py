"""Rod flow where gradient descent is thrown about: x²y² from eighteen starts, and network B from beyond its edge.

python benchmarks/catapults.py
"""

from __future__ import annotations

import itertools

import numpy as np
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine.problem import Problem

ROD, HALVED = rf.flows.Rod(), rf.flows.Rod(substeps=4, name="rod, dt ¼")
FLOWS = (ROD, HALVED, rf.flows.CovarianceRod())
NAMES = ("rod", "rod, dt ¼", "rod-covariance")
STEPS = 299
RIGHT = 0.05
"""The wrong valley is 0.9 away, the right one less than 0.02."""


def beside(problem: Problem, rate: float, steps: int, start: int) -> tuple[float, dict[str, float]]:
    """Largest sharpness ratio of the iterates, and the distance of every flow at its last step."""
    optimizer = rf.optimizers.GradientDescent(rate)
    recording = rf.simulate(problem, optimizer, ("discrete", *FLOWS), steps=steps, start=start, progress=False)
    finished = recording["discrete"].status.state == "finished"
    highest = float(np.nanmax(recording["discrete"]["sharpness_ratio"])) if finished else np.inf
    distance = {name: float(recording[name]["distance"][-1]) for name in NAMES}
    return highest, {name: distance[name] if len(recording[name]) > steps - start else np.inf for name in NAMES}


def toy() -> None:
    print("| start | learning rate | from step | S/threshold up to | " + " | ".join(NAMES) + " |")
    print("|---" * (4 + len(NAMES)) + "|")
    right = dict.fromkeys(NAMES, 0)
    count = 0
    for w0, rate, start in itertools.product(((3.2, 0.1), (3.1, 0.12), (3.2, 0.15)), (0.19, 0.2, 0.21), (0, 2)):
        highest, distance = beside(rf.problems.product(w0), rate, STEPS, start)
        count += 1
        for name in NAMES:
            right[name] += distance[name] < RIGHT
        print(f"| {w0} | {rate} | {start} | {highest:.2f} | " + " | ".join(f"{distance[n]:.2g}" for n in NAMES) + " |")
    print("In the right valley: " + ", ".join(f"{name} {right[name]} of {count}" for name in NAMES))


def network() -> None:
    problem = rf.problems.digits_mlp()
    for rate, start in itertools.product((0.738, 0.984, 1.23), (0, 2)):
        highest, distance = beside(problem, rate, 120, start)
        print(f"| B, {rate} | from {start} | {highest:.2f} | " + " | ".join(f"{distance[n]:.3f}" for n in NAMES) + " |")


if __name__ == "__main__":
    torch.set_num_threads(1)
    toy()
    network()
