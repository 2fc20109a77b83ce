"""A multilayer perceptron on the handwritten digits: a real problem that reaches its edge within seconds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from ...errors import ArgumentError
from ...vocabulary import Choice, Several, Whole
from ..problem import Problem
from ..registry import PROBLEMS, register
from .digits_data import (
    ACTIVATIONS,
    CLASSES,
    INPUT_SCALE,
    LOSS,
    PIXELS,
    SEED,
    activation,
    classifier,
    count,
    gain,
    half_mean_squared_error,
    load,
)


@register(
    PROBLEMS,
    "digits_mlp",
    label="digits MLP",
    parameters=(
        Several(Whole("widths", "hidden layers", 32, 1), (32, 32), meaning="sizes of the hidden layers"),
        activation("tanh"),
        LOSS,
        count(500),
        SEED,
        gain(0.7, "weights ~ N(0, gain² / fan-in), biases 0"),
        INPUT_SCALE,
        Choice(
            "targets",
            "targets",
            "classes",
            ("classes", "sign"),
            "ten outputs, or one: +1 for digits from 5 on, else −1",
        ),
    ),
)
def digits_mlp(
    widths: Sequence[int] = (32, 32),
    activation: str = "tanh",
    loss: str = "mse",
    n: int = 500,
    seed: int = 0,
    *,
    gain: float = 0.7,
    input_scale: float = 1.0,
    targets: str = "classes",
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "auto",
) -> Problem:
    """A multilayer perceptron on the 8 × 8 digits of scikit-learn, full batch.

    Args:
        widths: hidden layers.
        activation: tanh, silu, gelu, softplus or relu.
        loss: "mse" (½ mean squared distance to one-hot targets) or "cross_entropy".
        n: number of examples, at most 1797.
        seed: of the weights; the examples are always the first n of one fixed permutation.
        gain: weights ~ N(0, gain² / fan_in), biases 0.
        input_scale: standard deviation of the centred pixels.
        targets: "classes" (ten outputs) or "sign" (one output, +1 for digits of at least 5, else −1; mse only).
    """
    if targets == "sign" and loss != "mse":
        raise ArgumentError(f"loss={loss!r} needs classes: give targets='classes', or loss='mse'.")
    sizes = (PIXELS, *widths, CLASSES if targets == "classes" else 1)
    model = _network(sizes, activation, gain, seed)
    name = f"digits MLP {'-'.join(map(str, sizes))} {activation}"
    if targets == "classes":
        return classifier(model, loss, n, input_scale, name, dtype, device)
    x, y = load(n, input_scale)
    sign = torch.from_numpy(np.where(y >= 5, 1.0, -1.0)[:, None])
    return Problem(model, half_mean_squared_error, torch.from_numpy(x), sign, dtype=dtype, device=device, name=name)


def _network(sizes: Sequence[int], activation: str, gain: float, seed: int) -> nn.Sequential:
    random = np.random.RandomState(seed)
    layers: list[nn.Module] = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        layer = nn.Linear(fan_in, fan_out, dtype=torch.float64)
        weight = random.randn(fan_in * fan_out).reshape(fan_in, fan_out) * gain / math.sqrt(fan_in)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight.T))
            layer.bias.zero_()
        layers += [layer, ACTIVATIONS[activation]()]
    return nn.Sequential(*layers[:-1])
