"""The losses of the problems: means over examples, in operations whose third derivatives torch has right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class Loss:
    """A loss of outputs and targets, with the name that pictures give it."""

    label: str
    function: Callable[[Tensor, Tensor], Tensor]

    def __call__(self, output: Tensor, target: Tensor) -> Tensor:
        return self.function(output, target)


def _half_mean_squared_error(output: Tensor, target: Tensor) -> Tensor:
    """½ mean over examples of the squared distance to the target."""
    return ((output - target) ** 2).sum() / (2 * len(target))


half_mean_squared_error = Loss("½ mean squared error", _half_mean_squared_error)
cross_entropy = Loss("cross entropy", nn.functional.cross_entropy)
LOSSES = {"mse": half_mean_squared_error, "cross_entropy": cross_entropy}


def per_token(loss: Loss) -> Loss:
    """`loss` over all tokens of all sequences: output [n, tokens, classes], targets [n, tokens] or of the output's shape."""

    def over_tokens(output: Tensor, target: Tensor) -> Tensor:
        return loss(output.flatten(0, 1), target.flatten(0, 1))

    return Loss(f"{loss.label} per token", over_tokens)
