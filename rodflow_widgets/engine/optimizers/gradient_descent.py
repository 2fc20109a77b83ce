"""Full-batch gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...vocabulary import Parameter
from ..registry import OPTIMIZERS, register
from .base import LEARNING_RATE, Coefficients, Optimizer


@register(OPTIMIZERS, "GradientDescent")
@dataclass(frozen=True)
class GradientDescent(Optimizer):
    """Gradient descent, w ← w − learning_rate ∇L(w): torch.optim.SGD without momentum.

    Args:
        learning_rate: positive; the edge threshold of the sharpness is 2 / learning_rate.
    """

    label: ClassVar[str] = "gradient descent"
    threshold_text: ClassVar[str] = "2 / learning rate"
    parameters: ClassVar[tuple[Parameter, ...]] = (LEARNING_RATE,)
    cites: ClassVar[tuple[str, ...]] = ("cohen2021edge",)

    def coefficients(self, n: float) -> Coefficients:
        return Coefficients(a=0.0, b=1.0, beta=0.0, kappa=1.0)
