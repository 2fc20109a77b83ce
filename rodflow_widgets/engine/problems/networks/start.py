"""Where the parameters of a network begin, drawn from a generator of its own."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn


def started(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """The network that `make` returns in float64, weights uniform in ±1/√fan_in, biases 0, factors of a normalisation 1.

    The generator of torch is left as it was.
    """
    with torch.random.fork_rng(devices=()):
        model = make().to(torch.float64)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                bound = 1 / math.sqrt(parameter[0].numel())
                drawn = torch.rand(parameter.shape, generator=generator, dtype=torch.float64)
                parameter.copy_(bound * (2 * drawn - 1))
            elif not bool((parameter == 1).all()):
                parameter.zero_()
    return model


def size(model: nn.Module) -> str:
    """The number of parameters, in words."""
    return f"{sum(p.numel() for p in model.parameters()):,} parameters"
