"""RMSProp: the gradient divided by the root of its own moving second moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...vocabulary import Parameter
from ..registry import OPTIMIZERS, register
from .base import BETA2, EPS, LEARNING_RATE, Coefficients
from .second_moment import Adaptive, Scalar


@register(OPTIMIZERS, "RMSProp")
@dataclass(frozen=True)
class RMSProp(Adaptive):
    """RMSProp, nu ← β₂nu + (1 − β₂)g², w ← w − learning_rate g / (√nu + eps), per component.

    Args:
        learning_rate: positive; the edge threshold of the preconditioned sharpness is 2 / learning_rate.
        beta2: decay of the second moment, torch's `alpha`; in [0, 1).
        eps: added to the root.

    nu starts at 0 and is not bias-corrected, as in torch.optim.RMSprop without `centered` and `momentum`.
    Source: arXiv 2605.06821; the edge: Cohen et al., arXiv 2207.14484.
    """

    beta2: float = 0.99
    eps: float = 1e-8

    label: ClassVar[str] = "RMSProp"
    threshold_text: ClassVar[str] = "2 / learning rate"
    cites: ClassVar[tuple[str, ...]] = ("tieleman2012rmsprop", "cohen2022adaptive")
    parameters: ClassVar[tuple[Parameter, ...]] = (LEARNING_RATE, BETA2, EPS)

    def coefficients(self, n: float) -> Coefficients:
        return Coefficients(a=0.0, b=1.0, beta=0.0, kappa=1.0)


@register(OPTIMIZERS, "ScalarRMSProp")
@dataclass(frozen=True)
class ScalarRMSProp(Scalar, RMSProp):
    """RMSProp with one second moment for all parameters, nu ← β₂nu + (1 − β₂)‖g‖².

    Arguments as for RMSProp. The form with the mean of g² is the same with learning_rate and eps divided by √p.
    """

    label: ClassVar[str] = "scalar RMSProp"
