"""An explicit Runge–Kutta pair whose steps follow its own error estimate: Bogacki and Shampine, orders 3 and 2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ..host import fetch

SAFETY, SHRINK, GROW = 0.9, 0.2, 2.0
Rate = Callable[[float, Tensor], Tensor]
Scale = Callable[[Tensor, Tensor], Tensor]


@dataclass
class Attempt:
    """One try at a step: the new state and rate, and the error in units of the tolerance (1 is just good enough)."""

    state: Tensor
    rate: Tensor
    error: float

    @property
    def good(self) -> bool:
        return self.error <= 1.0

    @property
    def factor(self) -> float:
        """By what the step may change: the local error is of third order."""
        if not self.error > 0.0:
            return GROW if self.error == 0.0 else SHRINK
        return min(GROW, max(SHRINK, SAFETY * self.error ** (-1 / 3)))


def attempt(rate: Rate, scale: Scale, time: float, state: Tensor, first: Tensor, h: float) -> Attempt:
    """Step from `state` at `time` by `h`, with `first` = rate(time, state); three evaluations, one transfer.

    `scale(state, error)` measures an error vector in units of what is tolerated, a scalar tensor. The last evaluation is
    the next step's first. Source: Bogacki and Shampine, Appl. Math. Lett. 2 (1989) 321.
    """
    second = rate(time + h / 2, state + h / 2 * first)
    third = rate(time + 3 * h / 4, state + 3 * h / 4 * second)
    new = state + h / 9 * (2 * first + 3 * second + 4 * third)
    fourth = rate(time + h, new)
    error = h / 72 * (-5 * first + 6 * second + 8 * third - 9 * fourth)
    (host,) = fetch([scale(state, error)])
    return Attempt(new, fourth, float(host))
