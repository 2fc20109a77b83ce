"""A file that only grows."""

from __future__ import annotations

import os
from pathlib import Path


class Appended:
    """What could not be written whole is cut off again; `good` bytes are whole."""

    def __init__(self, path: Path) -> None:
        self.good = 0
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)
        self._torn = False

    def append(self, data: bytes) -> None:
        """Write all of it behind what is good, or raise OSError and leave what is good."""
        if self._torn:
            os.ftruncate(self._handle, self.good)
        self._torn = True
        left = memoryview(data)
        os.lseek(self._handle, self.good, os.SEEK_SET)
        while left:
            left = left[os.write(self._handle, left) :]
        self._torn = False
        self.good += len(data)

    def back_to(self, good: int) -> None:
        """Take back what was appended since."""
        self._torn = self._torn or good != self.good
        self.good = good

    def settle(self) -> None:
        """Have it on the disk, which may take long."""
        os.fsync(self._handle)

    def close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)
