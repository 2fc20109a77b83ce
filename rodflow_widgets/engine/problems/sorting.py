"""A synthetic task for networks on sequences: say, for every place, which token of the sorted sequence stands there."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ...vocabulary import Whole
from ..problem import Problem
from ..registry import PROBLEMS, register
from .losses import LOSSES, per_token
from .networks import SequenceLSTM, SequenceTransformer, size, started
from .options import LOSS, SEED, activation, attentive, recurrent

TASK = (
    Whole("tokens", "tokens", 6, 2, meaning="how many kinds there are"),
    Whole("length", "length", 5, 1, unit="tokens", meaning="of a sequence"),
    LOSS,
    Whole("n", "sequences", 100, 1, meaning="the first n of a stream of random ones"),
    SEED,
    Whole("data_seed", "data seed", 0, 0, 2**32 - 1, meaning="of the stream of sequences"),
)


def sequences(tokens: int, length: int, n: int, data_seed: int) -> tuple[Tensor, Tensor]:
    """Random sequences and the same sorted, int64 [n, length] each; the first n of one stream for each data_seed."""
    drawn = np.random.RandomState(data_seed).randint(0, tokens, (n, length), dtype=np.int64)
    return torch.from_numpy(drawn), torch.from_numpy(np.sort(drawn, axis=1))


def sorting(
    model: nn.Module,
    kind: str,
    tokens: int,
    length: int,
    loss: str,
    n: int,
    data_seed: int,
    dtype: torch.dtype,
    device: str | torch.device,
) -> Problem:
    """The problem of a network from one-hot tokens [n, length, tokens] to scores of the same shape.

    One-hot rather than an index into a table: the gradient of the index adds in no fixed order on some devices.
    """
    drawn, ordered = sequences(tokens, length, n, data_seed)
    one_hot = torch.eye(tokens, dtype=torch.float64)
    targets = one_hot[ordered] if loss == "mse" else ordered
    name = f"sorting {kind}, {size(model)}"
    return Problem(model, per_token(LOSSES[loss]), one_hot[drawn], targets, dtype=dtype, device=device, name=name)


@register(
    PROBLEMS,
    "sorting_transformer",
    label="sorting transformer",
    parameters=(*attentive(width=12, depth=1), activation("gelu"), *TASK),
)
def sorting_transformer(
    width: int = 12,
    depth: int = 1,
    heads: int = 2,
    activation: str = "gelu",
    tokens: int = 6,
    length: int = 5,
    loss: str = "mse",
    n: int = 100,
    seed: int = 0,
    data_seed: int = 0,
    *,
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "auto",
) -> Problem:
    """A transformer with layer normalisation that sorts sequences of tokens, full batch.

    As it stands, gradient descent comes to its edge after about 90 steps at learning_rate 0.14.

    Args:
        width: of the tokens inside, a multiple of `heads`.
        depth: number of blocks, each with attention and two linear layers.
        heads: of the attention.
        activation: tanh, silu, gelu, softplus or relu.
        tokens: how many kinds of tokens there are.
        length: of a sequence.
        loss: of each token, averaged over all: "mse" (½ squared distance to one-hot targets) or "cross_entropy".
        n: number of sequences.
        seed: of the weights, uniform in ±1/√fan_in, biases 0.
        data_seed: of the sequences, the first n of one stream.
    """
    model = started(lambda: SequenceTransformer(tokens, length, tokens, width, depth, heads, activation), seed)
    return sorting(model, "transformer", tokens, length, loss, n, data_seed, dtype, device)


@register(
    PROBLEMS,
    "sorting_lstm",
    label="sorting LSTM",
    parameters=(*recurrent(width=8), *TASK),
)
def sorting_lstm(
    width: int = 8,
    depth: int = 1,
    tokens: int = 6,
    length: int = 5,
    loss: str = "mse",
    n: int = 100,
    seed: int = 0,
    data_seed: int = 0,
    *,
    dtype: torch.dtype = torch.float64,
    device: str | torch.device = "auto",
) -> Problem:
    """An LSTM that reads sequences of tokens from both ends and sorts them, full batch.

    As it stands, gradient descent comes to its edge after about 170 steps at learning_rate 0.7.

    Args:
        width: of the hidden state of either direction.
        depth: layers, one on top of the other.
        tokens, length, loss, n, seed, data_seed: as for sorting_transformer.
    """
    model = started(lambda: SequenceLSTM(tokens, tokens, width, depth), seed)
    return sorting(model, "LSTM", tokens, length, loss, n, data_seed, dtype, device)
