"""Optimizers, one family a file; a new file with a registration is found by itself."""

from typing import TYPE_CHECKING

from ..registry import OPTIMIZERS, discover
from .base import Coefficients, Moments, Optimizer

if TYPE_CHECKING:
    from .adam import Adam as Adam
    from .adam import ScalarAdam as ScalarAdam
    from .gradient_descent import GradientDescent as GradientDescent
    from .momentum import HeavyBall as HeavyBall
    from .momentum import Nesterov as Nesterov
    from .nadam import NAdam as NAdam
    from .nadam import ScalarNAdam as ScalarNAdam
    from .rmsprop import RMSProp as RMSProp
    from .rmsprop import ScalarRMSProp as ScalarRMSProp

discover(__name__, __path__)
globals().update(OPTIMIZERS)

from .from_map import from_map  # noqa: E402 - after discovery
from .from_torch import from_torch  # noqa: E402 - needs the registry filled

__all__ = ["Coefficients", "Moments", "Optimizer", "from_map", "from_torch", *OPTIMIZERS]
