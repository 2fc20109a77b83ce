"""Networks on Fashion-MNIST, read from its IDX files."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ...vocabulary import Several, Whole
from ..problem import Problem
from ..registry import PROBLEMS, register
from .fashion_data import PIXELS, PLACE, SIDE, count, fashion
from .images import CLASSES
from .networks import Convolutional, Residual, VisionTransformer, perceptron, size, started
from .options import INPUT_SCALE, LOSS, SEED, activation, attentive, channels, gain, residual

SOURCES = ("xiao2017fashion",)


@register(
    PROBLEMS,
    "fashion_mlp",
    label="Fashion-MNIST MLP",
    parameters=(
        Several(Whole("widths", "hidden layers", 32, 1), (32, 32), meaning="sizes of the hidden layers"),
        activation("tanh"),
        LOSS,
        count(100),
        SEED,
        gain(0.5),
        INPUT_SCALE,
        PLACE,
    ),
    cites=SOURCES,
)
def fashion_mlp(
    widths: Sequence[int] = (32, 32),
    activation: str = "tanh",
    loss: str = "mse",
    n: int = 100,
    seed: int = 0,
    *,
    gain: float = 0.5,
    input_scale: float = 1.0,
    folder: str | None = None,
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "auto",
) -> Problem:
    """A multilayer perceptron on Fashion-MNIST, full batch.

    As it stands, gradient descent comes to its edge after about 90 steps at learning_rate 0.06.

    Args:
        widths: hidden layers.
        activation: tanh, silu, gelu, softplus or relu.
        loss: "mse" (½ mean squared distance to one-hot targets) or "cross_entropy".
        n: number of examples, the first of the training set.
        seed: of the weights.
        gain: weights ~ N(0, gain² / fan_in), biases 0.
        input_scale: standard deviation of the centred pixels.
        folder: with train-images-idx3-ubyte and train-labels-idx1-ubyte, plain or with .gz; None is the environment
            variable RODFLOW_FASHION_MNIST, or the folder of Debian's package dataset-fashion-mnist.
    """
    images = fashion(n, folder, input_scale)
    sizes = (PIXELS, *widths, CLASSES)
    model = perceptron(sizes, activation, gain, seed)
    return images.problem(model, f"MLP {'-'.join(map(str, sizes))} {activation}", loss, dtype, device)


@register(
    PROBLEMS,
    "fashion_cnn",
    label="Fashion-MNIST CNN",
    parameters=(channels(4), activation("tanh"), LOSS, count(100), SEED, PLACE),
    cites=SOURCES,
)
def fashion_cnn(
    channels: int = 4,
    activation: str = "tanh",
    loss: str = "mse",
    n: int = 100,
    seed: int = 0,
    folder: str | None = None,
    *,
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "auto",
) -> Problem:
    """A small convolutional network on Fashion-MNIST, full batch.

    As it stands, gradient descent comes to its edge after about 50 steps at learning_rate 0.1.

    Args:
        channels: of the first layer; the second has twice as many.
        activation, loss, n, seed, folder: as for fashion_mlp; weights uniform in ±1/√fan_in, biases 0.
    """
    images = fashion(n, folder)
    model = started(lambda: Convolutional(SIDE, CLASSES, channels, activation), seed)
    return images.problem(model, f"CNN, {size(model)}", loss, dtype, device)


@register(
    PROBLEMS,
    "fashion_resnet",
    label="Fashion-MNIST ResNet",
    parameters=(*residual(stages=3), activation("silu"), LOSS, count(60), SEED, PLACE),
    cites=SOURCES,
)
def fashion_resnet(
    channels: int = 4,
    blocks: int = 1,
    stages: int = 3,
    groups: int = 2,
    activation: str = "silu",
    loss: str = "mse",
    n: int = 60,
    seed: int = 0,
    folder: str | None = None,
    *,
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "auto",
) -> Problem:
    """A residual network with group normalisation on Fashion-MNIST, full batch.

    As it stands, gradient descent comes to its edge after about 30 steps at learning_rate 0.045.

    Args:
        channels: of the first stage, a multiple of `groups`; each further stage has twice as many.
        blocks: of a stage, each with two 3 × 3 convolutions.
        stages: at most 5; each further one at half of the resolution.
        groups: of the normalisation.
        activation, loss, n, seed, folder: as for fashion_mlp; weights uniform in ±1/√fan_in, biases 0.
    """
    images = fashion(n, folder)
    model = started(lambda: Residual(SIDE, CLASSES, channels, blocks, stages, groups, activation), seed)
    return images.problem(model, f"ResNet, {size(model)}", loss, dtype, device)


@register(
    PROBLEMS,
    "fashion_vit",
    label="Fashion-MNIST vision transformer",
    parameters=(
        Whole("patch", "patch", 7, 1, SIDE, unit="pixels", meaning="height and width of a patch, a divisor of 28"),
        *attentive(width=16, depth=1),
        activation("gelu"),
        LOSS,
        count(100),
        SEED,
        PLACE,
    ),
    cites=SOURCES,
)
def fashion_vit(
    patch: int = 7,
    width: int = 16,
    depth: int = 1,
    heads: int = 2,
    activation: str = "gelu",
    loss: str = "mse",
    n: int = 100,
    seed: int = 0,
    folder: str | None = None,
    *,
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "auto",
) -> Problem:
    """A vision transformer with layer normalisation on square patches of Fashion-MNIST, full batch.

    As it stands, gradient descent comes to its edge after about 70 steps at learning_rate 0.04.

    Args:
        patch: height and width of a patch, a divisor of 28.
        width: of the tokens, a multiple of `heads`.
        depth: number of blocks, each with attention and two linear layers.
        heads: of the attention.
        activation, loss, n, seed, folder: as for fashion_mlp; weights uniform in ±1/√fan_in, biases 0.
    """
    images, square = fashion(n, folder), (patch, patch)
    model = started(lambda: VisionTransformer(SIDE, CLASSES, square, width, depth, heads, activation), seed)
    return images.problem(model, f"vision transformer, {size(model)}", loss, dtype, device)
