"""Where a run begins that does not begin at a problem's starting point: a state of the optimizer, and its step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ..errors import ArgumentError
from .checks import check_vector, whole
from .optimizers.base import Moments, Optimizer
from .problem import Problem


@dataclass(frozen=True)
class Origin:
    """An optimizer's state after `step` steps: what the step number step + 1 is made from.

    Args:
        w: parameters [p], in the order of the problem's.
        moments: momentum and second moment as the optimizer keeps them, `Moments(None, None)` where it has none.
        step: optimizer steps made before.
    """

    w: Tensor
    moments: Moments
    step: int

    def fitting(self, problem: Problem, optimizer: Optimizer) -> Origin:
        """The same in the problem's dtype and on its device, as copies; ArgumentError where it is not of this optimizer or problem."""
        step = whole("origin.step", self.step, 0)
        w = check_vector("origin.w", self.w).to(problem.device, problem.dtype).clone()
        if w.numel() != problem.dim:
            raise ArgumentError(f"origin.w has {w.numel()} entries: give one for each of the {problem.dim} parameters.")
        if not isinstance(self.moments, Moments):
            raise ArgumentError(f"origin.moments={self.moments!r} is not usable: give Moments(momentum, second).")
        wanted = optimizer.initial(w)
        return replace(
            self,
            w=w,
            moments=Moments(
                _checked("momentum", self.moments.momentum, wanted.momentum, optimizer),
                _checked("second", self.moments.second, wanted.second, optimizer),
            ),
            step=step,
        )


def _checked(name: str, given: Any, like: Tensor | None, optimizer: Optimizer) -> Tensor | None:
    """A moment as a copy of the shape, dtype and device of `like`."""
    if like is None:
        if given is not None:
            raise ArgumentError(f"origin.moments.{name} is given, but {optimizer.label} keeps none: give None.")
        return None
    if not isinstance(given, Tensor) or given.shape != like.shape:
        came = f"has shape {list(given.shape)}" if isinstance(given, Tensor) else f"is {given!r}"
        raise ArgumentError(f"origin.moments.{name} {came}: {optimizer.label} keeps a tensor {list(like.shape)} here.")
    moment = given.detach().to(like.device, like.dtype).clone()
    if not bool(torch.isfinite(moment).all()):
        raise ArgumentError(f"origin.moments.{name} holds NaN or infinity: begin from a finite state.")
    return moment
