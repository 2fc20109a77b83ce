"""Peak memory of loss, gradient and eight Hessian-vector products as the batch grows, with and without micro-batches.

python benchmarks/memory.py

Each figure is the peak of a process of its own over what it held when the problem was made, data and checks included, in MB.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import torch
from torch import nn

from rodflow_widgets.engine import Problem

WIDTH, DEPTH, VECTORS = 256, 6, 8
SIZES = (2000, 4000, 8000)
WAYS = {
    "whole batch": {},
    "batch_size = 500": dict(batch_size=500),
    "whole batch, checkpoint": dict(checkpoint=[str(i) for i in range(DEPTH)]),
    "batch_size = 500, finite differences": dict(batch_size=500, hessian="finite-difference"),
}
WHATS = ("loss", "gradient", "products")


def made(n: int, options: dict) -> Problem:
    torch.manual_seed(0)
    block = [
        nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH), nn.Tanh()) for _ in range(DEPTH)
    ]
    model = nn.Sequential(*block, nn.Linear(WIDTH, 10))
    return Problem(model, nn.MSELoss(), torch.randn(n, WIDTH), torch.randn(n, 10), **options)


def megabytes() -> float:
    """The most that this process ever held."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def measure(n: int, what: str, options: dict) -> float:
    """The peak above that of the same with 16 examples, which pays for libraries and their buffers."""
    torch.set_num_threads(1)

    def act(problem: Problem) -> None:
        w, generator = problem.w0, torch.Generator().manual_seed(0)
        if what == "loss":
            problem.loss(w)
        elif what == "gradient":
            problem.value_and_grad(w)
        else:
            problem.at(w).products(torch.randn(VECTORS, problem.dim, generator=generator))

    act(made(16, options))
    before = megabytes()
    act(made(n, options))
    return megabytes() - before


def main() -> None:
    print("| what | how | " + " | ".join(f"n = {n}" for n in SIZES) + " |")
    print("|---|---|" + "---|" * len(SIZES))
    for what in WHATS:
        for how, options in WAYS.items():
            row = []
            for n in SIZES:
                command = [sys.executable, __file__, json.dumps([n, what, options])]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                row.append(f"{float(done.stdout):.0f}")
            print(f"| {what} | {how} | " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(measure(*json.loads(sys.argv[1])))
    else:
        main()
