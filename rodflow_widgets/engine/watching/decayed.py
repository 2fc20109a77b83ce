"""Adam and NAdam with decoupled weight decay, for the forecast of a loop that trains with it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..optimizers.adam import Adam
from ..optimizers.base import Frozen, Moments, Optimizer
from ..optimizers.nadam import NAdam


class DecayedFrozen(Frozen):
    """Φ and −ηλw beside it."""

    def __init__(self, optimizer: Optimizer, P: Tensor, n: float, share: Tensor) -> None:
        super().__init__(optimizer, P, n)
        self._share = share

    def __call__(self, w: Tensor, momentum: Tensor | None, grad: Tensor) -> tuple[Tensor, Tensor | None]:
        dw, dm = super().__call__(w, momentum, grad)
        return dw - self._share * w, dm

    def couplings(self, V: Tensor) -> Tensor | None:
        """[1, k, k]: ηλ in the basis V [k, p], orthonormal in P."""
        return ((V * (self.P * self._share)) @ V.T)[None]

    def modes(self, sharpness: np.ndarray, couplings: np.ndarray | None = None) -> np.ndarray:
        A = super().modes(sharpness)
        if couplings is not None:
            A[:, 0, 0] -= couplings[0]
        return A


@dataclass(frozen=True)
class Decayed(Optimizer):
    """w ← w − ηλw beside the step of the optimizer; the step's gradient is that at w.

    decays: runs of the parameter vector as (length, λ).

    The edge threshold is (1 − ηλ/2) times that without decay, with ηλ of the first run: where λ differs between the runs, that is
    exact for the first and off by less than ηλ/2, relatively, for the others.
    """

    decays: tuple[tuple[int, float], ...] = field(default=(), kw_only=True)

    def replace(self, **changes: Any) -> Optimizer:
        changed = super().replace(**changes)
        assert isinstance(changed, Decayed)
        return replace(changed, decays=self.decays)

    def share(self, like: Tensor) -> Tensor:
        """ηλ [p] of every entry."""
        weights = torch.cat([like.new_full((length,), weight) for length, weight in self.decays])
        return self.learning_rate * (weights * self._factors(like) if self.groups else weights)

    def frozen(
        self, w: Tensor, momentum: Tensor | None, nu: Tensor | None, n: float, grad: Tensor | None = None
    ) -> Frozen:
        return DecayedFrozen(self, self.preconditioner(nu, n, w), n, self.share(w))

    def step(self, w: Tensor, moments: Moments, grad: Tensor, n: int) -> tuple[Tensor, Moments]:
        new, after = super().step(w, moments, grad, n)
        return new - self.share(w) * w, after

    def edge_threshold(self, step: float | None = None) -> float:
        factor = self.groups[0][1] if self.groups else 1.0
        return super().edge_threshold(step) * (1 - self.learning_rate * factor * self.decays[0][1] / 2)


@dataclass(frozen=True)
class DecayedAdam(Decayed, Adam):
    """Adam with decoupled decay, torch's AdamW."""


@dataclass(frozen=True)
class DecayedNAdam(Decayed, NAdam):
    """NAdam with decoupled decay."""


def with_decay(optimizer: Optimizer, decays: tuple[tuple[int, float], ...]) -> Optimizer:
    """The same with decoupled decay, where there is any."""
    if not any(weight for _, weight in decays):
        return optimizer
    kind = DecayedNAdam if isinstance(optimizer, NAdam) else DecayedAdam
    own = {f.name: getattr(optimizer, f.name) for f in fields(optimizer) if f.init}
    return kind(**own, decays=decays)
