"""A cell that runs again replaces the widgets that it made before: hosts do not close them."""

from __future__ import annotations

import weakref
from typing import Any, Protocol


class Closable(Protocol):
    def close(self) -> None: ...


_made: dict[str, tuple[str, list[weakref.ref[Any]]]] = {}


def replace(widget: Closable) -> None:
    """Close what earlier runs of the current cell made, and remember `widget` for the next one."""
    place = current()
    if place is None:
        return
    cell, execution = place
    before, widgets = _made.get(cell, ("", []))
    if before != execution:
        for reference in widgets:
            old = reference()
            if old is not None:
                old.close()
        widgets = []
    _made[cell] = (execution, [*widgets, weakref.ref(widget)])


def current() -> tuple[str, str] | None:
    """The current cell, and its current execution, where the host tells."""
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    parent = kernel.get_parent() if kernel is not None else None
    if not parent:
        return None
    cell = parent.get("metadata", {}).get("cellId")
    execution = parent.get("header", {}).get("msg_id")
    return (cell, execution) if cell and execution else None
