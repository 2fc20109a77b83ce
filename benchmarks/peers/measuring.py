"""What a method costs: CPU time over that of one gradient, and peak memory, both in a forked child; and what is true."""

from __future__ import annotations

import ctypes
import multiprocessing
import statistics
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from rodflow_widgets.engine.problem import Problem

from .methods import Look, by_eigsh, own_product, random_start

GRADIENTS_BEFORE, GRADIENTS_AFTER = 7, 4
REFERENCE_TOLERANCE = 1e-6
REFERENCE_BASIS = 25
STATUS, PEAK_RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Run:
    """Looks with the gradients that each cost in CPU time, and by how many MB memory rose at its peak."""

    looks: list[Look]
    gradients: list[float]
    megabytes: float


def reference(problem: Problem, w: Tensor, k: int, start: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The k largest eigenvalues, descending, and their vectors [p, k], by eigsh with a large basis and a residual of 1e-6."""
    first = random_start(problem.dim, 99) if start is None else start
    return by_eigsh(own_product(problem.at(w)), first, k, k + REFERENCE_BASIS, REFERENCE_TOLERANCE)


def apart(looks: Callable[[], Iterator[Look]], problem: Problem) -> Run:
    """Take the looks in a forked child, so that what one method leaves in memory is no other's.

    A gradient is timed after every look, and a few before and after all: their median is the unit, and what else the machine
    does falls upon both.
    """
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)

    def child() -> None:
        try:
            there.send(_taken(looks(), problem))
        except Exception:
            there.send(traceback.format_exc())

    process = context.Process(target=child)
    process.start()
    there.close()
    result = here.recv()
    process.join()
    if isinstance(result, str):
        raise RuntimeError(result)
    assert isinstance(result, Run)
    return result


def _taken(looks: Iterator[Look], problem: Problem) -> Run:
    w = problem.w0

    def gradient() -> float:
        begun = time.process_time()
        problem.value_and_grad(w)
        return time.process_time() - begun

    units = [gradient() for _ in range(GRADIENTS_BEFORE)]
    ctypes.CDLL(None).malloc_trim(0)
    PEAK_RESET.write_text("5")
    before = _status("VmRSS")
    found, seconds = [], []
    while True:
        begun = time.process_time()
        look = next(looks, None)
        if look is None:
            break
        seconds.append(time.process_time() - begun)
        found.append(look)
        units.append(gradient())
    peak = _status("VmHWM") - before
    units += [gradient() for _ in range(GRADIENTS_AFTER)]
    unit = statistics.median(units)
    return Run(found, [s / unit for s in seconds], peak / 1024)


def _status(field: str) -> int:
    """In kB; only Linux says it."""
    for line in STATUS.read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise OSError(f"{STATUS} has no {field}.")
