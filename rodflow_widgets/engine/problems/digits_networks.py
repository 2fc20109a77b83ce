"""Larger kinds of networks on the handwritten digits."""

from __future__ import annotations

import torch

from ...vocabulary import Whole
from ..problem import Problem
from ..registry import PROBLEMS, register
from .digits_data import SIDE, count, digits
from .images import CLASSES
from .networks import Convolutional, Residual, RowLSTM, VisionTransformer, size, started
from .options import LOSS, SEED, activation, attentive, channels, recurrent, residual


@register(
    PROBLEMS,
    "digits_cnn",
    label="digits CNN",
    parameters=(channels(8), activation("tanh"), LOSS, count(300), SEED),
)
def digits_cnn(
    channels: int = 8,
    activation: str = "tanh",
    loss: str = "mse",
    n: int = 300,
    seed: int = 0,
    *,
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "auto",
) -> Problem:
    """A small convolutional network on the 8 × 8 digits, full batch.

    As it stands, gradient descent comes to its edge after about 100 steps at learning_rate 0.6, and starts there at 1.

    Args:
        channels: of the first layer; the second has twice as many.
        activation, loss, n, seed: as for digits_mlp; weights uniform in ±1/√fan_in, biases 0.
    """
    model = started(lambda: Convolutional(SIDE, CLASSES, channels, activation), seed)
    return digits(n).problem(model, f"CNN, {size(model)}", loss, dtype, device)


@register(
    PROBLEMS,
    "digits_transformer",
    label="digits transformer",
    parameters=(
        Whole("width", "width", 16, 1, meaning="of the tokens, a multiple of the heads"),
        Whole("heads", "heads", 2, 1, meaning="of the attention"),
        activation("gelu"),
        LOSS,
        count(300),
        SEED,
    ),
)
def digits_transformer(
    width: int = 16,
    heads: int = 2,
    activation: str = "gelu",
    loss: str = "mse",
    n: int = 300,
    seed: int = 0,
    *,
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "auto",
) -> Problem:
    """A small transformer whose tokens are the rows of the 8 × 8 digits, full batch.

    One block, and no normalisation after it. As it stands, gradient descent comes to its edge after about 70 steps at
    learning_rate 0.3.

    Args:
        width: of the tokens, a multiple of `heads`.
        heads: of the attention.
        activation, loss, n, seed: as for digits_mlp; weights uniform in ±1/√fan_in, biases 0.
    """
    rows = (1, SIDE)
    model = started(lambda: VisionTransformer(SIDE, CLASSES, rows, width, 1, heads, activation, normalised=False), seed)
    return digits(n).problem(model, f"transformer, {size(model)}", loss, dtype, device)


@register(
    PROBLEMS,
    "digits_resnet",
    label="digits ResNet",
    parameters=(*residual(stages=2), activation("silu"), LOSS, count(100), SEED),
)
def digits_resnet(
    channels: int = 4,
    blocks: int = 1,
    stages: int = 2,
    groups: int = 2,
    activation: str = "silu",
    loss: str = "mse",
    n: int = 100,
    seed: int = 0,
    *,
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "auto",
) -> Problem:
    """A residual network with group normalisation on the 8 × 8 digits, full batch.

    As it stands, gradient descent comes to its edge after about 60 steps at learning_rate 0.08.

    Args:
        channels: of the first stage, a multiple of `groups`; each further stage has twice as many.
        blocks: of a stage, each with two 3 × 3 convolutions.
        stages: at most 4; each further one at half of the resolution.
        groups: of the normalisation.
        activation, loss, n, seed: as for digits_mlp; weights uniform in ±1/√fan_in, biases 0.
    """
    model = started(lambda: Residual(SIDE, CLASSES, channels, blocks, stages, groups, activation), seed)
    return digits(n).problem(model, f"ResNet, {size(model)}", loss, dtype, device)


@register(
    PROBLEMS,
    "digits_vit",
    label="digits vision transformer",
    parameters=(
        Whole("patch", "patch", 2, 1, SIDE, unit="pixels", meaning="height and width of a patch, 1, 2, 4 or 8"),
        *attentive(width=8, depth=1),
        activation("gelu"),
        LOSS,
        count(100),
        SEED,
    ),
)
def digits_vit(
    patch: int = 2,
    width: int = 8,
    depth: int = 1,
    heads: int = 2,
    activation: str = "gelu",
    loss: str = "mse",
    n: int = 100,
    seed: int = 0,
    *,
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "auto",
) -> Problem:
    """A vision transformer with layer normalisation on square patches of the 8 × 8 digits, full batch.

    As it stands, gradient descent comes to its edge after about 180 steps at learning_rate 0.06.

    Args:
        patch: height and width of a patch, a divisor of 8.
        width: of the tokens, a multiple of `heads`.
        depth: number of blocks, each with attention and two linear layers.
        heads: of the attention.
        activation, loss, n, seed: as for digits_mlp; weights uniform in ±1/√fan_in, biases 0.
    """
    square = (patch, patch)
    model = started(lambda: VisionTransformer(SIDE, CLASSES, square, width, depth, heads, activation), seed)
    return digits(n).problem(model, f"vision transformer, {size(model)}", loss, dtype, device)


@register(
    PROBLEMS,
    "digits_lstm",
    label="digits LSTM",
    parameters=(*recurrent(width=12), LOSS, count(100), SEED),
)
def digits_lstm(
    width: int = 12,
    depth: int = 1,
    loss: str = "mse",
    n: int = 100,
    seed: int = 0,
    *,
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "auto",
) -> Problem:
    """An LSTM that reads the rows of the 8 × 8 digits one after the other, full batch.

    As it stands, gradient descent comes to its edge after about 140 steps at learning_rate 1.

    Args:
        width: of the hidden state.
        depth: layers, one on top of the other.
        loss, n, seed: as for digits_mlp; weights uniform in ±1/√fan_in, biases 0.
    """
    model = started(lambda: RowLSTM(SIDE, CLASSES, width, depth), seed)
    return digits(n).problem(model, f"LSTM, {size(model)}", loss, dtype, device)
