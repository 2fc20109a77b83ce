"""What a notebook shows of the explorer of a sweep when no kernel is there: a picture, in an output of its own below it."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Callable
from html import escape
from typing import Any

from . import saved
from .still import DELAY, Places

log = logging.getLogger(__name__)


class Kept:
    """Draws the second outputs anew when a sweep has come to rest.

    Args:
        draw: makes the PNG.
        words: what is on it.
    """

    def __init__(self, draw: Callable[[], bytes], words: Callable[[], str]) -> None:
        self._draw, self._words = draw, words
        self._places = Places(carries=False)
        self._timer: threading.Timer | None = None

    def display(self, *, ready: bool) -> None:
        """Publish a second output, below what the current cell has shown so far; empty unless `ready`."""
        self._places.publish(self._data() if ready else saved.EMPTY)

    def soon(self) -> None:
        """Draw when nothing has changed for half a second; any thread."""
        if self._timer is not None:
            self._timer.cancel()
        if self._places:
            self._timer = threading.Timer(DELAY, self._update)
            self._timer.daemon = True
            self._timer.start()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._places = Places(carries=False)

    def _update(self) -> None:
        self._places.update(self._data())

    def _data(self) -> dict[str, Any]:
        words = self._words()
        try:
            png = base64.b64encode(self._draw()).decode("ascii")
        except Exception:
            log.exception("The picture of a sweep could not be drawn; its output shows text.")
            return {"text/plain": words}
        image = f'<img class="{saved.STILL_CLASS}" alt="{escape(words)}" style="max-width: 100%; width: 960px" src="data:image/png;base64,{png}">'
        html = f'{saved.HIDE_DEAD}<div class="{saved.STILL_CLASS}">{image}</div>'
        return {"image/png": png, "text/html": html, "text/plain": words}
