"""What a notebook shows when no kernel is there to draw: a picture in an output of its own, below the live view.

A MIME bundle is frozen when it is displayed, and hosts prefer a widget that they cannot draw to a picture beside it in
the same bundle. So the picture is a second output, empty at first and updated when the run holds still. In JupyterLab
and in pages that nbconvert makes, each hides the other: the live view as long as it is alive, else the picture.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

from ..session import Shown
from . import cells, saved

DELAY = 0.5


class Places:
    """The second outputs of one widget, but for those that an earlier run of a cell has left.

    Args:
        carries: whether they may bring the front end that other pictures look for.
    """

    def __init__(self, *, carries: bool = True) -> None:
        self._carries = carries
        self._found: dict[str, tuple[str, str] | None] = {}
        self._carrying: str | None = None

    def publish(self, data: dict[str, Any]) -> None:
        """Make another one, below what the current cell has shown so far."""
        from IPython.display import publish_display_data

        cell = cells.current()
        if cell is not None:
            self._found = {
                identity: place
                for identity, place in self._found.items()
                if place is None or place[0] != cell[0] or place[1] == cell[1]
            }
        identity = uuid.uuid4().hex
        self._found[identity] = cell
        publish_display_data(self._carried(identity, data), transient={"display_id": identity})

    def update(self, data: dict[str, Any]) -> None:
        """Show `data` in all of them."""
        from IPython.display import publish_display_data

        for identity in tuple(self._found):
            content = self._carried(identity, data)
            publish_display_data(content, transient={"display_id": identity}, update=True)

    def leave(self) -> None:
        """None of them will be updated again."""
        saved.CARRIER.leaves(self)

    def __len__(self) -> int:
        return len(self._found)

    def _carried(self, identity: str, data: dict[str, Any]) -> dict[str, Any]:
        """The data, with the code where this output is the one that brings it."""
        if not self._carries or "text/html" not in data or data is saved.EMPTY or not saved.CARRIER.takes(self):
            return data
        if self._carrying not in self._found:
            self._carrying = identity
        return saved.with_code(data) if identity == self._carrying else data


class Still:
    """Keeps the second outputs of one widget up to date.

    A `wait()` that is over draws in its own thread, since some hosts take updates only while a cell runs. Otherwise a
    thread draws when the run has held still for half a second.

    Args:
        run: what is drawn.
        traits: tells what the live view would show now.
    """

    def __init__(self, run: Shown, traits: Callable[[], dict[str, Any]]) -> None:
        self.run = run
        self._traits = traits
        self._places = Places()
        self._shown: tuple[Any, ...] = ()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._forks: dict[Shown, Callable[[], None]] = {}
        self._forget = (run.on_change(self._changed), run.on_change(self.update, before_return=True))

    def add(self, fork: Shown) -> None:
        """Draw again whenever `fork`, which is drawn over the run, holds still."""
        self._forks[fork] = fork.on_change(self._changed)

    def remove(self, fork: Shown) -> None:
        """Draw without `fork`, which has been taken off the view."""
        forget = self._forks.pop(fork, None)
        if forget is not None:
            forget()
            self._changed()

    def display(self) -> None:
        """Publish a second output, below what the current cell has shown so far."""
        self._places.publish(self._data() if self._due() else saved.EMPTY)

    def follow(self, places: Places) -> None:
        """Draw into the second outputs `places`, which others publish."""
        self._places = places

    def update(self) -> None:
        """Draw what is new into all second outputs; nothing while the run is going."""
        with self._lock:
            due = self._due()
            if not due or due == self._shown or not self._places:
                return
            self._places.update(self._data())
            self._shown = due

    def close(self) -> None:
        for forget in (*self._forget, *self._forks.values()):
            forget()
        # Without a place nothing is drawn any more, whatever the worker or a timer still calls.
        places, self._places = self._places, Places()
        places.leave()
        if self._timer is not None:
            self._timer.cancel()

    def _data(self) -> dict[str, Any]:
        return saved.data(self.run.recording, self._traits())

    def _due(self) -> tuple[Any, ...]:
        """What a picture would show now; empty while the run is going or has no rows."""
        own = _held(self.run)
        return (own, *map(_held, tuple(self._forks))) if own else ()

    def _changed(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._places and self._due():
            self._timer = threading.Timer(DELAY, self.update)
            self._timer.daemon = True
            self._timer.start()


def _held(run: Shown) -> tuple[Any, ...]:
    """What a picture would show of a run; empty while it is going or has no rows."""
    status, recording = run.status, run.recording
    rows = tuple(len(table) for table in recording.tables)
    if status.state in ("ready", "running") or not any(rows):
        return ()
    return run.number, status, rows, len(recording.events)
