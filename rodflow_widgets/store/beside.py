"""Work that may take long, on a thread of its own, one piece at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Beside:
    """Does `work` again and again, whenever it is asked to and not at it."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    def begin(self) -> None:
        """Begin, unless it is at it; where the system has no further thread, at exit for one, do it at once in this one."""
        if self._thread is not None and self._thread.is_alive():
            return
        thread = threading.Thread(target=self._run, name="rodflow-journal-disk", daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError):
            self._run()
        else:
            self._thread = thread

    def error(self) -> Exception | None:
        """What was raised since the last time that this was asked."""
        error, self._error = self._error, None
        return error

    def wait(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:
            self._error = error
