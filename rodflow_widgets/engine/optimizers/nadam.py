"""NAdam: Adam with Nesterov's look ahead and its own schedule of momenta."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...vocabulary import Parameter
from ..registry import OPTIMIZERS, register
from .base import Coefficients
from .second_moment import Scalar, TwoBetas

MOMENTUM_DECAY = Parameter(
    "momentum_decay",
    "momentum decay ψ",
    4e-3,
    0.0,
    1e6,
    scale="log",
    meaning="speed at which the momentum of the look-ahead comes to β₁; 1e6 is β₁ from the start",
)


@functools.lru_cache(maxsize=64)
def _log_products(beta1: float, decay: float, length: int) -> np.ndarray:
    """ln Π_{i ≤ n} μ_i for n = 0 … length."""
    mu = beta1 * (1 - 0.5 * 0.96 ** (np.arange(1, length + 1) * decay))
    return np.concatenate([[0.0], np.cumsum(np.log(mu))])


def log_product(beta1: float, decay: float, n: float) -> float:
    """ln Π_{i ≤ n} μ_i, linear between whole n; −∞ where the product is below the smallest float."""
    if beta1 == 0 or n * math.log(beta1) < -745:
        return 0.0 if n <= 0 else -math.inf
    whole = math.floor(n)
    table = _log_products(beta1, decay, 2 ** math.ceil(math.log2(whole + 2)))
    return float(table[whole] + (n - whole) * (table[whole + 1] - table[whole]))


@register(OPTIMIZERS, "NAdam")
@dataclass(frozen=True)
class NAdam(TwoBetas):
    """NAdam, a step along (μ_{n+1} m / (1 − Π_{n+1}) + (1 − μ_n) g / (1 − Π_n)) / (√(nu / c₂) + eps), per component.

    μ_n = β₁(1 − ½ · 0.96^{nψ}) and Π_n is their product.

    Args:
        learning_rate: positive.
        betas: decay of momentum and second moment, each in [0, 1).
        eps: added to the root.
        momentum_decay: ψ ≥ 0. At 0 the look-ahead has half the momentum for ever, 1e6 is Nesterov's own. With torch's
            4e-3 the edge threshold drifts by a factor of two over a thousand steps.

    As torch.optim.NAdam without weight_decay and maximize, to rounding where torch's default dtype is float64 (it keeps the
    products in that dtype). Where β₁ is changed in mid-run, ours is the product of the new ones, torch's of those used.
    Source: arXiv 2605.06821.
    """

    momentum_decay: float = 4e-3

    label: ClassVar[str] = "NAdam"
    threshold_text: ClassVar[str] = "2 / (learning rate (a(1 − β₁)/(1 + β₁) + b)), drifting"
    parameters: ClassVar[tuple[Parameter, ...]] = (*TwoBetas.parameters, MOMENTUM_DECAY)
    cites: ClassVar[tuple[str, ...]] = ("dozat2016nadam", "cohen2022adaptive")

    def momentum(self, n: float) -> float:
        """μ_n, the momentum of the look-ahead at step count n."""
        return self.beta1 * (1 - 0.5 * 0.96 ** (n * self.momentum_decay))

    def coefficients(self, n: float) -> Coefficients:
        ahead, here = (-math.expm1(log_product(self.beta1, self.momentum_decay, k)) for k in (n + 1, n))
        a, b = self.momentum(n + 1) / ahead, (1 - self.momentum(n)) / here
        return Coefficients(a=a, b=b, beta=self.beta1, kappa=1 - self.beta1)


@register(OPTIMIZERS, "ScalarNAdam")
@dataclass(frozen=True)
class ScalarNAdam(Scalar, NAdam):
    """NAdam with one second moment for all parameters, of ‖g‖².

    Arguments as for NAdam. The form with the mean of g² is the same with learning_rate and eps divided by √p.
    """

    label: ClassVar[str] = "scalar NAdam"
