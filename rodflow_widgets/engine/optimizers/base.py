"""An optimizer as the coefficients of one linear map, from which its steps, its flows and its edge follow.

m' = beta m + kappa g
Φ(m, g; P, n) = ( -learning_rate P⁻¹ [a(n) m' + b(n) g],  m' - m )
step n:  nu' = second-moment average;  P = P(nu', n);  (w, m) += Φ(m, g; P, n)
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ...errors import ArgumentError, unknown
from ...vocabulary import Parameter

End = tuple[Tensor, Tensor | None, Tensor]
"""Parameters [p], momentum and gradient [p] at one end of a rod."""


@dataclass(frozen=True)
class Coefficients:
    """The numbers of Φ at one step count; without momentum beta = 0, kappa = 1, a = 0."""

    a: float
    b: float
    beta: float
    kappa: float


@dataclass(frozen=True)
class Moments:
    """The optimizer's state beside the parameters: momentum m [p] and second moment nu ([1] or [p]), where it has them."""

    momentum: Tensor | None
    second: Tensor | None


class Frozen:
    """Φ with its preconditioner P and its step count n held: a map of (m, g), and its linearisation."""

    def __init__(self, optimizer: Optimizer, P: Tensor, n: float) -> None:
        self.optimizer = optimizer
        self.P = P
        self.n = n

    def __call__(self, w: Tensor, momentum: Tensor | None, grad: Tensor) -> tuple[Tensor, Tensor | None]:
        """The change of (w, m) at w [p] with momentum m and gradient [p]."""
        return self.optimizer.map(momentum, grad, self.P, self.n)

    def push(self, w: Tensor, momentum: Tensor | None, grad: Tensor) -> tuple[Tensor, Tensor | None]:
        """The change of a small (w, m) with its own gradient: Φ is linear."""
        return self(w, momentum, grad)

    def couplings(self, V: Tensor) -> Tensor | None:
        """What `modes` needs beyond the eigenvalues, on the device; None where Φ is the same in all directions."""
        return None

    def modes(self, sharpness: np.ndarray, couplings: np.ndarray | None = None) -> np.ndarray:
        """The map on one eigendirection of P^{-1/2}HP^{-1/2} for every value of `sharpness` [k]."""
        return self.optimizer.mode_matrices(sharpness, self.n)


