"""A plain convolutional network."""

from __future__ import annotations

from torch import Tensor, nn

from .activations import ACTIVATIONS


class Convolutional(nn.Module):
    """Two 3 × 3 convolutions with average pooling, then a linear layer.

    Args:
        side: of the images, which come as x [n, side²].
        classes: outputs.
        channels: of the first convolution; the second has twice as many.
        activation: one of ACTIVATIONS.
    """

    def __init__(self, side: int, classes: int, channels: int, activation: str) -> None:
        super().__init__()
        self.side = side
        self.first = nn.Conv2d(1, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, 2 * channels, 3, padding=1)
        self.act = ACTIVATIONS[activation]()
        self.head = nn.Linear(2 * channels * (side // 4) ** 2, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = x.reshape(len(x), 1, self.side, self.side)
        for layer in (self.first, self.second):
            x = nn.functional.avg_pool2d(self.act(layer(x)), 2)
        return self.head(x.reshape(len(x), -1))
