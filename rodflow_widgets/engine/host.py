"""The one door from the device to the host: every wait for the device goes through `fetch`, or reads a `Letter` sent before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

WITHOUT_FLOAT64 = ("mps",)
"""Device types that hold no float64 number."""


def wide(device: torch.device) -> torch.dtype:
    """The widest floating dtype of a device: float64, or float32 where there is none."""
    return torch.float32 if device.type in WITHOUT_FLOAT64 else torch.float64


def fetch(tensors: Sequence[Tensor]) -> list[np.ndarray]:
    """Bring `tensors` to the host in one copy and return float64 arrays of their shapes.

    This is the only place of the engine that waits for the device: the copy goes into pinned memory without blocking, and
    the host waits for its end alone. On a CPU it is a copy that a dispatch mode can count.
    """
    if not tensors:
        return []
    dtype = wide(tensors[0].device)
    host = (
        _copied(torch.cat([t.detach().reshape(-1).to(dtype) for t in tensors])).numpy().astype(np.float64, copy=False)
    )
    arrays, start = [], 0
    for t in tensors:
        arrays.append(host[start : start + t.numel()].reshape(tuple(t.shape)))
        start += t.numel()
    return arrays


def _copied(flat: Tensor) -> Tensor:
    """`flat` on the host, in memory of its own."""
    if flat.device.type != "cuda":
        return flat.to(device="cpu", copy=True)
    page = torch.empty(flat.shape, dtype=flat.dtype, pin_memory=True)
    page.copy_(flat, non_blocking=True)
    arrived = torch.cuda.Event()
    arrived.record(torch.cuda.current_stream(flat.device))
    arrived.synchronize()
    return page


def upload(array: np.ndarray, like: Tensor) -> Tensor:
    """A small host array as a tensor of the device and dtype of `like`; the host does not wait for it."""
    kind = np.float32 if like.dtype == torch.float32 else np.float64
    return torch.from_numpy(np.array(array, dtype=kind, order="C")).to(device=like.device, non_blocking=True)


class Letter:
    """A few numbers on their way to the host: sent now without waiting, read when the device has surely come so far.

    Reading waits only for a device that is still behind the moment of sending; whoever reads some steps later lets it work
    on, and gets the same numbers whenever that is.
    """

    def __init__(self, numbers: Tensor) -> None:
        numbers = numbers.detach()
        cuda = numbers.device.type == "cuda"
        self._host = torch.empty(numbers.shape, dtype=numbers.dtype, pin_memory=cuda)
        self._host.copy_(numbers, non_blocking=cuda)
        self._sent = torch.cuda.current_stream(numbers.device).record_event() if cuda else None

    def read(self) -> np.ndarray:
        """The numbers, float64."""
        if self._sent is not None:
            self._sent.synchronize()
        return self._host.numpy().astype(np.float64)
