"""One spectrum a moment, shared by all who ask: step control and probes of one process use the same products."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ..problem import Meter, Point, Problem
from .tracker import EigenTracker, Spectrum


class FollowedSpectrum:
    """The tracker of one process together with the moment it last looked at."""

    def __init__(self, problem: Problem, count: int, seed: int) -> None:
        self._problem = problem
        self._tracker = EigenTracker(count, guard=1, seed=seed)
        self._time: float | None = None
        self._spectrum: Spectrum | None = None
        self._spent = Meter(problem)

    def at(self, time: float, point: Callable[[], Point], P: Tensor, payer: Meter | None = None) -> Spectrum:
        """The spectrum at `point`, computed once a `time`.

        `payer` is charged for it (and for its point) even when somebody else asked first, so that the cost of a flow
        does not depend on what is measured beside it.
        """
        if self._spectrum is None or time != self._time:
            self._spent = Meter(self._problem)
            self._spent.gradients = 1
            self._time, self._spectrum = time, self._tracker.update(self._spent, point(), P)
        if payer is not None:
            payer.gradients += self._spent.gradients
            payer.products += self._spent.products
        return self._spectrum
