"""Normalisations in plain operations.

Of torch's fused ones, layer_norm, batch_norm in training and instance_norm give wrong third derivatives without saying
so, and group_norm has no batched Hessian-vector products; see `docs/derivatives.md`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ....errors import ArgumentError

EPSILON = 1e-5


class LayerNorm(nn.Module):
    """Each token [width] centred and divided by its standard deviation, then scaled and shifted, as nn.LayerNorm."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean(-1, keepdim=True)
        return self.weight * centred / ((centred * centred).mean(-1, keepdim=True) + EPSILON).sqrt() + self.bias


class GroupNorm(nn.Module):
    """Each of `groups` groups of the channels of x [n, channels, h, w] normalised by itself, as nn.GroupNorm."""

    def __init__(self, groups: int, channels: int) -> None:
        super().__init__()
        if channels % groups:
            raise ArgumentError(f"groups={groups} is not usable: give a divisor of channels={channels}.")
        self.groups = groups
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        grouped = x.reshape(len(x), self.groups, -1)
        centred = grouped - grouped.mean(-1, keepdim=True)
        normal = centred / ((centred * centred).mean(-1, keepdim=True) + EPSILON).sqrt()
        return normal.reshape(x.shape) * self.weight[:, None, None] + self.bias[:, None, None]