@dataclass(frozen=True)
class Optimizer(ABC):
    """Base of all optimizers: frozen, `replace` gives a changed one.

    groups: runs of the parameter vector that move at another speed, as (length, factor of the learning rate); empty when
    all move alike. The factors belong to the preconditioner, so that one threshold holds for all.
    speeds: factors of the learning rate [runs, 1] where several runs are computed together, in the same way; None is one
    run.
    """

    learning_rate: float
    groups: tuple[tuple[int, float], ...] = field(default=(), kw_only=True)

    label: ClassVar[str]
    threshold_text: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]
    cites: ClassVar[tuple[str, ...]] = ()
    has_momentum: ClassVar[bool] = False
    linear: ClassVar[bool] = True
    metric_moves: ClassVar[bool] = False
    momenta_like_gradients: ClassVar[tuple[bool, ...]] = (True,)
    has_second_moment: ClassVar[bool] = False
    rod_start: ClassVar[int] = 2
    speeds: ClassVar[Tensor | None] = None

    def __post_init__(self) -> None:
        checked = {p.name: p.check(getattr(self, p.name)) for p in self.parameters}
        for name, value in self._arguments(checked).items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "groups", _checked_groups(self.groups))

    def __deepcopy__(self, memo: dict[int, Any]) -> Optimizer:
        return self

    @classmethod
    def _arguments(cls, values: dict[str, float]) -> dict[str, Any]:
        """The constructor's arguments from the hyperparameters by name."""
        return dict(values)

    @abstractmethod
    def coefficients(self, n: float) -> Coefficients:
        """The coefficients of Φ at step count n (1 for the first step; may be real)."""

    def second_moment(self, grad: Tensor) -> Tensor:
        """The statistic whose moving average is nu: [1] or [p]."""
        raise TypeError(f"{self.label} keeps no second moment")

    @property
    def second_moment_decay(self) -> float:
        return 0.0

    def root_mean_square(self, nu: Tensor, n: float) -> Tensor:
        """The diagonal that the step is divided by, from the second moment nu: [1] or [p]."""
        raise TypeError(f"{self.label} keeps no second moment")

    def preconditioner(self, nu: Tensor | None, n: float, like: Tensor) -> Tensor:
        """P, the diagonal preconditioner at step count n for a vector `like` [p]: [1] (a scalar) or [p]."""
        P = like.new_ones(1) if nu is None else self.root_mean_square(nu, n)
        if self.groups:
            P = P / self._factors(like)
        return P if self.speeds is None else P / self.speeds

    def at_speeds(self, speeds: Tensor) -> Optimizer:
        """The same optimizer for runs together, whose learning rates are this one's times `speeds` [runs, 1]."""
        together = self.replace()
        object.__setattr__(together, "speeds", speeds)
        return together

    def _factors(self, like: Tensor) -> Tensor:
        total = sum(length for length, _ in self.groups)
        dim = like.shape[-1]
        if total != dim:
            raise ArgumentError(f"groups cover {total} parameters, the problem has {dim}: give one for each.")
        return torch.cat([like.new_full((length,), factor) for length, factor in self.groups])

    def frozen(
        self, w: Tensor, momentum: Tensor | None, nu: Tensor | None, n: float, grad: Tensor | None = None
    ) -> Frozen:
        """Φ for the second moment nu at step count n; (w, m, g) is where it is linearised if it is not linear."""
        return Frozen(self, self.preconditioner(nu, n, w), n)

    def second_rate(self, nu: Tensor, ends: Sequence[End], n: float) -> Tensor:
        """What nu changes by in step n, as a mean over `ends`."""
        statistic = torch.stack([self.second_moment(grad) for _, _, grad in ends]).mean(0)
        return (1 - self.second_moment_decay) * (statistic - nu)

    @property
    def values(self) -> dict[str, float]:
        """The hyperparameters by name."""
        return {p.name: getattr(self, p.name) for p in self.parameters}

    def replace(self, **changes: Any) -> Optimizer:
        """The same optimizer with other hyperparameters; unknown names and unusable values are errors."""
        values = self.values
        arguments = self._arguments(values)
        for name in changes:
            if name not in values and name not in arguments:
                raise unknown("hyperparameter", name, {*values, *arguments})
        values |= {name: value for name, value in changes.items() if name in values}
        whole = {name: value for name, value in changes.items() if name not in values}
        return type(self)(**{**self._arguments(values), **whole}, groups=self.groups)

    def blend(self, other: Optimizer, share: float) -> Optimizer:
        """The optimizer between this one (share 0) and `other` (share 1), every hyperparameter linearly."""
        mixed = {name: (1 - share) * value + share * other.values[name] for name, value in self.values.items()}
        return self.replace(**mixed)

    def map(self, momentum: Tensor | None, grad: Tensor, P: Tensor, n: float) -> tuple[Tensor, Tensor | None]:
        """Φ(m, g; P, n): the change of (w, m), each [p]; linear in (m, g) for frozen P."""
        k = self.coefficients(n)
        if momentum is None:
            return -self.learning_rate * k.b * grad / P, None
        new = k.beta * momentum + k.kappa * grad
        return -self.learning_rate * (k.a * new + k.b * grad) / P, new - momentum

    def initial(self, w: Tensor) -> Moments:
        """The state before the first step: zeros."""
        return Moments(
            torch.zeros_like(w) if self.has_momentum else None,
            torch.zeros_like(self.second_moment(w)) if self.has_second_moment else None,
        )

    def step(self, w: Tensor, moments: Moments, grad: Tensor, n: int) -> tuple[Tensor, Moments]:
        """Step number n (1 for the first) from w [p] with its gradient [p]."""
        nu = moments.second
        if nu is not None:
            nu = self.second_moment_decay * nu + (1 - self.second_moment_decay) * self.second_moment(grad)
        dw, dm = self.map(moments.momentum, grad, self.preconditioner(nu, n, w), n)
        return w + dw, Moments(None if dm is None else moments.momentum + dm, nu)

    def edge_threshold(self, step: float | None = None) -> float:
        """The preconditioned sharpness at which a period-two oscillation neither grows nor decays.

        thr(n) = 2 / (learning_rate (a kappa / (1 + beta) + b)); `step` None is the limit of many steps.
        Source: design of the rod flow papers, arXiv 2602.01480 and 2605.06821; Cohen et al., arXiv 2207.14484.
        """
        k = self.coefficients(1e9 if step is None else step)
        return 2 / (self.learning_rate * (k.a * k.kappa / (1 + k.beta) + k.b))

    def mode_matrices(self, sharpness: np.ndarray, n: float) -> np.ndarray:
        """A(λ), the map on one eigendirection (w, m) for every λ of `sharpness` [k]: [k, 1, 1] or [k, 2, 2]."""
        c, eta = self.coefficients(n), self.learning_rate
        if not self.has_momentum:
            return (1 - eta * c.b * sharpness)[:, None, None]
        A = np.empty((len(sharpness), 2, 2))
        A[:, 0, 0] = 1 - eta * (c.a * c.kappa + c.b) * sharpness
        A[:, 0, 1] = -eta * c.a * c.beta
        A[:, 1, 0] = c.kappa * sharpness
        A[:, 1, 1] = c.beta
        return A

    def describe(self) -> dict[str, Any]:
        """Name, values, parameters and threshold as JSON-able data."""
        return {
            "name": type(self).__name__,
            "label": self.label,
            "values": self.values,
            "parameters": [p.describe() for p in self.parameters],
            "threshold": self.threshold_text,
            "preconditioned": self.has_second_moment or self.metric_moves or bool(self.groups),
        }


def _checked_groups(groups: Any) -> tuple[tuple[int, float], ...]:
    try:
        checked = tuple((int(length), float(factor)) for length, factor in groups)
    except (TypeError, ValueError):
        checked = ((0, 0.0),)
    if not all(length > 0 and 0 < factor < math.inf for length, factor in checked):
        raise ArgumentError(
            f"groups={groups!r} is not usable: give runs of the parameter vector as (length, factor of the learning rate)."
        )
    return checked


LEARNING_RATE = Parameter(
    "learning_rate",
    "learning rate",
    default=0.1,
    lower=0.0,
    upper=1e6,
    scale="log",
    meaning="step size of the optimizer",
    open_lower=True,
)


def decay(name: str, default: float, label: str, meaning: str) -> Parameter:
    """The share of a moving average that stays at each step, in [0, 1)."""
    return Parameter(name, label, default, 0.0, 1.0, scale="decay", meaning=meaning, open_upper=True)


BETA = decay("beta", 0.9, "momentum β", "share of the momentum that stays at each step")
BETA1 = decay("beta1", 0.9, "momentum β₁", "share of the momentum that stays at each step")
BETA2 = decay("beta2", 0.99, "second moment β₂", "share of the second moment that stays at each step")
EPS = Parameter("eps", "ε", 1e-8, 0.0, 1.0, scale="log", meaning="added to the root of the second moment")
