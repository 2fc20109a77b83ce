"""What the adaptive optimizers share: a second moment, per component or of the whole gradient, and how it scales P."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from ...errors import ArgumentError
from ...vocabulary import Parameter
from .base import BETA1, BETA2, EPS, LEARNING_RATE, Optimizer


@dataclass(frozen=True)
class Adaptive(Optimizer):
    """nu ← β₂nu + (1 − β₂)g², P = √nu + eps."""

    has_second_moment: ClassVar[bool] = True
    rod_start: ClassVar[int] = 20

    def second_moment(self, grad: Tensor) -> Tensor:
        return grad * grad

    @property
    def second_moment_decay(self) -> float:
        return float(self.values["beta2"])

    def root_mean_square(self, nu: Tensor, n: float) -> Tensor:
        return nu.clamp_min(0).sqrt() + self.values["eps"]


class Scalar:
    """One second moment for all parameters, of the gradient's squared norm (not its mean): nu is [1]."""

    def second_moment(self, grad: Tensor) -> Tensor:
        return (grad * grad).sum(-1, keepdim=True)


@dataclass(frozen=True)
class TwoBetas(Adaptive):
    """Momentum and second moment with bias correction, as in Adam."""

    betas: tuple[float, float] = (0.9, 0.99)
    eps: float = 1e-8

    parameters: ClassVar[tuple[Parameter, ...]] = (LEARNING_RATE, BETA1, BETA2, EPS)
    has_momentum: ClassVar[bool] = True

    def __post_init__(self) -> None:
        pair = self.betas
        if isinstance(pair, str | Mapping) or not hasattr(pair, "__len__") or len(pair) != 2:
            raise ArgumentError(f"betas={pair!r} is not usable: give two numbers in [0, 1), e.g. (0.9, 0.99).")
        super().__post_init__()

    @property
    def beta1(self) -> float:
        return self.betas[0]

    @property
    def beta2(self) -> float:
        return self.betas[1]

    @classmethod
    def _arguments(cls, values: dict[str, float]) -> dict[str, Any]:
        others = {name: value for name, value in values.items() if name not in ("beta1", "beta2")}
        return {**others, "betas": (values["beta1"], values["beta2"])}

    def root_mean_square(self, nu: Tensor, n: float) -> Tensor:
        correction = 1 - self.beta2**n
        return (nu.clamp_min(0) / correction).sqrt() + self.eps
