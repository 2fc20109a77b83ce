"""A checkpoint beside a fork: bytes, and time of making one and of going on from it; ratios within one process.

python benchmarks/checkpoints.py

Each figure is the median of several rounds, in which what is compared takes turns. One thread, float64.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

import rodflow_widgets as rf
from rodflow_widgets.engine import Simulation, checkpoint, restored

ROUNDS, ROWS = 15, 12
WIDTHS = ((16,), (128, 128), (512, 512))
PROCESSES = {
    "discrete": ("discrete",),
    "discrete, rod, stable": ("discrete", "rod", "stable"),
    "all six": ("discrete", "rod", "rod-covariance", "central", "edge", "stable"),
}


def timed(action: Callable[[], Any]) -> float:
    begin = time.process_time()
    action()
    return time.process_time() - begin


def row(widths: tuple[int, ...], label: str) -> str:
    problem = rf.problems.digits_mlp(widths=widths, n=100)
    simulation = Simulation(problem, rf.optimizers.GradientDescent(0.1), PROCESSES[label], steps=1000)
    for _ in range(ROWS):
        simulation.advance()
    simulation.drain()
    made, fork = checkpoint(simulation), simulation.fork()
    text = json.dumps(made.state)
    times: dict[str, list[float]] = {"fork": [], "checkpoint": [], "text": [], "restored": [], "row": []}
    for _ in range(ROUNDS):
        times["fork"].append(timed(simulation.fork))
        times["checkpoint"].append(timed(lambda: checkpoint(simulation)))
        times["text"].append(timed(lambda: json.dumps(made.state)))
        times["restored"].append(timed(lambda: restored(made, problem)))
        times["row"].append(timed(simulation.advance))
    simulation.drain()
    t = {name: statistics.median(values) for name, values in times.items()}
    return (
        f"| {problem.dim:,} | {label} | {fork.nbytes / 1e6:.3g} | {made.nbytes / fork.nbytes:.3f} | {len(text) / 1e3:.0f} "
        f"| {t['fork'] * 1e3:.1f} | {t['checkpoint'] / t['fork']:.1f} | {t['text'] / t['fork']:.1f} "
        f"| {t['restored'] / t['fork']:.1f} | {t['checkpoint'] / t['row']:.2f} |"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(
        "| parameters | processes | fork, MB | bytes over fork's | JSON, kB | fork, ms | checkpoint / fork | as text / fork "
        "| restored / fork | checkpoint / a row |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    for widths in WIDTHS:
        for label in PROCESSES:
            print(row(widths, label), flush=True)
