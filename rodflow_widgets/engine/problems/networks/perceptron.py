"""A multilayer perceptron from a Gaussian start."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from .activations import ACTIVATIONS


def perceptron(sizes: Sequence[int], activation: str, gain: float, seed: int) -> nn.Sequential:
    """Linear layers from sizes[i] to sizes[i + 1] with nonlinearities between; weights ~ N(0, gain² / fan_in), biases 0."""
    random = np.random.RandomState(seed)
    layers: list[nn.Module] = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        layer = nn.utils.skip_init(nn.Linear, fan_in, fan_out, dtype=torch.float64)
        weight = random.randn(fan_in * fan_out).reshape(fan_in, fan_out) * gain / math.sqrt(fan_in)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight.T))
            layer.bias.zero_()
        layers += [layer, ACTIVATIONS[activation]()]
    return nn.Sequential(*layers[:-1])
