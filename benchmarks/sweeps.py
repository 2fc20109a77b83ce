"""Time of 64 single runs over that of the same 64 learning rates as one sweep, in one command.

python benchmarks/sweeps.py [STEPS [CASE …]]

The digits MLP 64-16-10 (1,210 parameters, n = 100), gradient descent, learning rates 0.1 to 0.8 in ratio, one thread a process.
Of the single runs (`rf.simulate`) every eighth is timed, half of them before the sweep and half after it, so that a machine that
others use slows both alike. Worker processes are begun within the wall time of the sweep; CPU time is of all processes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

import rodflow_widgets as rf

RATES = [float(rate) for rate in np.geomspace(0.1, 0.8, 64)]
FLOWS = ("discrete", "rod", "stable")
CASES = (
    # dtype, processes, measured every, workers
    ("float64", ("discrete",), 1, 1),
    ("float64", ("discrete",), 1, 2),
    ("float32", ("discrete",), 1, 1),
    ("float32", ("discrete",), 1, 2),
    ("float32", ("discrete",), 10, 1),
    ("float32", ("discrete",), 10, 2),
    ("float64", FLOWS, 1, 1),
    ("float64", FLOWS, 1, 2),
    ("float32", FLOWS, 1, 1),
    ("float32", FLOWS, 1, 2),
)


def clock() -> np.ndarray:
    """Seconds of wall and of CPU, of this process and of those that it has begun and that have ended."""
    times = os.times()
    cpu = times.user + times.system + times.children_user + times.children_system
    return np.array([time.perf_counter(), cpu])


def singles(problem: Any, rates: Sequence[float], processes: tuple[str, ...], **options: Any) -> np.ndarray:
    """Wall and CPU seconds of so many single runs."""
    begun = clock()
    for rate in rates:
        rf.simulate(problem, rf.optimizers.GradientDescent(rate), processes, progress=False, **options)
    return clock() - begun


def measured(
    problem: Any, processes: tuple[str, ...], every: int, workers: int, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Wall and CPU seconds of 64 single runs, and of the sweep."""
    options: dict[str, Any] = {"steps": steps, "every": every}
    few = RATES[3::8]
    alone = singles(problem, few[::2], processes, **options)
    begun = clock()
    sweep = rf.sweep(
        problem,
        rf.optimizers.GradientDescent(0.1),
        processes,
        learning_rate=RATES,
        workers=workers,
        progress=False,
        **options,
    )
    together = clock() - begun
    if len(sweep) != 64 or sweep.errors or sweep.status.state != "finished":
        raise RuntimeError(sweep.status.sentence)
    alone = alone + singles(problem, few[1::2], processes, **options)
    return 64 / len(few) * alone, together


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    chosen = [int(number) for number in sys.argv[2:]] or range(len(CASES))
    torch.set_num_threads(1)
    problems = {
        dtype: rf.problems.digits_mlp(widths=(16,), n=100, dtype=getattr(torch, dtype))
        for dtype in ("float64", "float32")
    }
    singles(problems["float64"], RATES[:1], FLOWS, steps=30)
    print(f"{steps} steps, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}\n")
    print(
        "| dtype | processes | measured every | workers | 64 single runs: wall, CPU, s | sweep: wall, CPU, s | ratio: wall | CPU |"
    )
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for number in chosen:
        dtype, processes, every, workers = CASES[number]
        alone, together = measured(problems[dtype], processes, every, workers, steps)
        ratio = alone / together
        cells = [dtype, ", ".join(processes), str(every), str(workers)]
        cells += [f"{alone[0]:.1f}, {alone[1]:.1f}", f"{together[0]:.1f}, {together[1]:.1f}"]
        print("| " + " | ".join([*cells, *(f"{r:.1f}" for r in ratio)]) + " |", flush=True)


if __name__ == "__main__":
    main()
