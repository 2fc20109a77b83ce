"""What the problems on scikit-learn's handwritten digits share: images, losses, activations, and their options."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import RodflowError
from ...vocabulary import Choice, Parameter, Whole
from ..problem import Problem

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "tanh": nn.Tanh,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "softplus": nn.Softplus,
    "relu": nn.ReLU,
}
SIDE, PIXELS, CLASSES, EXAMPLES = 8, 64, 10, 1797


def half_mean_squared_error(output: Tensor, target: Tensor) -> Tensor:
    """½ mean over examples of the squared distance to the target."""
    return ((output - target) ** 2).sum() / (2 * len(target))


half_mean_squared_error.label = "½ mean squared error"  # type: ignore[attr-defined]


def cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    return nn.functional.cross_entropy(output, target)


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"mse": half_mean_squared_error, "cross_entropy": cross_entropy}

LOSS = Choice("loss", "loss", "mse", tuple(LOSSES), "½ mean squared distance to one-hot targets, or cross-entropy")
SEED = Whole("seed", "weight seed", 0, 0, 2**32 - 1, meaning="of the random start")
INPUT_SCALE = Parameter(
    "input_scale",
    "input scale",
    1.0,
    0.0,
    1e3,
    scale="log",
    meaning="standard deviation of the centred pixels",
    open_lower=True,
)


def activation(default: str) -> Choice:
    """The nonlinearity of a network."""
    return Choice("activation", "activation", default, tuple(ACTIVATIONS), "nonlinearity between the layers")


def count(default: int) -> Whole:
    """How many of the images are learned."""
    return Whole("n", "examples", default, 1, EXAMPLES, meaning="the first n of one fixed permutation")


def gain(default: float, meaning: str) -> Parameter:
    """The size of the random start."""
    return Parameter("gain", "gain", default, 0.0, 1e3, scale="log", meaning=meaning, open_lower=True)


def load(n: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """The first n images [n, 64] of one fixed permutation, centred, with standard deviation `scale`, and their classes [n].

    Raises:
        RodflowError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise RodflowError(
            "the digits come with scikit-learn, which is not installed: pip install scikit-learn."
        ) from error
    data = load_digits()
    x = data.data / 16.0
    x = x - x.mean(0)
    x = x / x.std() * scale
    chosen = np.random.RandomState(0).permutation(len(x))[:n]
    return x[chosen], data.target[chosen].astype(np.int64)


def goals(y: np.ndarray, loss: str) -> Tensor:
    """The targets of a loss for classes [n]: one-hot [n, 10] for "mse", else the classes."""
    return torch.from_numpy(np.eye(CLASSES)[y] if loss == "mse" else y)


def classifier(
    model: nn.Module, loss: str, n: int, scale: float, name: str, dtype: torch.dtype, device: str | torch.device
) -> Problem:
    """The ten-class problem of a network that takes the pixels [n, 64]."""
    x, y = load(n, scale)
    return Problem(model, LOSSES[loss], torch.from_numpy(x), goals(y, loss), dtype=dtype, device=device, name=name)
