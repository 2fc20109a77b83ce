"""A convolutional network and a transformer on the digits, in operations whose third derivatives torch has right."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ...errors import ArgumentError
from ...vocabulary import Whole
from ..problem import Problem
from ..registry import PROBLEMS, register
from .digits_data import ACTIVATIONS, CLASSES, LOSS, SEED, SIDE, activation, classifier, count


class Convolutional(nn.Module):
    """Two 3 × 3 convolutions with average pooling, then a linear layer."""

    def __init__(self, channels: int, activation: str) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, 2 * channels, 3, padding=1)
        self.act = ACTIVATIONS[activation]()
        self.head = nn.Linear(2 * channels * (SIDE // 4) ** 2, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = x.reshape(len(x), 1, SIDE, SIDE)
        for layer in (self.first, self.second):
            x = nn.functional.avg_pool2d(self.act(layer(x)), 2)
        return self.head(x.reshape(len(x), -1))


class Normalised(nn.Module):
    """Layer normalisation in plain operations: torch's fused one is known for wrong third derivatives."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean(-1, keepdim=True)
        return self.weight * centred / ((centred * centred).mean(-1, keepdim=True) + 1e-5).sqrt() + self.bias


class Transformer(nn.Module):
    """The eight rows as tokens, one pre-norm block with attention in plain operations, the mean of the tokens."""

    def __init__(self, width: int, heads: int, activation: str) -> None:
        super().__init__()
        self.heads = heads
        self.embed = nn.Linear(SIDE, width)
        self.positions = nn.Parameter(torch.zeros(SIDE, width))
        self.norms = nn.ModuleList([Normalised(width), Normalised(width)])
        self.mix = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.act = ACTIVATIONS[activation]()
        self.head = nn.Linear(width, CLASSES)

    def attend(self, x: Tensor) -> Tensor:
        n, tokens, width = x.shape
        size = width // self.heads
        q, k, v = self.mix(x).reshape(n, tokens, 3, self.heads, size).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(size), dim=-1)
        return self.out((weights @ v).transpose(1, 2).reshape(n, tokens, width))

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x.reshape(len(x), SIDE, SIDE)) + self.positions
        x = x + self.attend(self.norms[0](x))
        x = x + self.down(self.act(self.up(self.norms[1](x))))
        return self.head(x.mean(1))


@register(
    PROBLEMS,
    "digits_cnn",
    label="digits CNN",
    parameters=(
        Whole("channels", "channels", 8, 1, meaning="of the first layer; the second has twice as many"),
        activation("tanh"),
        LOSS,
        count(300),
        SEED,
    ),
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
    return _problem(Convolutional(channels, activation), "CNN", loss, n, seed, dtype, device)


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

    As it stands, gradient descent comes to its edge after about 70 steps at learning_rate 0.3.

    Args:
        width: of the tokens, a multiple of `heads`.
        heads: of the attention.
        activation, loss, n, seed: as for digits_mlp; weights uniform in ±1/√fan_in, biases 0.
    """
    if width % heads:
        raise ArgumentError(f"width={width} is not usable: give a multiple of heads={heads}.")
    return _problem(Transformer(width, heads, activation), "transformer", loss, n, seed, dtype, device)


def _problem(
    model: nn.Module, kind: str, loss: str, n: int, seed: int, dtype: torch.dtype, device: str | torch.device
) -> Problem:
    """The model with weights from its own generator, and the digits."""
    generator = torch.Generator().manual_seed(seed)
    model = model.to(torch.float64)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                bound = 1 / math.sqrt(parameter[0].numel())
                drawn = torch.rand(parameter.shape, generator=generator, dtype=torch.float64)
                parameter.copy_(bound * (2 * drawn - 1))
            elif not bool((parameter == 1).all()):
                parameter.zero_()
    name = f"digits {kind}, {sum(p.numel() for p in model.parameters()):,} parameters"
    return classifier(model, loss, n, 1.0, name, dtype, device)
