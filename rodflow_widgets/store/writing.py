"""The files of a run that goes on: whatever is new in its recording is appended to them."""

from __future__ import annotations

import errno
import importlib
import threading
import uuid
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..recording import Cursor, Recording
from . import lines, tensors
from .appended import Appended
from .aside import aside, settle
from .manifest import Manifest
from .places import JOURNAL, LINES, PARAMETERS, RUN
from .rows import Stream, batch_rows, seed

LINES_AT_ONCE = 10_000


@dataclass(frozen=True)
class _Mark:
    """How far the files are: rows and bytes by table, lines and their bytes."""

    rows: dict[str, int]
    goods: dict[str, int]
    lines: int
    lines_good: int


class Files:
    """Writes a recording into a folder, from its beginning on.

    `append` hands what is new to the system, which keeps it even if this process is killed, and takes no time to speak of;
    `flush` waits for the disk. Two threads may call one each.

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
        self._lock = threading.Lock()
        self._cursor = Cursor(recording)
        self._rows: dict[str, tuple[Stream, Appended]] = {}
        self._inbox: deque[bytes] = deque()
        self._waiting: list[bytes] = []
        self._since: list[bytes] = []
        self._line = 0
        self._vectors = dict.fromkeys((table.name for table in recording.tables), 0)
        self._files = 0
        self._vector_bytes = 0
        self._manifest = b""
        for name in (JOURNAL, PARAMETERS):
            (folder / name).mkdir()
        self._lines = Appended(folder / LINES)
        self._settled = self._mark()
        self._sure = self._settled.rows
        self._lost = False

    @property
    def nbytes(self) -> int:
        """Bytes on the disk, checkpoints apart."""
        with self._lock:
            appended = sum(file.good for _, file in self._rows.values())
        return appended + self._lines.good + self._vector_bytes + len(self._manifest)

    @property
    def step(self) -> int:
        """Up to which time, in optimizer steps, everything is on the disk."""
        times = []
        for table in self.recording.tables:
            saved = self._sure[table.name]
            last = table.rows(saved - 1, saved, ["time"])["time"] if saved else np.zeros(1)
            times.append((saved < len(table), last[0] if np.isfinite(last[0]) else 0))
        behind = [time for late, time in times if late]
        return int(min(behind) if behind else max((time for _, time in times), default=0))

    def move(self, folder: Path) -> None:
        """The folder has another name."""
        self.folder = folder

    def note(self, text: bytes) -> None:
        """Have a line appended the next time; any thread."""
        self._inbox.append(text)

    def flush(self) -> None:
        """Have everything that is there on the disk; after an OSError the next call goes on."""
        self.append()
        rows = dict(self._cursor.position)
        self._write_vectors()  # of all these rows
        self.append()
        self._settle()
        self._sure = rows

    # ------------------------------------------------------------------ quick

    def append(self) -> None:
        """Write the rows and lines that are new; after an OSError what was written before stays."""
        with self._lock:
            if self._lost:
                self._back()
            ends = [len(table) for table in self.recording.tables]
            self._append_lines()  # no row may be there without the change that it was made with
            while sum(self._append_rows(i, end) for i, end in enumerate(ends)):
                pass

    def _append_rows(self, number: int, end: int) -> bool:
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
        stream, file = self._rows[table.name]
        head = b"" if file.good else stream.head
        file.append(head + stream.batch(first, rows))
        self._cursor.position[table.name] = last
        return True

    def _append_lines(self) -> None:
        while self._inbox:
            self._waiting.append(self._inbox.popleft())
        self._waiting.extend(lines.event_text(event) for event in self._cursor.read_events())
        while self._waiting:
            texts = self._waiting[:LINES_AT_ONCE]
            self._lines.append(b"".join(lines.line(self.id, self._line + i, text) for i, text in enumerate(texts)))
            del self._waiting[: len(texts)]
            self._since += texts
            self._line += len(texts)

    def _mark(self) -> _Mark:
        goods = {name: file.good for name, (_, file) in self._rows.items()}
        return _Mark(dict(self._cursor.position), goods, self._line, self._lines.good)

    def _back(self) -> None:
        """Go back to what is surely on the disk: after an error nobody knows what became of the rest."""
        mark = self._settled
        self._cursor.position = dict(mark.rows)
        for name, (_, file) in self._rows.items():
            file.back_to(mark.goods.get(name, 0))
        self._lines.back_to(mark.lines_good)
        self._line = mark.lines
        self._waiting = self._since + self._waiting
        self._since = []
        self._lost = False

    # ------------------------------------------------------------------ slow

    def _settle(self) -> None:
        """Wait until what is appended is on the disk, and write in `run.json` that it is."""
        status = self.recording.status  # before the rows, of which it must not promise more than there are
        with self._lock:
            mark = self._mark()
            files = [
                file for name, (_, file) in self._rows.items() if mark.goods[name] != self._settled.goods.get(name)
            ]
        try:
            for file in files:
                file.settle()
            if mark.lines != self._settled.lines:
                self._lines.settle()
            if set(mark.goods) != set(self._settled.goods):
                settle(self.folder / JOURNAL)
        except OSError:
            self._lost = True
            raise
        with self._lock:
            del self._since[: mark.lines - self._settled.lines]
            self._settled = mark
        self._put_if_new(replace(self.manifest(), status=status))

    def _write_vectors(self) -> None:
        """Write parameter vectors that are new into a file of their own, which a line of the next `append` names."""
        arrays, counts = {}, dict(self._vectors)
        for i, table in enumerate(self.recording.tables):
            for step in list(table.parameters)[counts[table.name] :]:
                arrays[f"{i}.{step}"] = table.parameters[step]
                counts[table.name] += 1
        if arrays:
            written = tensors.write(self.folder / PARAMETERS / f"{self._files}.safetensors", arrays)
            self.note(lines.vectors_text(lines.Vectors(self._files, written.bytes, written.crc32)))
            self._files += 1
            self._vectors = counts
            self._vector_bytes += written.bytes

    def manifest(self) -> Manifest:
        """What `run.json` says, of what is surely on the disk."""
        rows = [self._settled.rows[table.name] for table in self.recording.tables]
        return Manifest.of(self.recording, self.id, rows=rows, lines=self._settled.lines)

    def _put_if_new(self, manifest: Manifest) -> None:
        data = manifest.data()
        if data != self._manifest:
            self.put(data)

    def put(self, data: bytes) -> None:
        """Write `run.json`."""
        with aside(self.folder / RUN) as file:
            file.write(data)
        self._manifest = data

    def close(self) -> None:
        with self._lock:
            for _, file in self._rows.values():
                file.close()
            self._lines.close()
            self._rows = {}


def in_words(error: OSError) -> str:
    """What went wrong with the disk, in words."""
    full = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
    return "The disk is full" if error.errno in full else f"The disk cannot be written to ({error.strerror or error})"
