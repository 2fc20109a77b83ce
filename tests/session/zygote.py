"""Processes that are killed in mid-run: `python -m tests.session.zygote FOLDER SECONDS…` starts and kills one a number.

Everything is imported once, and no gradient is computed before the processes part. Every process says in shared memory
when each of its steps was recorded, so that it can be seen afterwards what was lost. A few live at once, and each rests
after every step: what is written, and when, does not depend on how many steps there are.
"""

from __future__ import annotations

import importlib
import math
import mmap
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch

import rodflow_widgets as rf
from rodflow_widgets.session import Run, RunSpec
from rodflow_widgets.session.keeping import Destination

LOADED = ("filelock", "google_crc32c", "pyarrow.ipc", "rodflow_widgets.engine", "safetensors.numpy", "sklearn.datasets")
"""What a run loads when it begins: once, before the processes part."""
STEPS, ROWS, RATE = 100_000, 8, 0.45
AT_ONCE, REST = 3, 0.03


def spec() -> RunSpec:
    problem = rf.problems.digits_mlp(widths=(8,), n=60)
    return RunSpec(problem, rf.optimizers.GradientDescent(0.4), ("discrete", "rod", "stable"), steps=STEPS, start=3)


def begin(run: Run) -> Run:
    """Some rows, and a change of the learning rate that the rest is made with."""
    run.step(ROWS)
    run.set(learning_rate=RATE)
    return run


def go(path: Path, times: np.ndarray) -> None:
    """Go on until somebody ends this process."""
    run = Run(spec(), Destination(path))
    said = 0

    def note() -> None:
        nonlocal said
        step = run.status.step
        times[said + 1 : step + 1] = time.monotonic()
        said = max(said, step)
        if step > ROWS:
            time.sleep(REST)

    run.on_change(note)
    begin(run).start().wait()


class Child:
    """A process with a run, which is ended by force `seconds` after its folder is there."""

    def __init__(self, path: Path, seconds: float) -> None:
        self.path, self.seconds, self.due = path, seconds, math.inf
        self.times = np.frombuffer(mmap.mmap(-1, 8 * (STEPS + 1)), dtype=np.float64)
        self.process = os.fork()
        if self.process == 0:
            try:
                go(path, self.times)
            finally:
                os._exit(1)

    def ended(self) -> float | None:
        """When it was killed, if it was by now."""
        now = time.monotonic()
        if now < self.due:
            assert os.waitpid(self.process, os.WNOHANG) == (0, 0), "the process ended before it was killed"
            if self.due == math.inf and (self.path / "run.json").exists():
                self.due = now + self.seconds
            return None
        os.kill(self.process, signal.SIGKILL)
        assert os.waitpid(self.process, 0)[1] == signal.SIGKILL, "the process ended before it was killed"
        return now


def main(folder: str, *seconds: str) -> None:
    torch.set_num_threads(1)
    for module in LOADED:
        importlib.import_module(module)
    spec()  # loads what a problem needs
    left, running = list(enumerate(map(float, seconds))), {}
    while left or running:
        while left and len(running) < AT_ONCE:
            i, wait = left.pop(0)
            running[i] = Child(Path(folder) / f"run{i}", wait)
        for i, child in tuple(running.items()):
            ended = child.ended()
            if ended is not None:
                np.savez(Path(folder) / f"times{i}.npz", times=child.times[child.times > 0], ended=ended)
                del running[i]
        time.sleep(0.001)


if __name__ == "__main__":
    main(*sys.argv[1:])
