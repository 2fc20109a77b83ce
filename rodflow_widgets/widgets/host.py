"""How a widget hears that the page, or the host, has closed it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def on_close(comm: Any, told: Callable[[], None]) -> None:
    """Call `told` when `comm` is closed by anybody but its widget.

    A page of Jupyter says so in a message. marimo calls `close` of the comm when the cell that made it runs again or is
    deleted, and tells the widget nothing.
    """
    if hasattr(comm, "on_close"):
        comm.on_close(lambda message: told())
    if type(comm).__module__.partition(".")[0] == "marimo":
        close = comm.close

        def close_and_tell(*args: Any, **more: Any) -> None:
            comm.close = close
            close(*args, **more)
            told()

        comm.close = close_and_tell
