"""Optimizers, one file each; a new file with a registration is found by itself."""

from typing import TYPE_CHECKING

from ..registry import OPTIMIZERS, discover
from .base import Coefficients, Moments, Optimizer

if TYPE_CHECKING:
    from .gradient_descent import GradientDescent as GradientDescent

discover(__name__, __path__)
globals().update(OPTIMIZERS)

__all__ = ["Coefficients", "Moments", "Optimizer", *OPTIMIZERS]
