"""Gradient descent with momentum: heavy ball and Nesterov, in the moving-average form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...vocabulary import Parameter
from ..registry import OPTIMIZERS, register
from .base import BETA, LEARNING_RATE, Coefficients, Optimizer


@dataclass(frozen=True)
class _Momentum(Optimizer):
    """m ← βm + (1 − β)∇L(w); no second moment."""

    beta: float = 0.9

    parameters: ClassVar[tuple[Parameter, ...]] = (LEARNING_RATE, BETA)
    has_momentum: ClassVar[bool] = True
    rod_start: ClassVar[int] = 100


@register(OPTIMIZERS, "HeavyBall")
@dataclass(frozen=True)
class HeavyBall(_Momentum):
    """Heavy ball, m ← βm + (1 − β)∇L(w), w ← w − learning_rate m.

    Args:
        learning_rate: of the moving-average form; torch.optim.SGD(lr, momentum=β) is learning_rate = lr / (1 − β).
        beta: momentum, in [0, 1).

    Source: arXiv 2605.06821; the edge is at 2(1 + β)/((1 − β) learning_rate), Cohen et al., arXiv 2103.00065.
    """

    label: ClassVar[str] = "heavy ball"
    threshold_text: ClassVar[str] = "2(1 + β) / ((1 − β) learning rate)"
    cites: ClassVar[tuple[str, ...]] = ("polyak1964methods", "cohen2021edge")

    def coefficients(self, n: float) -> Coefficients:
        return Coefficients(a=1.0, b=0.0, beta=self.beta, kappa=1 - self.beta)


@register(OPTIMIZERS, "Nesterov")
@dataclass(frozen=True)
class Nesterov(_Momentum):
    """Nesterov momentum, m ← βm + (1 − β)∇L(w), w ← w − learning_rate (βm + (1 − β)∇L(w)).

    Args:
        learning_rate: of the moving-average form; torch.optim.SGD(lr, momentum=β, nesterov=True) is lr / (1 − β).
        beta: momentum, in [0, 1).

    Source: arXiv 2605.06821; the edge is at 2(1 + β)/((1 − β)(1 + 2β) learning_rate), Cohen et al., arXiv 2103.00065.
    """

    label: ClassVar[str] = "Nesterov momentum"
    threshold_text: ClassVar[str] = "2(1 + β) / ((1 − β)(1 + 2β) learning rate)"
    cites: ClassVar[tuple[str, ...]] = ("nesterov1983method", "cohen2021edge")

    def coefficients(self, n: float) -> Coefficients:
        return Coefficients(a=self.beta, b=1 - self.beta, beta=self.beta, kappa=1 - self.beta)
