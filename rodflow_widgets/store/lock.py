"""One writer a run: a lock of the system, which a process that dies gives up by itself, and a note of who holds it."""

from __future__ import annotations

import contextlib
import os
import socket
from datetime import datetime
from pathlib import Path

from ..errors import ArgumentError
from .aside import aside
from .places import HOLDER, LOCK, Damaged, contents
from .sealed import sealed, unsealed

PATIENCE = 0.3
"""Seconds: somebody who looks whether a run still goes holds the lock for a moment."""


class Lock:
    """The right to write into the folder of a run."""

    def __init__(self, folder: Path) -> None:
        from filelock import FileLock

        self._lock = FileLock(folder / LOCK, thread_local=False)

    def take(self, folder: Path, path: Path) -> Lock:
        """Have it, and note who does.

        Raises:
            ArgumentError: another one has it; says which.
        """
        from filelock import Timeout

        try:
            self._lock.acquire(timeout=PATIENCE, poll_interval=0.02)
        except Timeout:
            raise ArgumentError(
                f"path={str(path)!r} is being written to by {holder(folder)}: give another path, or stop that run."
            ) from None
        return self

    def sign(self, folder: Path) -> None:
        """Write down who has it."""
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        with aside(folder / HOLDER) as file:
            file.write(sealed({"process": os.getpid(), "host": socket.gethostname(), "since": now}))

    def release(self) -> None:
        self._lock.release()


def unsign(folder: Path) -> None:
    """Take the note away, while one still has the lock."""
    with contextlib.suppress(OSError):
        (folder / HOLDER).unlink()


def holder(folder: Path) -> str:
    """Who holds the lock of a folder, in words."""
    try:
        note = unsealed(contents(folder, HOLDER, limit=4096), HOLDER)
        process, host, since = int(note["process"]), str(note["host"]), datetime.fromisoformat(str(note["since"]))
    except (Damaged, OSError, KeyError, TypeError, ValueError):
        return "another process"
    return f"process {process} on {host} since {since:%Y-%m-%d %H:%M:%S}"


def held(folder: Path) -> bool:
    """Whether somebody writes into a folder."""
    from filelock import FileLock, Timeout

    if not (folder / LOCK).is_file():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0, thread_local=False):
            return False
    except Timeout:
        return True
    except OSError:  # one who may not write here cannot try
        return False
