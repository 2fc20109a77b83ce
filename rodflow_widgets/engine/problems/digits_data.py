"""The 8 × 8 digits of scikit-learn and the losses and activations of the networks that learn them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import RodflowError
from ...vocabulary import Parameter

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "tanh": nn.Tanh,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "softplus": nn.Softplus,
    "relu": nn.ReLU,
}
PIXELS, CLASSES, EXAMPLES = 64, 10, 1797


def half_mean_squared_error(output: Tensor, target: Tensor) -> Tensor:
    """½ mean over examples of the squared distance to the target."""
    return ((output - target) ** 2).sum() / (2 * len(target))


half_mean_squared_error.label = "½ mean squared error"  # type: ignore[attr-defined]


def cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    return nn.functional.cross_entropy(output, target)


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"mse": half_mean_squared_error, "cross_entropy": cross_entropy}


def load(n: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """The first n images [n, 64] of one fixed permutation, centred, with standard deviation `scale`, and their digits [n]."""
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


def goals(digits: np.ndarray, loss: str) -> Tensor:
    """Targets of `loss`: one-hot rows [n, 10] for "mse", classes [n] for "cross_entropy"."""
    return torch.from_numpy(np.eye(CLASSES)[digits] if loss == "mse" else digits)


def examples(n: int) -> int:
    """`n` as a number of examples."""
    return int(Parameter("n", "examples", 500, 1, EXAMPLES).check(n))
