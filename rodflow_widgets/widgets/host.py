"""How a widget hears of its page: what it says while a cell is busy, and that the page, or the host, has closed it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def while_busy(comm: Any) -> None:
    """Let what the page says on `comm` be handled while a cell of the notebook is busy, e.g. waiting for a run.

    ipykernel sends it to the shell that last published on the comm, which is the one that is busy.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default


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
