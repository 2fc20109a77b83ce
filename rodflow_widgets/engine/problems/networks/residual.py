"""A residual network with group normalisation."""

from __future__ import annotations

from torch import Tensor, nn

from ....errors import ArgumentError
from .activations import ACTIVATIONS
from .normalisation import GroupNorm


class ResidualBlock(nn.Module):
    """Two normalised 3 × 3 convolutions beside the input, which a 1 × 1 convolution brings to their shape if it must."""

    def __init__(self, before: int, after: int, stride: int, groups: int, activation: str) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
        self.second = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.norms = nn.ModuleList([GroupNorm(groups, after), GroupNorm(groups, after)])
        self.act = ACTIVATIONS[activation]()
        plain = before == after and stride == 1
        self.skip = nn.Identity() if plain else nn.Conv2d(before, after, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.act(self.norms[0](self.first(x)))
        return self.act(self.skip(x) + self.norms[1](self.second(inner)))


class Residual(nn.Module):
    """Stages of residual blocks, each further stage at half of the resolution, then the mean over pixels.

    Args:
        side: of the images, which come as x [n, side²].
        classes: outputs.
        channels: of the first stage; each further one has twice as many.
        blocks: of a stage.
        stages: their number.
        groups: of the normalisation.
        activation: one of ACTIVATIONS.

    Raises:
        ArgumentError: `groups` does not divide `channels`, or the last of the `stages` would have less than a pixel.
    """

    def __init__(
        self, side: int, classes: int, channels: int, blocks: int, stages: int, groups: int, activation: str
    ) -> None:
        super().__init__()
        if 2 ** (stages - 1) > side:
            raise ArgumentError(
                f"stages={stages} is not usable: give at most {side.bit_length()}, images have {side} × {side} pixels."
            )
        self.side = side
        self.stem = nn.Sequential(
            nn.Conv2d(1, channels, 3, padding=1, bias=False), GroupNorm(groups, channels), ACTIVATIONS[activation]()
        )
        body: list[nn.Module] = []
        width = channels
        for stage in range(stages):
            for block in range(blocks):
                wider, stride = channels * 2**stage, 2 if stage and not block else 1
                body.append(ResidualBlock(width, wider, stride, groups, activation))
                width = wider
        self.body = nn.Sequential(*body)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x.reshape(len(x), 1, self.side, self.side))
        return self.head(self.body(x).mean((2, 3)))
