"""What a sweep needs of the memory, and what there is of it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import numpy as np
import torch

from ..errors import ArgumentError
from .plan import Plan

VECTORS = 16
"""Parameter vectors of one run beside those of its spectra: iterates, moments, gradients, origin, midpoints, copies."""
SPECTRUM = 6
"""Parameter vectors for every one that a spectrum follows: basis, residuals, images, both again while they are rotated."""
GROWTH = 2
"""A table that is full is copied into one of twice its size."""
CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
    ),
)


def fitting(plan: Plan, at_once: int, hands: int = 1, free: float | None = None) -> int:
    """How many runs can be computed together, at most `at_once`, beside the recordings of all.

    Args:
        hands: how many such batches are computed at the same time on this machine.
        free: bytes; None asks the system.

    Raises:
        ArgumentError: not even one can; says what is needed and what there is.
    """
    free = available() if free is None else free
    kept, one = recordings(plan), working(plan)
    room = int((free - kept) // (hands * one))
    if room < 1:
        request = plan.requests[0]
        count = f"{len(plan.points):,} {'run' if len(plan.points) == 1 else 'runs'}"
        together = f" in {hands} processes" if hands > 1 else ""
        raise ArgumentError(
            f"The sweep needs {amount(kept + hands * one)} of memory and {amount(free)} are free: recordings of {count} × "
            f"{rows(plan):,} rows × {columns(plan):,} columns take {amount(kept)} while their tables grow, and one run at a time{together} takes "
            f"{amount(hands * one)}. Give a larger every (it is {request.every}), fewer snapshots, or several shorter sweeps."
        )
    return min(at_once, room)


def recordings(plan: Plan) -> int:
    """Bytes of the recordings of all runs when they have ended."""
    request = plan.requests[0]
    kept = len(request.snapshots) * (len(request.flows) + request.shown) * plan.problem.dim
    return len(plan.points) * 8 * (GROWTH * rows(plan) * columns(plan) + kept)


def rows(plan: Plan) -> int:
    """Of every process of a run, at the most."""
    request = plan.requests[0]
    return -(-request.steps // request.every) + 1


def columns(plan: Plan) -> int:
    """Numbers in a row of all processes."""
    return sum(column.width for lane in plan.requests[0].shown_lanes() for column in lane.columns)


def working(plan: Plan) -> int:
    """Bytes that one run of a batch takes while it is computed: vectors of all processes, and the graph of one gradient."""
    from ..engine.curvature.following import TRACKED

    request, problem = plan.requests[0], plan.problem
    item = torch.finfo(problem.dtype).bits // 8
    followed = max(request.eigenvalues, TRACKED)
    vectors = 0
    for lane in request.lanes():
        guard = 4 if lane.flow is None else lane.flow.process.guard
        vectors += VECTORS + SPECTRUM * 2 * (followed + guard)
    return item * vectors * problem.dim + _graph(plan)


def _graph(plan: Plan) -> int:
    """Bytes that autograd keeps for the products at one point."""
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        plan.problem.at(plan.problem.w0)
    return sum(kept.values())


def available() -> float:
    """Bytes that this process can still have: of the machine, and of the container that it is in."""
    found = [_machine(), *(_container(*names) for names in CGROUPS)]
    return min(found)


def _machine() -> float:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024.0 * int(line.split()[1])
    with contextlib.suppress(AttributeError, OSError, ValueError):
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return float("inf")


def _container(limit: str, usage: str, stat: str) -> float:
    """What is left of a control group, in which pages of files that can be dropped do not count."""
    try:
        most, used = int(Path(limit).read_text()), int(Path(usage).read_text())
        said = dict(line.split(" ", 1) for line in Path(stat).read_text().splitlines())
        files = int(said.get("inactive_file", said.get("total_inactive_file", 0)))
    except (OSError, ValueError):
        return float("inf")
    return max(0.0, float(most - used + files))


def amount(count: float) -> str:
    """Bytes for a person."""
    if count < 1000:
        return f"{count:,.0f} bytes"
    power = min(int(np.log10(count)) // 3, 4)
    return f"{count / 1000**power:,.1f} {('kB', 'MB', 'GB', 'TB')[power - 1]}"
