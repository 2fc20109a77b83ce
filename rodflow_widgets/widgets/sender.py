"""The one thread of a kernel that sends."""

from __future__ import annotations

import logging
import math
import threading
import time

from ..wire.pacer import Budget
from .feed import Feed

log = logging.getLogger(__name__)


class Sender:
    """Pumps all feeds; its thread lives while there is one."""

    def __init__(self) -> None:
        self.budget = Budget()
        self._feeds: list[Feed] = []
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """There may be something to send; any thread."""
        self._news.set()

    def add(self, feed: Feed) -> None:
        with self._lock:
            self._feeds.append(feed)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="rodflow-sender", daemon=True)
                self._thread.start()
        self.wake()

    def remove(self, feed: Feed) -> None:
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

    def _pump(self, feed: Feed) -> float:
        try:
            return feed.pump(time.monotonic())
        except Exception:
            log.exception(
                "Sending to a widget failed. Its run goes on; the widget is silent until its page says something."
            )
            feed.lost()
            return math.inf


SENDER = Sender()
