"""What a second process gives on this machine: weak and strong scaling of gradients, products and a run.

python benchmarks/parallel.py

Every time is the least of some repeats, in milliseconds. "one" is one process with n examples, "beside" the same in two
processes at once that know nothing of each other, "shared" two processes that share 2n. Weak scaling keeps what lies beside
the messages: one/beside is what the machine itself loses with both cores at work, one/shared what is left of it with the
messages, which "sum" takes alone. Strong scaling is against one process with all 2n: by two processes, and by two threads.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem, Simulation

VECTORS = 4
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Setting:
    """A tanh network with random data: its sizes, n examples a process, and how often each thing is measured.

    steps: of gradient descent and its rod; 0 leaves them out.
    """

    sizes: tuple[int, ...]
    n: int
    repeats: int
    steps: int

    def problem(self, n: int, parallel: str) -> Problem:
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(n, self.sizes[0], generator=generator, dtype=torch.float64)
        y = torch.randn(n, self.sizes[-1], generator=generator, dtype=torch.float64)
        torch.manual_seed(0)
        layers = [nn.Linear(a, b) for a, b in zip(self.sizes, self.sizes[1:], strict=False)]
        parts = [part for layer in layers for part in (layer, nn.Tanh())][:-1]
        return Problem(nn.Sequential(*parts).double(), nn.MSELoss(), x, y, parallel=parallel)


SETTINGS = (
    Setting((64, 32, 32, 10), 500, 400, 20),
    Setting((64, 512, 512, 10), 1000, 12, 0),
    Setting((784, 512, 512, 10), 500, 8, 0),
)
MODES = {
    # processes, threads of each, examples in units of n, how the problem is shared
    "one": (1, 1, 1, "off"),
    "beside": (2, 1, 1, "off"),
    "shared": (2, 1, 2, "auto"),
    "whole": (1, 1, 2, "off"),
    "threads": (1, 2, 2, "off"),
}


def least(action: Callable[[], object], repeats: int) -> float:
    action()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return 1e3 * min(times)


def measure(setting: Setting, mode: str) -> dict[str, float]:
    """Milliseconds in this process; `dim` and `processes` are counts."""
    _, threads, units, parallel = MODES[mode]
    torch.set_num_threads(threads)
    problem = setting.problem(units * setting.n, parallel)
    w, repeats = problem.w0, setting.repeats
    V = torch.randn(VECTORS, problem.dim, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    point = problem.at(w)
    found = {
        "dim": problem.dim,
        "processes": problem.processes,
        "gradient": least(lambda: problem.value_and_grad(w), repeats),
        "product": least(lambda: point.products(V), max(2, repeats // VECTORS)) / VECTORS,
    }
    if problem.group is not None:
        message = (w.new_zeros(()), torch.zeros_like(w))
        found["sum"] = least(lambda: problem.group.sums(message), repeats)
    if not setting.steps:
        return found
    run = Simulation(problem, rf.optimizers.GradientDescent(0.05), ("discrete", "rod"), steps=10**6)
    for _ in range(4):  # the rod begins at step 2, with its search for eigenvectors
        run.advance()
    found["step"] = least(run.advance, setting.steps)
    return found


def child(number: int, mode: str) -> None:
    found = measure(SETTINGS[number], mode)
    if int(os.environ.get("RANK", 0)) == 0:
        print(json.dumps(found), flush=True)


def asked(number: int, mode: str) -> dict[str, float]:
    processes, threads = MODES[mode][:2]
    start = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"] if processes > 1 else []
    done = subprocess.run(
        [sys.executable, *start, str(Path(__file__).resolve()), "--child", str(number), mode],
        env=os.environ | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--child", nargs=2, metavar=("NUMBER", "MODE"), help="what this script asks of itself")
    given = parser.parse_args()
    if given.child:
        child(int(given.child[0]), given.child[1])
        return
    columns = ("one", "beside", "shared", "sum", "one/beside", "one/shared", "whole", "threads")
    print("| network, n a process | parameters | what |", " | ".join(columns), "| whole/shared | whole/threads |")
    print("|" + "---|" * (len(columns) + 5))
    for number, setting in enumerate(SETTINGS):
        found = {mode: asked(number, mode) for mode in MODES}
        for what in [name for name in ("gradient", "product", "step") if name in found["one"]]:
            ms = {mode: values[what] for mode, values in found.items()}
            message = f"{found['shared']['sum']:.2f}" if what == "gradient" else ""
            cells = [
                "-".join(map(str, setting.sizes)) + f", {setting.n}",
                f"{found['one']['dim']:,}",
                what,
                *(f"{ms[mode]:.2f}" for mode in ("one", "beside", "shared")),
                message,
                f"{ms['one'] / ms['beside']:.2f}",
                f"**{ms['one'] / ms['shared']:.2f}**",
                *(f"{ms[mode]:.2f}" for mode in ("whole", "threads")),
                f"**{ms['whole'] / ms['shared']:.2f}**",
                f"{ms['whole'] / ms['threads']:.2f}",
            ]
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
