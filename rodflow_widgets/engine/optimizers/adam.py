"""Adam: momentum divided by the root of the second moment, both bias-corrected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..registry import OPTIMIZERS, register
from .base import Coefficients
from .second_moment import Scalar, TwoBetas


@register(OPTIMIZERS, "Adam")
@dataclass(frozen=True)
class Adam(TwoBetas):
    """Adam, w ← w − learning_rate (m / c₁) / (√(nu / c₂) + eps) with c_i = 1 − β_iⁿ, per component.

    Args:
        learning_rate: positive; the edge threshold at step n is 2 c₁(1 + β₁)/((1 − β₁) learning_rate).
        betas: decay of momentum and second moment, each in [0, 1); torch's default of β₂ is 0.999, ours 0.99.
        eps: added to the root.

    As torch.optim.Adam without weight_decay, amsgrad and maximize.
    Source: arXiv 2605.06821; the edge: Cohen et al., arXiv 2207.14484.
    """

    label: ClassVar[str] = "Adam"
    threshold_text: ClassVar[str] = "2(1 + β₁)(1 − β₁ⁿ) / ((1 − β₁) learning rate)"
    cites: ClassVar[tuple[str, ...]] = ("kingma2015adam", "cohen2022adaptive")

    def coefficients(self, n: float) -> Coefficients:
        return Coefficients(a=1 / (1 - self.beta1**n), b=0.0, beta=self.beta1, kappa=1 - self.beta1)


@register(OPTIMIZERS, "ScalarAdam")
@dataclass(frozen=True)
class ScalarAdam(Scalar, Adam):
    """Adam with one second moment for all parameters, of ‖g‖².

    Arguments as for Adam. The form with the mean of g² is the same with learning_rate and eps divided by √p.
    """

    label: ClassVar[str] = "scalar Adam"
