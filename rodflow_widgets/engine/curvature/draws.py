"""Random vectors of one run, or of several together from a generator each."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Draws:
    """Normal numbers from a seed; from several seeds, rows of one tensor, each as it would be drawn alone."""

    def __init__(self, seed: int | Sequence[int]) -> None:
        self._together = not isinstance(seed, int)
        seeds = [seed] if isinstance(seed, int) else seed
        self._generators = [torch.Generator().manual_seed(one) for one in seeds]

    def normal(self, *shape: int, like: Tensor) -> Tensor:
        """[*shape], or [runs, *shape]; drawn in float64 on the host, on the device and in the dtype of `like`."""
        drawn = [
            torch.randn(shape, generator=generator, dtype=torch.float64).to(like.dtype)
            for generator in self._generators
        ]
        return (torch.stack(drawn) if self._together else drawn[0]).to(like.device)
