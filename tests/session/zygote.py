"""Processes that are killed in mid-run: `python -m tests.session.zygote FOLDER SECONDS…` starts and kills one a number.

Everything is imported once, and nothing is computed before the processes part. Every process says in shared memory when
each of its steps was recorded, so that it can be seen afterwards what was lost.
"""

from __future__ import annotations

import importlib
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
STEPS, ROWS, RATE = 100_000, 25, 0.45


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
    torch.set_num_threads(1)
    run = Run(spec(), Destination(path))
    said = 0

    def note() -> None:
        nonlocal said
        step = run.status.step
        times[said + 1 : step + 1] = time.monotonic()
        said = max(said, step)

    run.on_change(note)
    begin(run).start().wait()


def kill_one(path: Path, seconds: float) -> tuple[np.ndarray, float]:
    """Start a run, end it by force `seconds` after its folder is there; when its steps were recorded, and when it ended."""
    shared = mmap.mmap(-1, 8 * (STEPS + 1))
    times = np.frombuffer(shared, dtype=np.float64)
    child = os.fork()
    if child == 0:
        try:
            go(path, times)
        finally:
            os._exit(1)
    while not (path / "run.json").exists():
        assert os.waitpid(child, os.WNOHANG) == (0, 0), "the process ended before it was killed"
        time.sleep(0.001)
    time.sleep(seconds)
    ended = time.monotonic()
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL, "the process ended before it was killed"
    return times.copy(), ended


def main(folder: str, *seconds: str) -> None:
    for module in LOADED:
        importlib.import_module(module)
    for i, wait in enumerate(seconds):
        times, ended = kill_one(Path(folder) / f"run{i}", float(wait))
        np.savez(Path(folder) / f"times{i}.npz", times=times[times > 0], ended=ended)


if __name__ == "__main__":
    main(*sys.argv[1:])
