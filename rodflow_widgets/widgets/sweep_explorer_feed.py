"""When the explorer of a sweep draws: as often as its page keeps up with, and never on a thread of the sweep."""

from __future__ import annotations

import math
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import anywidget
import traitlets

from ..wire.pacer import Budget, Pacer
from . import bundle, host
from .saved import CSS

INTERVAL, SLOWEST = 0.25, 2.0
"""Seconds between two updates at least, and at most where the page is slow."""


class Drawn(Protocol):
    """What is updated."""

    reader: Reader

    def draw(self) -> int:
        """Take over what is new; returns the bytes that went to the page."""

    def ended(self) -> bool:
        """Whether nothing is added any more."""


class Reader(anywidget.AnyWidget):
    """The explorer's own part of the page: values under the pointer, names of the figures, word that an update is drawn."""

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    plan = traitlets.Dict().tag(sync=True)
    numbers = traitlets.Bytes(b"").tag(sync=True)
    states = traitlets.List(traitlets.Unicode()).tag(sync=True)
    labels = traitlets.Dict().tag(sync=True)
    tiles = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        host.while_busy(self.comm)

    @traitlets.default("_esm")
    def _read_esm(self) -> str:
        return bundle.read("sweep.js")

    @traitlets.default("_css")
    def _read_css(self) -> str:
        return bundle.read("sweep.css") + CSS


class Updates:
    """Pumped by the sender of the kernel, as the feeds of live views are.

    Args:
        drawn: asked for at every use, and None when it has gone.
        budget: of bytes, shared by all widgets of the kernel.
        wake: makes somebody call `pump` soon.
    """

    def __init__(self, drawn: Callable[[], Drawn | None], budget: Budget, wake: Callable[[], None]) -> None:
        self._drawn, self._wake = drawn, wake
        self._pacer = Pacer(budget, interval=INTERVAL, slowest=SLOWEST)
        self._inbox: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._news = self._wish = False
        self._seq = 0

    def changed(self) -> None:
        """The sweep has something new; any thread."""
        self._news = True
        self._wake()

    def asked(self) -> None:
        """Somebody waits for another picture; any thread."""
        self._wish = True
        self._wake()

    def receive(self, message: dict[str, Any]) -> None:
        """Take a message of a page; any thread."""
        self._inbox.put(message)
        self._wake()

    def pump(self, now: float) -> float:
        """Do all that may be done at time `now`; returns seconds until there may be more without a call of `wake`."""
        drawn = self._drawn()
        if drawn is None:
            return math.inf
        self._read(now)
        if not self._news and not self._wish:
            return math.inf
        wait = 0.0 if self._wish or drawn.ended() else self._pacer.wait(now, urgent=False)
        if wait > 0:
            return wait
        self._news = self._wish = False
        size = drawn.draw()
        self._seq += 1
        drawn.reader.send({"seq": self._seq})
        self._pacer.sent(self._seq, size, now)
        return math.inf

    def lost(self) -> None:
        """Drawing has failed: be silent until somebody asks, or there is more."""
        self._wish = False

    def _read(self, now: float) -> None:
        while True:
            try:
                message = self._inbox.get_nowait()
            except Empty:
                return
            kind, client = message.get("kind"), str(message.get("client", ""))
            if kind == "hello":
                self._pacer.join(client)
                self._news = True
            elif kind == "ack":
                self._pacer.ack(client, int(message.get("seq", 0)), now)
            elif kind == "bye":
                self._pacer.leave(client)
