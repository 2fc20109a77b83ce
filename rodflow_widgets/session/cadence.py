"""When a training loop is looked at: as often as a share of its time allows, or every so many steps."""

from __future__ import annotations

from .shown import Cost

MEMORY = 0.5
AFTERMATH = 1.5
"""What a look costs over the time that it takes: the steps after it find cold caches (benchmarks/watching.py: 5 to 30 % more, and more on a busy machine)."""
HOOKS = 1e-5
"""Seconds that the hooks of a step without a look cost in a loop; alone they take a tenth of that."""


class Cadence:
    """Says when a look is due, on a clock that the caller reads.

    The time of training is all time since `begin` but that of looks and pauses. By `share` a look is due while what looks have
    taken, with what one more will, stays within that share of it; the very first is due at once, and is worked off before
    the second, which is expected to take as long.

    Args:
        share: the most that looks may take of the time of training.
        every: look every so many steps instead; None leaves it to the share.
    """

    def __init__(self, share: float, every: int | None) -> None:
        self.share, self.every = share, every
        self.looks = 0
        self._taken = self._spent = self._idle = 0.0
        self._expected = self._at = 0.0
        self._begun: float | None = None

    def begin(self, now: float) -> None:
        if self._begun is None:
            self._begun = now

    @property
    def begun(self) -> bool:
        return self._begun is not None

    def due(self, step: int, now: float) -> bool:
        """Whether to look at the step from iterate `step`; asked once a step."""
        self._spent += HOOKS
        if self.every is not None:
            return step % self.every == 0
        training = self.training(now)
        allowed = self._spent + self._expected <= self.share * training
        # What was saved up is spent in looks twice as often, not one after the other.
        due = not self.looks or (allowed and training - self._at >= self._expected / self.share / 2)
        if due:
            self._at = training
        return due

    def training(self, now: float) -> float:
        """Seconds of training until `now`."""
        return 0.0 if self._begun is None else now - self._begun - self._taken - self._idle

    def looked(self, seconds: float) -> None:
        """A look has taken so long."""
        self.looks += 1
        self._taken += seconds
        seconds *= AFTERMATH
        self._spent += seconds
        # The first is dearer than the others, which follow what it has found; nobody knows by how much.
        self._expected = seconds if self.looks <= 2 else MEMORY * self._expected + (1 - MEMORY) * seconds

    def paused(self, seconds: float) -> None:
        """So much time was neither training nor looking."""
        self._idle += seconds

    def cost(self, now: float) -> Cost:
        """What looks have cost of the time of training so far."""
        training = self.training(now)
        return Cost(self._spent / training if training > 0 else 0.0, self.share, self.every)
