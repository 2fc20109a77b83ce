"""Wall time of 64 single runs over that of the same 64 learning rates as one sweep, in one command.

python benchmarks/sweeps.py [STEPS]

The digits MLP 64-16-10 (1,210 parameters, n = 100), gradient descent, learning rates 0.1 to 0.8 in ratio. Of the single runs
(`rf.simulate`) every eighth is timed, half of them before the sweep and half after it, so that a machine that others use
slows both alike. Worker processes are begun within the time of the sweep.
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
    ("float32", ("discrete",), 10, 2),
    ("float64", FLOWS, 1, 2),
    ("float32", FLOWS, 1, 1),
    ("float32", FLOWS, 1, 2),
)


def singles(problem: Any, rates: Sequence[float], processes: tuple[str, ...], **options: Any) -> float:
    """Seconds of so many single runs."""
    begun = time.perf_counter()
    for rate in rates:
        rf.simulate(problem, rf.optimizers.GradientDescent(rate), processes, progress=False, **options)
    return time.perf_counter() - begun


def measured(problem: Any, processes: tuple[str, ...], every: int, workers: int, steps: int) -> tuple[float, float]:
    """Seconds of 64 single runs, and of the sweep."""
    options = {"steps": steps, "every": every}
    few = RATES[3::8]
    alone = singles(problem, few[::2], processes, **options)
    begun = time.perf_counter()
    sweep = rf.sweep(
        problem,
        rf.optimizers.GradientDescent(0.1),
        processes,
        learning_rate=RATES,
        workers=workers,
        progress=False,
        **options,
    )
    together = time.perf_counter() - begun
    assert len(sweep.recordings) == 64 and not sweep.errors
    alone += singles(problem, few[1::2], processes, **options)
    return 64 / len(few) * alone, together


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    torch.set_num_threads(1)
    problems = {
        dtype: rf.problems.digits_mlp(widths=(16,), n=100, dtype=getattr(torch, dtype))
        for dtype in ("float64", "float32")
    }
    singles(problems["float64"], RATES[:1], FLOWS, steps=30)
    print(f"{steps} steps, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}\n")
    print("| dtype | processes | measured every | workers | 64 single runs, s | sweep, s | ratio |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for dtype, processes, every, workers in CASES:
        alone, together = measured(problems[dtype], processes, every, workers, steps)
        cells = [dtype, ", ".join(processes), str(every), str(workers), f"{alone:.0f}", f"{together:.1f}"]
        print("| " + " | ".join([*cells, f"{alone / together:.1f}"]) + " |", flush=True)


if __name__ == "__main__":
    main()
