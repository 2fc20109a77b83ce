"""Long short-term memory in plain operations: the kernels of nn.LSTM have no second derivative on every device."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Recurrence(nn.Module):
    """One layer that reads x [n, steps, features] from its first step to its last: hidden states [n, steps, width].

    Gates i, f, g, o as in nn.LSTM: c ← σ(f) c + σ(i) tanh(g), h ← σ(o) tanh(c).
    """

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.input = nn.Linear(features, 4 * width)
        self.recurrent = nn.Linear(width, 4 * width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        hidden = memory = x.new_zeros(len(x), self.width)
        states = []
        for given in self.input(x).unbind(1):
            i, f, g, o = (given + self.recurrent(hidden)).chunk(4, dim=-1)
            memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
            hidden = torch.sigmoid(o) * torch.tanh(memory)
            states.append(hidden)
        return torch.stack(states, 1)


class RowLSTM(nn.Module):
    """The rows of an image one after the other; the last hidden state goes to a linear layer.

    Args:
        side: of the images, which come as x [n, side²].
        classes: outputs.
        width: of the hidden states.
        depth: layers, each reading the hidden states of the one below.
    """

    def __init__(self, side: int, classes: int, width: int, depth: int) -> None:
        super().__init__()
        self.side = side
        self.layers = nn.Sequential(*(Recurrence(width if below else side, width) for below in range(depth)))
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layers(x.reshape(len(x), self.side, self.side))[:, -1])


class BothWays(nn.Module):
    """Two layers that read x [n, steps, features] from either end: their hidden states [n, steps, 2 width]."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.forwards, self.backwards = Recurrence(features, width), Recurrence(features, width)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.forwards(x), self.backwards(x.flip(1)).flip(1)], -1)


class SequenceLSTM(nn.Module):
    """Scores of every class for every token, read from both ends: x [n, tokens, features] to [n, tokens, classes].

    Args:
        features: of a token.
        classes: outputs for each token.
        width: of the hidden states of either direction.
        depth: layers, each reading the hidden states of the one below.
    """

    def __init__(self, features: int, classes: int, width: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(BothWays(2 * width if below else features, width) for below in range(depth)))
        self.head = nn.Linear(2 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layers(x))
