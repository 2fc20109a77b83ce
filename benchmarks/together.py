"""CPU time of many runs one after the other over that of the same runs as one batch, in one process, one thread.

python benchmarks/together.py

The digits MLP 64-16-10 (1,210 parameters, n = 100), gradient descent, 100 steps. Of 64 runs every fourth is timed alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

import rodflow_widgets as rf

STEPS = 100
KINDS = ("learning rates", "starts")


def cpu(work: Callable[[], Any]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def asked(problem: Any, kind: str, runs: int) -> tuple[list[Any], list[torch.Tensor]]:
    """Optimizers and starting points: learning rates from 0.1 to 0.8, in ratio, or 0.4 from points 5 % apart."""
    if kind == "learning rates":
        rates = [0.1 * 8 ** (i / (runs - 1)) for i in range(runs)]
        return [rf.optimizers.GradientDescent(rate) for rate in rates], [problem.w0] * runs
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(runs, problem.dim, generator=generator, dtype=torch.float64).to(problem.dtype)
    return [rf.optimizers.GradientDescent(0.4)] * runs, list(problem.w0 * (1 + 0.05 * noise))


def ratio(problem: Any, kind: str, runs: int, processes: tuple[str, ...], every: int, steps: int) -> list[float]:
    """CPU milliseconds a step of one run, alone and in the batch, and their ratio."""
    optimizers, starts = asked(problem, kind, runs)
    options = dict(steps=steps, every=every, progress=False)
    few = range(0, runs, 4 if runs > 16 else 1)
    alone = cpu(
        lambda: rf.simulate_many(
            problem, [optimizers[i] for i in few], processes, starts=[starts[i] for i in few], at_once=1, **options
        )
    ) / len(few)
    batch = cpu(lambda: rf.simulate_many(problem, optimizers, processes, starts=starts, **options)) / runs
    return [1e3 * alone / steps, 1e3 * batch / steps, alone / batch]


def main() -> None:
    torch.set_num_threads(1)
    small = {
        dtype: rf.problems.digits_mlp(widths=(16,), n=100, dtype=getattr(torch, dtype))
        for dtype in ("float64", "float32")
    }
    rf.simulate_many(small["float64"], [rf.optimizers.GradientDescent(0.2)] * 2, steps=4, progress=False)
    flows = ("discrete", "rod", "stable")
    cases = [
        *(("float64", kind, runs, flows, every) for kind in KINDS for runs in (16, 64) for every in (1, 10)),
        *(("float64", "starts", runs, ("discrete",), every) for runs in (16, 64) for every in (1, 10)),
        ("float32", "starts", 64, flows, 1),
        ("float32", "starts", 64, flows, 10),
    ]
    print("| runs | differ in | dtype | processes | measured every | alone, ms a step | in the batch | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    for dtype, kind, runs, processes, every in cases:
        alone, batch, share = ratio(small[dtype], kind, runs, processes, every, STEPS)
        what = ", ".join(processes)
        print(f"| {runs} | {kind} | {dtype} | {what} | {every} | {alone:.1f} | {batch:.2f} | {share:.1f} |", flush=True)


if __name__ == "__main__":
    main()
