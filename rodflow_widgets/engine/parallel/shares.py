"""Which examples a process holds, and on which device."""

from __future__ import annotations

import os

import torch

from ...errors import ArgumentError, ProblemError


def share(n: int, rank: int, size: int) -> tuple[int, int]:
    """First and last + 1 of the examples of process `rank`: as many each, one more for the first n mod size.

    Raises ProblemError where a process would have none.
    """
    if n < size:
        raise ProblemError(
            f"the batch holds {n} examples, fewer than the {size} processes that share it: start at most {n} processes."
        )
    each, more = divmod(n, size)
    start = rank * each + min(rank, more)
    return start, start + each + (rank < more)


def own_device(device: torch.device) -> torch.device:
    """The device of this process where a script names `device`: of GPUs the one that torchrun counts it to (LOCAL_RANK)."""
    if device.type == "cpu":
        return device
    if device.type != "cuda":
        raise ArgumentError(
            f"device={str(device)!r} cannot be shared between processes: torch.distributed sums on the CPU (gloo) and on "
            "CUDA (nccl). Give device='cpu', or parallel='off'."
        )
    number, there = int(os.environ.get("LOCAL_RANK", device.index or 0)), torch.cuda.device_count()
    if number >= there:
        raise ArgumentError(
            f"process {number} of this machine has no GPU of its own, there are {there}: start --nproc-per-node={there}, or "
            "give device='cpu'."
        )
    own = torch.device("cuda", number)
    torch.cuda.set_device(own)
    return own
