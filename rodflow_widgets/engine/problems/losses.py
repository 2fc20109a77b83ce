"""The losses of the problems: means over examples, in operations whose third derivatives torch has right."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]


def half_mean_squared_error(output: Tensor, target: Tensor) -> Tensor:
    """½ mean over examples of the squared distance to the target."""
    return ((output - target) ** 2).sum() / (2 * len(target))


half_mean_squared_error.label = "½ mean squared error"  # type: ignore[attr-defined]


def cross_entropy(output: Tensor, target: Tensor) -> Tensor:
    return nn.functional.cross_entropy(output, target)


LOSSES: dict[str, Loss] = {"mse": half_mean_squared_error, "cross_entropy": cross_entropy}


def per_token(loss: Loss) -> Loss:
    """`loss` over all tokens of all sequences: output [n, tokens, classes], targets [n, tokens] or of the output's shape."""

    def over_tokens(output: Tensor, target: Tensor) -> Tensor:
        return loss(output.flatten(0, 1), target.flatten(0, 1))

    over_tokens.label = f"{getattr(loss, 'label', 'cross entropy')} per token"  # type: ignore[attr-defined]
    return over_tokens
