"""Hyperparameters as a function of the step: one truth that iterates and flows read, so that both change at one step."""

from __future__ import annotations

import math
from bisect import bisect_right

from ..errors import ArgumentError
from .optimizers.base import Optimizer


class Schedule:
    """A piecewise constant optimizer: step s, from w_s to w_{s+1}, is made by `at(s)`."""

    def __init__(self, optimizer: Optimizer) -> None:
        self._steps = [0]
        self._optimizers = [optimizer]

    def change(self, step: int, optimizer: Optimizer) -> None:
        """Make every step from `step` on with `optimizer`; `step` may not lie before an earlier change."""
        if step < self._steps[-1]:
            raise ArgumentError(f"step={step} lies before the last change at step {self._steps[-1]}.")
        if step == self._steps[-1]:
            self._optimizers[-1] = optimizer
        else:
            self._steps.append(step)
            self._optimizers.append(optimizer)

    @property
    def latest(self) -> Optimizer:
        return self._optimizers[-1]

    def at(self, time: float) -> Optimizer:
        """The optimizer of the step that covers `time`, in optimizer steps."""
        return self._optimizers[max(0, bisect_right(self._steps, time) - 1)]

    def between(self, time: float) -> Optimizer:
        """The optimizer at a real step count, linear between the whole steps on both sides.

        A delayed drift integrated by the trapezoidal rule then holds exactly the steps that the iterates made.
        """
        here, there = self.at(math.floor(time)), self.at(math.floor(time) + 1)
        share = time - math.floor(time)
        return here if here is there or share == 0 else here.blend(there, share)
