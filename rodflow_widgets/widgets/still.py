"""What a notebook shows when no kernel is there to draw: a picture in an output of its own, below the live view.

A MIME bundle is frozen when it is displayed, and hosts prefer a widget that they cannot draw to a picture beside it in
the same bundle. So the picture is a second output, empty at first and updated when the run holds still. In JupyterLab
and in pages that nbconvert makes, each hides the other: the live view as long as it is alive, else the picture.
"""

from __future__ import annotations

import base64
import logging
import threading
import uuid
from typing import Any

from ..session import Run

log = logging.getLogger(__name__)

LIVE_CLASS = "rodflow-widgets-live"
STILL_CLASS = "rodflow-widgets-still"
OUTPUT = ".jp-OutputArea-child"
CSS = f"\n{OUTPUT}:has(.{LIVE_CLASS}) + {OUTPUT}:has(.{STILL_CLASS}) {{ display: none; }}\n"
HIDE_DEAD = f"<style>{OUTPUT}:not(:has(.{LIVE_CLASS})):has(+ {OUTPUT} img.{STILL_CLASS}) {{ display: none; }}</style>"
EMPTY = {"text/html": f'<span class="{STILL_CLASS}"></span>', "text/plain": ""}
DELAY = 0.5


class Still:
    """Keeps the second outputs of one widget up to date.

    A `wait()` that is over draws in its own thread, since some hosts take updates only while a cell runs. Otherwise a
    thread draws when the run has held still for half a second.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._displays: tuple[str, ...] = ()
        self._shown: tuple[Any, ...] = ()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._forget = (run.on_change(self._changed), run.on_change(self.update, before_return=True))

    def display(self) -> None:
        """Publish the second output, below what the current cell has shown so far."""
        self._displays = (*self._displays, publish(bundle(self.run.recording) if self._due() else EMPTY))

    def follow(self, displays: tuple[str, ...]) -> None:
        """Draw into the second outputs `displays`, which others have published."""
        self._displays = displays

    def update(self) -> None:
        """Draw what is new into all second outputs; nothing while the run is going."""
        from IPython.display import publish_display_data

        with self._lock:
            due = self._due()
            if not due or due == self._shown or not self._displays:
                return
            data = bundle(self.run.recording)
            for identity in self._displays:
                publish_display_data(data, transient={"display_id": identity}, update=True)
            self._shown = due

    def close(self) -> None:
        for forget in self._forget:
            forget()
        if self._timer is not None:
            self._timer.cancel()

    def _due(self) -> tuple[Any, ...]:
        """What a picture would show now; empty while the run is going or has no rows."""
        status, recording = self.run.status, self.run.recording
        rows = tuple(len(table) for table in recording.tables)
        return () if status.state in ("ready", "running") or not any(rows) else (self.run.number, status, rows)

    def _changed(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._displays and self._due():
            self._timer = threading.Timer(DELAY, self.update)
            self._timer.daemon = True
            self._timer.start()


def publish(data: dict[str, Any] = EMPTY) -> str:
    """Publish a second output below what the current cell has shown so far; returns its identity."""
    from IPython.display import publish_display_data

    identity = uuid.uuid4().hex
    publish_display_data(data, transient={"display_id": identity})
    return identity


def bundle(recording: Any) -> dict[str, Any]:
    """A recording as MIME data: PNG, the same in HTML, and text; text alone where it cannot be drawn."""
    text = repr(recording)
    try:
        from ..figures import picture
    except ImportError:
        return {"text/plain": text}
    try:
        png = base64.b64encode(picture(recording)).decode("ascii")
    except Exception:
        log.exception("The picture of a run could not be drawn; its output shows text.")
        return {"text/plain": text}
    html = (
        f'{HIDE_DEAD}<img class="{STILL_CLASS}" alt="{_escaped(recording)}" style="max-width: 100%; width: 960px" '
        f'src="data:image/png;base64,{png}">'
    )
    return {"image/png": png, "text/html": html, "text/plain": text}


def _escaped(recording: Any) -> str:
    from html import escape

    spec = recording.spec
    return escape(f"{spec['optimizer']['label']} on {spec['problem']['name']}. {recording.status.sentence}")
