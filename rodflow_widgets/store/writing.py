"""The files of a run that goes on: whatever is new in its recording is appended to them."""

from __future__ import annotations

import errno
import importlib
import os
import uuid
from collections import deque
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..recording import Cursor, Recording
from . import lines, tensors
from .aside import aside, settle
from .manifest import Manifest
from .places import JOURNAL, LINES, PARAMETERS, RUN
from .rows import Stream, batch_rows, seed

LINES_AT_ONCE = 10_000


class Appended:
    """A file that only grows: what could not be written whole is cut off again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.good = 0
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)
        self._torn = False
        self._loose = False

    def append(self, data: bytes) -> None:
        """Write all of it behind what is good, or raise OSError and leave what is good."""
        self.mend()
        self._torn = True
        left, place = memoryview(data), self.good
        os.lseek(self._handle, place, os.SEEK_SET)
        while left:
            left = left[os.write(self._handle, left) :]
        self._torn = False
        self._loose = True
        self.good += len(data)

    def mend(self) -> None:
        """Cut off what is torn."""
        if self._torn:
            os.ftruncate(self._handle, self.good)
            self._torn = False

    def back_to(self, good: int) -> None:
        """Take back what was appended and may not have reached the disk."""
        self.good = good
        self._torn = True

    def settle(self) -> None:
        """Have it on the disk."""
        if self._loose:
            os.fsync(self._handle)
            self._loose = False

    def close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


class Files:
    """Writes a recording into a folder, from its beginning on.

    Args:
        folder: there, and empty but for a lock.
        id: of the run.
    """

    def __init__(self, recording: Recording, folder: Path, id: str | None = None) -> None:
        for module in ("pyarrow", "safetensors.numpy"):
            importlib.import_module(module)  # now: it takes a second of the first flush else

        self.recording = recording
        self.id = id or uuid.uuid4().hex
        self.folder = folder
        self._cursor = Cursor(recording)
        self._rows: dict[str, tuple[Stream, Appended]] = {}
        self._inbox: deque[bytes] = deque()
        self._waiting: list[bytes] = []
        self._vectors = dict.fromkeys((table.name for table in recording.tables), 0)
        self._files = 0
        self._line = 0
        self._manifest = b""
        self._vector_bytes = 0
        for name in (JOURNAL, PARAMETERS):
            (folder / name).mkdir()
        self._lines = Appended(folder / LINES)

    @property
    def nbytes(self) -> int:
        """Bytes on the disk, checkpoints apart."""
        appended = sum(file.good for _, file in self._rows.values())
        return appended + self._lines.good + self._vector_bytes + len(self._manifest)

    @property
    def step(self) -> int:
        """Up to which time, in optimizer steps, everything is on the disk."""
        times = []
        for table in self.recording.tables:
            saved = self._cursor.position[table.name]
            last = table.rows(saved - 1, saved, ["time"])["time"] if saved else np.zeros(1)
            times.append((saved < len(table), last[0] if np.isfinite(last[0]) else 0))
        behind = [time for late, time in times if late]
        return int(min(behind) if behind else max((time for _, time in times), default=0))

    def move(self, folder: Path) -> None:
        """The folder has another name."""
        self.folder = folder

    def note(self, text: bytes) -> None:
        """Have a line written with the next flush; any thread."""
        self._inbox.append(text)

    def flush(self) -> None:
        """Append what is new, and have it on the disk; after an OSError everything before is, and the next call goes on."""
        status = self.recording.status  # before the rows: it must not promise more than there is
        ends = [len(table) for table in self.recording.tables]
        self._flush_vectors()
        self._flush_lines()  # before the rows that were there before: none may lack the change that it was made with
        self._flush_rows(ends)
        self._flush_manifest(replace(self.manifest(), status=status))

    def manifest(self) -> Manifest:
        """What `run.json` says now."""
        rows = [self._cursor.position[table.name] for table in self.recording.tables]
        return Manifest.of(self.recording, self.id, rows=rows, lines=self._line)

    def _flush_rows(self, ends: list[int]) -> None:
        before = dict(self._cursor.position)
        goods = {name: file.good for name, (_, file) in self._rows.items()}
        failed: OSError | None = None
        try:
            try:
                while sum(self._flush_some(i, end) for i, end in enumerate(ends)):
                    pass
            except OSError as error:
                failed = error  # what was appended before is good, if it gets to the disk
            for _, file in self._rows.values():
                file.settle()
        except OSError:
            self._cursor.position = before
            for name, (_, file) in self._rows.items():
                file.back_to(goods.get(name, 0))
            raise
        if failed is not None:
            raise failed

    def _flush_some(self, number: int, end: int) -> bool:
        """Append some rows of a table that has more than were written; says whether it had."""
        table = self.recording.tables[number]
        first = self._cursor.position[table.name]
        if first >= end:
            return False
        last = min(end, first + batch_rows(table.described))
        rows = table.rows(first, last)
        if table.name not in self._rows:
            stream = Stream(seed(self.id, number, table), table.name, table.described, rows)
            self._rows[table.name] = stream, Appended(self.folder / JOURNAL / f"{number}.arrow")
            settle(self.folder / JOURNAL)
        stream, file = self._rows[table.name]
        head = b"" if file.good else stream.head
        file.append(head + stream.batch(first, rows))
        self._cursor.position[table.name] = last
        return True

    def _flush_vectors(self) -> None:
        arrays, counts = {}, dict(self._vectors)
        for i, table in enumerate(self.recording.tables):
            for step in list(table.parameters)[counts[table.name] :]:
                arrays[f"{i}.{step}"] = table.parameters[step]
                counts[table.name] += 1
        if arrays:
            written = tensors.write(self.folder / PARAMETERS / f"{self._files}.safetensors", arrays)
            self._waiting.append(lines.vectors_text(lines.Vectors(self._files, written.bytes, written.crc32)))
            self._files += 1
            self._vectors = counts
            self._vector_bytes += written.bytes

    def _flush_lines(self) -> None:
        while self._inbox:
            self._waiting.append(self._inbox.popleft())
        self._waiting.extend(lines.event_text(event) for event in self._cursor.read_events())
        while self._waiting:
            texts = self._waiting[:LINES_AT_ONCE]
            good = self._lines.good
            data = b"".join(lines.line(self.id, self._line + i, text) for i, text in enumerate(texts))
            try:
                self._lines.append(data)
                self._lines.settle()
            except OSError:
                self._lines.back_to(good)
                raise
            del self._waiting[: len(texts)]
            self._line += len(texts)

    def _flush_manifest(self, manifest: Manifest) -> None:
        data = manifest.data()
        if data != self._manifest:
            self.put(data)

    def put(self, data: bytes) -> None:
        """Write `run.json`."""
        with aside(self.folder / RUN) as file:
            file.write(data)
        self._manifest = data

    def close(self) -> None:
        for _, file in self._rows.values():
            file.close()
        self._lines.close()
        self._rows = {}


def said(error: OSError) -> str:
    """What went wrong with the disk, in words."""
    full = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
    return "The disk is full" if error.errno in full else f"The disk cannot be written to ({error.strerror or error})"
