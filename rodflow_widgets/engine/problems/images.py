"""Images with their classes, and the problem of a network that tells them apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ...vocabulary import Whole
from ..problem import Problem
from .losses import LOSSES

CLASSES = 10


@dataclass(frozen=True)
class Images:
    """The examples of a problem.

    Args:
        name: for people.
        side: height and width of the images, in pixels.
        pixels: [n, side²], float64.
        classes: [n], int64, from 0 to 9.
    """

    name: str
    side: int
    pixels: np.ndarray
    classes: np.ndarray

    def targets(self, loss: str) -> Tensor:
        """What a loss compares with: one-hot [n, 10] for "mse", else the classes [n]."""
        return torch.from_numpy(np.eye(CLASSES)[self.classes] if loss == "mse" else self.classes)

    def problem(
        self, model: nn.Module, kind: str, loss: str, dtype: torch.dtype, device: str | torch.device
    ) -> Problem:
        """The ten-class problem of a network that takes the pixels [n, side²]; `kind` says which, for people."""
        x, y = torch.from_numpy(self.pixels), self.targets(loss)
        return Problem(model, LOSSES[loss], x, y, dtype=dtype, device=device, name=f"{self.name} {kind}")


def count(default: int, examples: int, which: str) -> Whole:
    """How many of the images are learned."""
    return Whole("n", "examples", default, 1, examples, meaning=which)
