"""What a saved notebook holds of a run: a PNG, and the recording for a page whose scripts run.

Such a page draws it with the front end that a live view has. The front end is the larger part, so a notebook carries
it once: one of the pictures of a kernel brings it, and the others look for it in the page. Where it is not found, or
where scripts do not run, the PNG stays. The JupyterLab extension draws them with a front end of its own, also where scripts
do not run: a type of ours says that there is a recording, which it reads out of the HTML, so that it is held once.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import logging
import struct
import threading
import weakref
from collections.abc import Mapping
from html import escape
from typing import Any

from ..wire.messages import PROTOCOL
from . import bundle

log = logging.getLogger(__name__)

MIME = "application/vnd.rodflow.run+json"
LIVE_CLASS = "rodflow-widgets-live"
STILL_CLASS = "rodflow-widgets-still"
OUTPUT = ".jp-OutputArea-child"
CSS = f"\n{OUTPUT}:has(.{LIVE_CLASS}) + {OUTPUT}:has(.{STILL_CLASS}) {{ display: none; }}\n"
HIDE_DEAD = f"<style>{OUTPUT}:not(:has(.{LIVE_CLASS})):has(+ {OUTPUT} img.{STILL_CLASS}) {{ display: none; }}</style>"
EMPTY = {"text/html": f'<span class="{STILL_CLASS}"></span>', "text/plain": ""}


class Carrier:
    """Which one of a kernel's widgets carries the code in its output."""

    def __init__(self) -> None:
        self._holder: weakref.ref[Any] | None = None
        self._lock = threading.Lock()

    def takes(self, widget: object) -> bool:
        """Whether `widget` is the one; it becomes it where there is none."""
        with self._lock:
            holder = self._holder() if self._holder is not None else None
            if holder is None:
                self._holder = weakref.ref(widget)
            return holder is None or holder is widget

    def leaves(self, widget: object) -> None:
        """The outputs of `widget` are given up, so that another one is to carry the code."""
        with self._lock:
            if self._holder is not None and self._holder() is widget:
                self._holder = None


CARRIER = Carrier()


def data(recording: Any, traits: Mapping[str, Any]) -> dict[str, Any]:
    """A recording as MIME data: a mark of ours, PNG, HTML with the same and what the front end draws, and text; text alone
    where it cannot be drawn. The code is not in it: `with_code` adds it.

    Args:
        traits: what a live view of the recording has, for the same front end without a kernel.
    """
    text = repr(recording)
    try:
        from ..figures import picture
    except ImportError:
        return {"text/plain": text}
    try:
        png = base64.b64encode(picture(recording)).decode("ascii")
        packed = _compressed(pack({**traits, "recorded": True}))
    except Exception:
        log.exception("The picture of a run could not be drawn; its output shows text.")
        return {"text/plain": text}
    html = (
        f'{HIDE_DEAD}<div class="{STILL_CLASS}" data-code="{_code()[0]}">'
        f'<img class="{STILL_CLASS}" alt="{_words(recording)}" style="max-width: 100%; width: 960px" '
        f'src="data:image/png;base64,{png}">'
        f'<script type="application/vnd.rodflow+gzip" data-rodflow-picture="">{packed}</script>'
        f"<script>{_script()}</script></div>"
    )
    return {MIME: {"protocol": PROTOCOL}, "image/png": png, "text/html": html, "text/plain": text}


def with_code(data: dict[str, Any]) -> dict[str, Any]:
    """The same MIME data with the front end itself, for all pictures of the page."""
    html = data.get("text/html", "")
    before, script, after = html.partition("<script>")
    if not script:
        return data
    name, code = _code()
    carried = f'<script type="application/vnd.rodflow+gzip" data-rodflow-bundle="{name}">{_compressed(code)}</script>'
    return {**data, "text/html": f"{before}{carried}{script}{after}"}


def pack(traits: Mapping[str, Any]) -> bytes:
    """Traits as one string of bytes: length of a JSON head (uint32, little-endian), the head with those that are plain
    JSON and the sizes of those that are bytes, and these bytes.
    """
    held = {name: value for name, value in traits.items() if isinstance(value, bytes)}
    plain = {name: value for name, value in traits.items() if name not in held}
    head = {"traits": plain, "sizes": {name: len(value) for name, value in held.items()}}
    encoded = json.dumps(head, allow_nan=False, separators=(",", ":")).encode()
    return b"".join([struct.pack("<I", len(encoded)), encoded, *held.values()])


def _code() -> tuple[str, bytes]:
    """The front end with its styles, and a name for this version of it."""
    code = json.dumps({"js": bundle.read("live.js"), "css": bundle.read("live.css")}).encode()
    return hashlib.sha256(code).hexdigest()[:16], code


def _script() -> str:
    """The script of one picture; inside HTML nothing in it may end the element."""
    return bundle.read("still.js").strip().replace("</", "<\\/")


def _compressed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")


def _words(recording: Any) -> str:
    spec = recording.spec
    return escape(f"{spec['optimizer']['label']} on {spec['problem']['name']}. {recording.status.sentence}")
