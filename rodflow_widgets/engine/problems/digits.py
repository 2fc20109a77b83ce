"""A small network on scikit-learn's handwritten digits: a real problem that reaches its edge within seconds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from ...errors import ArgumentError, unknown
from ...vocabulary import Parameter
from ..flows.base import whole
from ..problem import Problem
from ..registry import PROBLEMS, lookup, register
from .digits_data import ACTIVATIONS, CLASSES, LOSSES, PIXELS, examples, goals, load


@register(
    PROBLEMS,
    "digits_mlp",
    choices={"activation": tuple(ACTIVATIONS), "loss": tuple(LOSSES), "targets": ("classes", "sign")},
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
    hidden = _widths(widths)
    lookup(ACTIVATIONS, "activation", activation)
    lookup(LOSSES, "loss", loss)
    if targets not in ("classes", "sign"):
        raise unknown("targets", targets, ("classes", "sign"))
    if targets == "sign" and loss != "mse":
        raise ArgumentError(f"loss={loss!r} needs classes: give targets='classes', or loss='mse'.")
    scale = Parameter("input_scale", "input scale", 1.0, 0.0, 1e3, open_lower=True).check(input_scale)
    size = Parameter("gain", "gain", 0.7, 0.0, 1e3, open_lower=True).check(gain)

    x, y = load(examples(n), scale)
    outputs = CLASSES if targets == "classes" else 1
    sizes = (PIXELS, *hidden, outputs)
    model = _network(sizes, activation, size, whole("seed", seed, 0, upper=2**32 - 1))
    goal = torch.from_numpy(np.where(y >= 5, 1.0, -1.0)[:, None]) if targets == "sign" else goals(y, loss)
    name = f"digits MLP {'-'.join(map(str, sizes))} {activation}"
    return Problem(model, LOSSES[loss], torch.from_numpy(x), goal, dtype=dtype, device=device, name=name)


def _widths(widths: Sequence[int]) -> tuple[int, ...]:
    try:
        hidden = tuple(widths)
    except TypeError:
        hidden = (widths,)  # type: ignore[assignment]
    if not all(isinstance(w, int) and not isinstance(w, bool) and w > 0 for w in hidden):
        raise ArgumentError(f"widths={widths!r} is not usable: give the sizes of the hidden layers, e.g. (32, 32).")
    return hidden


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
