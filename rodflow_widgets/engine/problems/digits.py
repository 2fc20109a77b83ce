"""A multilayer perceptron on the handwritten digits: a real problem that reaches its edge within seconds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ...errors import ArgumentError
from ...vocabulary import Choice, Several, Whole
from ..problem import Problem
from ..registry import PROBLEMS, register
from .digits_data import PIXELS, count, digits
from .images import CLASSES
from .losses import half_mean_squared_error
from .networks import perceptron
from .options import INPUT_SCALE, LOSS, SEED, activation, gain


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
        gain(0.7),
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
    images = digits(n, input_scale)
    sizes = (PIXELS, *widths, CLASSES if targets == "classes" else 1)
    model = perceptron(sizes, activation, gain, seed)
    kind = f"MLP {'-'.join(map(str, sizes))} {activation}"
    if targets == "classes":
        return images.problem(model, kind, loss, dtype, device)
    sign = torch.from_numpy(np.where(images.classes >= 5, 1.0, -1.0)[:, None])
    x, name = torch.from_numpy(images.pixels), f"{images.name} {kind}"
    return Problem(model, half_mean_squared_error, x, sign, dtype=dtype, device=device, name=name)
