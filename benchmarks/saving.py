"""What it costs a run to be written down while it goes: time with over time without, and bytes a step.

The same run is made in turn with and without `save=`, in one process; the ratio is that of the sums of process time and
of wall time. `python benchmarks/saving.py [PAIRS]`
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import rodflow_widgets as rf
from rodflow_widgets import store

CASES = {
    "digits MLP 8, discrete": (dict(widths=(8,), n=60), ("discrete",), 400),
    "digits MLP 32-32, discrete, rod, stable": ({}, ("discrete", "rod", "stable"), 150),
}


def measured(pairs: int) -> None:
    """Print a line a case."""
    print(
        "| case | steps | wall, with / without | processor, with / without | bytes a step | checkpoints | their bytes |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, (options, processes, steps) in CASES.items():
        problem = rf.problems.digits_mlp(**options)
        spent = {True: [0.0, 0.0], False: [0.0, 0.0]}
        with tempfile.TemporaryDirectory() as folder:
            for pair in range(pairs):
                for saved in (False, True) if pair % 2 else (True, False):
                    path = Path(folder) / f"run{pair}"
                    wall, processor = time.perf_counter(), time.process_time()
                    rf.simulate(
                        problem,
                        rf.optimizers.GradientDescent(0.4),
                        processes,
                        steps=steps,
                        start=3,
                        progress=False,
                        save=path if saved else None,
                    )
                    spent[saved][0] += time.perf_counter() - wall
                    spent[saved][1] += time.process_time() - processor
            checkpoints = store.checkpoints(path)
            kept = sum(info.bytes for info in checkpoints)
            everything = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            ratios = [spent[True][i] / spent[False][i] for i in (0, 1)]
            print(
                f"| {name} | {steps} | {ratios[0]:.2f} | {ratios[1]:.2f} | {(everything - kept) / steps:,.0f} | "
                f"{len(checkpoints)} | {kept:,} |"
            )


if __name__ == "__main__":
    measured(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
