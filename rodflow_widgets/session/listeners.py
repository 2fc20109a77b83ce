"""Who is told when something is new."""

from __future__ import annotations

import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

Listener = Callable[[], None]


class Listeners:
    """Functions that are called one after the other; what they raise is logged, once each, and changes nothing.

    Args:
        caught: what they may raise.
    """

    def __init__(self, caught: type[BaseException]) -> None:
        self._caught = caught
        self._all: tuple[Listener, ...] = ()
        self._faulty: set[Listener] = set()

    def add(self, listener: Listener) -> Callable[[], None]:
        """Call it from now on, until the function that is returned is called."""
        self._all = (*self._all, listener)

        def remove() -> None:
            self._all = tuple(other for other in self._all if other is not listener)
            self._faulty.discard(listener)

        return remove

    def call(self) -> None:
        for listener in self._all:
            try:
                listener()
            except self._caught:
                if listener not in self._faulty:
                    self._faulty.add(listener)
                    log.exception("A listener of a run failed. The run goes on; this is said once for every listener.")
