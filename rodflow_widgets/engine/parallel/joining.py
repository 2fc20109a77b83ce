"""Finding the other processes of a torchrun job."""

from __future__ import annotations

import atexit
import os
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from ...errors import ArgumentError, ParallelError, unknown
from .group import Group

PARALLEL = ("auto", "off", "parts")
SECONDS = "RODFLOW_PARALLEL_SECONDS"
"""Environment variable: how long a process waits for the others."""
WAITS = 600.0
WANTED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun sets."""

_made: list[Group] = []


def joined(parallel: Any) -> Group | None:
    """The processes that share a problem: all of this torchrun job; None where there is one, or where parallel="off".

    The first call meets them, at the latest after RODFLOW_PARALLEL_SECONDS (600); the same group serves all problems, and is
    given up when the process ends. Where torch.distributed is initialised already its processes are taken.

    Raises:
        UnknownNameError, ArgumentError: `parallel`, or the environment, cannot be used.
        ParallelError: the others did not come, or a process has left since.
    """
    if parallel not in PARALLEL:
        raise unknown("parallel", parallel, PARALLEL)
    if parallel == "off" or not dist.is_available() or _size() < 2:
        return None
    if not _made:
        seconds = _seconds()
        made = _began(timedelta(seconds=seconds))
        _made.append(Group(made, seconds, whole=made is dist.group.WORLD))
        atexit.register(_made[0].end)
    _made[0].check()
    return _made[0]


def _size() -> int:
    if dist.is_initialized():
        return dist.get_world_size()
    if not all(name in os.environ for name in WANTED):
        return 1
    number = os.environ["WORLD_SIZE"]
    if not number.isdecimal():
        raise ArgumentError(f"WORLD_SIZE={number!r} is no number of processes: start the script with torchrun.")
    return int(number)


def _seconds() -> float:
    given = os.environ.get(SECONDS, str(WAITS))
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise ArgumentError(f"{SECONDS}={given!r} is not usable: give seconds, e.g. {SECONDS}=600.")
    return seconds


def _began(timeout: timedelta) -> Any:
    """The handle of torch: of all processes, or a copy of a group that somebody else has begun."""
    try:
        if dist.is_initialized():
            return dist.new_group(timeout=timeout)
        gpus = torch.cuda.is_available() and dist.is_nccl_available()
        dist.init_process_group("cpu:gloo,cuda:nccl" if gpus else "gloo", timeout=timeout)
    except (RuntimeError, ValueError) as error:
        raise ParallelError(
            f"The {_size()} processes of this run did not find each other within {timeout.total_seconds():g} s "
            f"({str(error).splitlines()[0]}): let all of them run the same script, as torchrun does."
        ) from error
    return dist.group.WORLD
