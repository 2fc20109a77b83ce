"""The changes of a learning rate that somebody else moves, as events that a person can read."""

from __future__ import annotations

import math

from ..vocabulary import Event

NEAR = 20
"""Changes that are no more steps apart are one movement."""
JUMP = 1.2
SUDDEN = 4.0

BY_THE_LOOP = "by the training loop"


class LearningRates:
    """What becomes an event: a change by itself, and of a movement from step to step its first change, its jumps, its rest.

    A jump is by more than 20 %, and more than four times what the change before was. All values of a movement are in the
    column `learning_rate`.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._changed = -math.inf
        self._delta = 0.0
        self._moving: tuple[int, float] | None = None

    @property
    def moving(self) -> bool:
        """Whether it moves from step to step."""
        return self._moving is not None

    def seen(self, step: int, rate: float) -> list[Event]:
        """The step from iterate `step` has been made with `rate`."""
        if rate == self.rate:
            return self._rested(step) if self._moving is not None and step - self._changed > NEAR else []
        old, near = self.rate, step - self._changed <= NEAR
        delta = abs(rate - old)
        low, high = sorted((abs(old), abs(rate)))
        jump = high > JUMP * low and delta > SUDDEN * self._delta
        self.rate, self._changed, self._delta = rate, step, delta
        if near and not jump:
            self._moving = self._moving or (step, old)
            return []
        self._moving = None
        return [Event(step, "learning_rate", old, rate, BY_THE_LOOP)]

    def set(self, step: int, rate: float) -> list[Event]:
        """Somebody has set it from the view or by `watch.set`; `step` is the first to use it."""
        old, self.rate, self._moving, self._changed = self.rate, rate, None, -math.inf
        return [Event(step, "learning_rate", old, rate)] if rate != old else []

    def _rested(self, step: int) -> list[Event]:
        assert self._moving is not None
        first, old = self._moving
        self._moving = None
        last = int(self._changed)
        return [Event(last, "learning_rate", old, self.rate, f"{BY_THE_LOOP}, step by step since step {first:,}")]
