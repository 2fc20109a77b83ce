"""How fast frames may go: pure logic on a clock that the caller reads.

A server drops what a kernel sends too fast, and a page falls behind what it cannot draw. So a widget sends at most 30
frames a second, has at most two that are not yet drawn, and all widgets of a kernel share one budget of bytes. Drawing
also takes processor time that the run may want: where it is slow, frames get rarer, except when somebody waits for an
answer. What waits stays in the recording, and the next frame is larger. An answer costs the page time as well, because
hosts redraw what says whether the kernel is busy: of a page that is quick it is enough to hear now and then.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass
class Budget:
    """A bucket of bytes that fills at `rate` a second up to `burst`; a frame may overdraw it, and is paid off later.

    A run that records 42 numbers at 200,000 steps a second makes 34 MB of them; what a page or its line cannot take is
    held back by the frames in flight.
    """

    rate: float = 40e6
    burst: float = 4e6
    _level: float = field(default=math.nan, repr=False)
    _time: float = field(default=-math.inf, repr=False)

    def level(self, now: float) -> float:
        """Bytes that may go now."""
        if math.isnan(self._level):
            self._level = self.burst
        elif now > self._time:
            self._level = min(self.burst, self._level + self.rate * (now - self._time))
        self._time = max(self._time, now)
        return self._level

    def spend(self, size: int, now: float) -> None:
        self._level = self.level(now) - size

    def wait(self, now: float) -> float:
        """Seconds until something may go."""
        return max(0.0, -self.level(now) / self.rate)


LARGE = 32_000
"""Bytes of a frame that count as another frame."""


class Pacer:
    """Credits and rate of one widget.

    A client is counted from its hello to its bye. One that leaves a frame undrawn for `ack_timeout` seconds holds
    nobody up any longer, until it is heard of again. Without a client that counts nothing is sent, but for a small frame
    every `ack_timeout` seconds where there is one that does not count: what it was to say may have been lost on the way.

    Args:
        budget: shared by all widgets of the kernel.
        interval: least time between two frames, in seconds.
        slowest: most time that a slow page is left without a frame.
        share: of the time, that a page may spend on frames nobody waits for.
        window: frames that a client was asked about and has not drawn.
        quick: most seconds from sending to drawn, with which a page is asked about every `rare`th frame only.
        rare: frames of which a quick page is asked about one; a large frame counts as many.
        ack_timeout: seconds after which a client that does not answer holds nobody up.
    """

    def __init__(
        self,
        budget: Budget,
        *,
        interval: float = 1 / 30,
        slowest: float = 0.2,
        share: float = 0.2,
        window: int = 2,
        quick: float = 0.08,
        rare: int = 5,
        ack_timeout: float = 5.0,
    ) -> None:
        self.budget = budget
        self.interval = interval
        self.slowest = slowest
        self.share = share
        self.window = window
        self.quick = quick
        self.rare = rare
        self.ack_timeout = ack_timeout
        self._flight: dict[str, dict[int, float]] = {}
        self._asleep: set[str] = set()
        self._last = -math.inf
        self._trip = math.inf
        self._unasked = 0.0

    @property
    def clients(self) -> tuple[str, ...]:
        """All that said hello and not bye."""
        return tuple(self._flight)

    def join(self, client: str) -> None:
        """A client said hello: it owes nothing any more."""
        self._flight[client] = {}
        self._asleep.discard(client)

    def leave(self, client: str) -> None:
        self._flight.pop(client, None)
        self._asleep.discard(client)

    def ack(self, client: str, seq: int, now: float) -> None:
        """A client has drawn `seq` and all before it."""
        if client in self._flight:
            flight = self._flight[client]
            if seq in flight:
                trip = now - flight[seq]
                self._trip = trip if math.isinf(self._trip) else self._trip + 0.2 * (trip - self._trip)
            self._flight[client] = {sent: when for sent, when in flight.items() if sent > seq}
            self._asleep.discard(client)

    def asks(self, size: int) -> bool:
        """Whether clients are to say when they have drawn the next frame, of `size` bytes."""
        return self._trip > self.quick or self._unasked + 1 + size / LARGE >= self.rare

    def sent(self, seq: int, size: int, now: float, to: str | None = None, *, asked: bool = True) -> None:
        """A message of `size` bytes went to client `to`, or to all, who were asked to say when it is drawn, or not."""
        self.budget.spend(size, now)
        if to is None:
            self._last = now
            self._unasked = 0.0 if asked else self._unasked + 1 + size / LARGE
        if not asked:
            return
        for client in self._flight if to is None else [to]:
            if client in self._flight and client not in self._asleep:
                self._flight[client][seq] = now

    def awake(self, now: float) -> tuple[str, ...]:
        """Clients that count; those whose time is over fall asleep here, and what they owed is forgotten."""
        for client, flight in self._flight.items():
            if flight and now - min(flight.values()) >= self.ack_timeout:
                self._asleep.add(client)
                flight.clear()
        return tuple(client for client in self._flight if client not in self._asleep)

    def wait(self, now: float, urgent: bool = True) -> float:
        """Seconds until the next frame may go: 0 now, infinity when only a message of a client can change that.

        Args:
            urgent: somebody waits for this frame, so that it is not made rarer on a slow page.
        """
        awake = self.awake(now)
        if not awake:
            return max(self._last + self.ack_timeout - now, 0.0) if self._asleep else math.inf
        full = [self._flight[client] for client in awake if len(self._flight[client]) >= self.window]
        if full:
            return min(min(flight.values()) for flight in full) + self.ack_timeout - now
        trip = 0.0 if math.isinf(self._trip) else self._trip
        calm = min(max(self.interval, trip / self.share), self.slowest)
        interval = self.interval if urgent else calm
        return max(self._last + interval - now, self.budget.wait(now), 0.0)
