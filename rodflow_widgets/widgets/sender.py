"""The one thread of a kernel that sends."""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import Protocol

from ..wire.pacer import Budget

log = logging.getLogger(__name__)


class Pumped(Protocol):
    """What sends, when it may."""

    def pump(self, now: float) -> float:
        """Send what may go at time `now`; returns seconds until there may be more without a call of `wake`."""

    def lost(self) -> None:
        """Sending has failed."""


class Sender:
    """Pumps all feeds; its thread lives while there is one."""

    def __init__(self) -> None:
        self.budget = Budget()
        self._feeds: list[Pumped] = []
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """There may be something to send; any thread."""
        self._news.set()

    def add(self, feed: Pumped) -> None:
        with self._lock:
            self._feeds.append(feed)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="rodflow-sender", daemon=True)
                self._thread.start()
        self.wake()

    def remove(self, feed: Pumped) -> None:
        with self._lock:
            if feed in self._feeds:
                self._feeds.remove(feed)
        self.wake()

    def _work(self) -> None:
        while True:
            with self._lock:
                feeds = tuple(self._feeds)
                if not feeds:
                    self._thread = None
                    return
            self._news.clear()
            wait = min(self._pump(feed) for feed in feeds)
            del feeds
            self._news.wait(min(wait, threading.TIMEOUT_MAX))

    def _pump(self, feed: Pumped) -> float:
        try:
            return feed.pump(time.monotonic())
        except Exception:
            log.exception(
                "Sending to a widget failed. Its run goes on; the widget is silent until its page says something."
            )
            feed.lost()
            return math.inf


SENDER = Sender()
