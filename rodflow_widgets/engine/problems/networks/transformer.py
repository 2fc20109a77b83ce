"""Transformers whose blocks normalise first, for images cut into patches and for sequences of tokens."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ....errors import ArgumentError
from .activations import ACTIVATIONS
from .normalisation import LayerNorm


class Block(nn.Module):
    """Attention among the tokens x [n, tokens, width], then two linear layers on each, both added to what came in.

    The attention is in plain operations: torch's scaled_dot_product_attention has no second derivative in most of its
    kernels.

    Raises:
        ArgumentError: `heads` does not divide `width`.
    """

    def __init__(self, width: int, heads: int, activation: str) -> None:
        super().__init__()
        if width % heads:
            raise ArgumentError(f"width={width} is not usable: give a multiple of heads={heads}.")
        self.heads = heads
        self.norms = nn.ModuleList([LayerNorm(width), LayerNorm(width)])
        self.mix = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.act = ACTIVATIONS[activation]()

    def attend(self, x: Tensor) -> Tensor:
        n, tokens, width = x.shape
        size = width // self.heads
        q, k, v = self.mix(x).reshape(n, tokens, 3, self.heads, size).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(size), dim=-1)
        return self.out((weights @ v).transpose(1, 2).reshape(n, tokens, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attend(self.norms[0](x))
        return x + self.down(self.act(self.up(self.norms[1](x))))


class Encoder(nn.Module):
    """A linear embedding, learned positions, and blocks: x [n, tokens, features] to [n, tokens, width]."""

    def __init__(self, features: int, tokens: int, width: int, depth: int, heads: int, activation: str) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(tokens, width))
        self.embed = nn.Linear(features, width)
        self.blocks = nn.Sequential(*(Block(width, heads, activation) for _ in range(depth)))

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(self.embed(x) + self.positions)


class VisionTransformer(nn.Module):
    """Patches of an image as tokens; the mean of what the blocks make of them goes to a linear layer.

    Args:
        side: of the images, which come as x [n, side²].
        classes: outputs.
        patch: height and width of the patches.
        width: of the tokens.
        depth: number of blocks.
        heads: of the attention.
        activation: one of ACTIVATIONS.
        normalised: whether the tokens are normalised once more at the end.

    Raises:
        ArgumentError: `heads` does not divide `width`, or `patch` does not divide the image.
    """

    def __init__(
        self,
        side: int,
        classes: int,
        patch: tuple[int, int],
        width: int,
        depth: int,
        heads: int,
        activation: str,
        normalised: bool = True,
    ) -> None:
        super().__init__()
        for length in patch:
            if side % length:
                divisors = ", ".join(str(d) for d in range(1, side + 1) if side % d == 0)
                raise ArgumentError(
                    f"patch={length} is not usable: give a divisor of {side}, the side of the images: {divisors}."
                )
        self.rows, self.columns = side // patch[0], side // patch[1]
        self.patch = patch
        tokens = self.rows * self.columns
        self.encoder = Encoder(patch[0] * patch[1], tokens, width, depth, heads, activation)
        self.norm = LayerNorm(width) if normalised else nn.Identity()
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        height, width = self.patch
        patches = x.reshape(len(x), self.rows, height, self.columns, width).transpose(2, 3)
        tokens = patches.reshape(len(x), self.rows * self.columns, height * width)
        return self.head(self.norm(self.encoder(tokens)).mean(1))


class SequenceTransformer(nn.Module):
    """Scores of every class for every token of a sequence: x [n, tokens, features] to [n, tokens, classes].

    The last linear layer reads what the blocks add up to as it is, without a further normalisation.

    Raises:
        ArgumentError: `heads` does not divide `width`.
    """

    def __init__(
        self, features: int, tokens: int, classes: int, width: int, depth: int, heads: int, activation: str
    ) -> None:
        super().__init__()
        self.encoder = Encoder(features, tokens, width, depth, heads, activation)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x))
