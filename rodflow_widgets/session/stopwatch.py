"""How long and how fast a run goes."""

from __future__ import annotations

import time

SPEED_SECONDS = 0.5


class Stopwatch:
    """Seconds spent running, `before` included, and steps a second over the last half second."""

    def __init__(self, before: float = 0.0) -> None:
        self.speed: float | None = None
        self._seconds = before
        self._since: float | None = None
        self._mark = (0.0, 0)

    @property
    def seconds(self) -> float:
        since = self._since
        return self._seconds + (time.perf_counter() - since if since is not None else 0.0)

    def run(self, step: int) -> None:
        """It runs, and is at `step`."""
        now = time.perf_counter()
        if self._since is None:
            self._since, self._mark = now, (now, step)
        elif now - self._mark[0] >= SPEED_SECONDS:
            self.speed = (step - self._mark[1]) / (now - self._mark[0])
            self._mark = (now, step)

    def hold(self) -> None:
        """It does not run."""
        self._seconds, self._since, self.speed = self.seconds, None, None
