"""The one door from the device to the host: every wait for the device goes through `fetch`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def fetch(tensors: Sequence[Tensor]) -> list[np.ndarray]:
    """Bring `tensors` to the host in one copy and return float64 arrays of their shapes.

    This is the only place of the engine that waits for the device; on a CPU it is a copy that a dispatch mode can count.
    """
    if not tensors:
        return []
    flat = torch.cat([t.detach().reshape(-1).to(torch.float64) for t in tensors])
    host = flat.to(device="cpu", copy=True).numpy()
    arrays, start = [], 0
    for t in tensors:
        arrays.append(host[start : start + t.numel()].reshape(tuple(t.shape)))
        start += t.numel()
    return arrays


def upload(array: np.ndarray, like: Tensor) -> Tensor:
    """A small host array as a tensor of the device and dtype of `like`; the host does not wait for it."""
    return torch.from_numpy(np.array(array, order="C")).to(device=like.device, dtype=like.dtype, non_blocking=True)
