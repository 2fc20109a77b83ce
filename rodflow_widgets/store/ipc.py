"""Messages of an Arrow stream, read from strangers.

pyarrow would decompress buffers and trust offsets before anything could be checked. What our streams hold is little: record
batches of plain float64 buffers without nulls. So their headers are read here, every offset checked, and everything else
refused; pyarrow writes the streams, and reads them too.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

CONTINUES = 0xFFFFFFFF
LARGEST_HEADER = 1 << 20
V5 = 4
RECORD_BATCH = 3


class Malformed(Exception):
    """A message that none of our streams holds."""


@dataclass(frozen=True)
class Batch:
    """Header of a record batch: rows, (offset, length) of its buffers, bytes of its body, metadata."""

    rows: int
    buffers: list[tuple[int, int]]
    body: int
    metadata: dict[str, str]


@dataclass(frozen=True)
class _Flat:
    """A table of a flatbuffer: fields by number."""

    data: bytes
    place: int

    def _where(self, field: int) -> int | None:
        table = self.place - self.get("<i", self.place)
        if 4 + 2 * field >= self.get("<H", table):
            return None
        offset = self.get("<H", table + 4 + 2 * field)
        return self.place + offset if offset else None

    def get(self, form: str, place: int) -> int:
        if not 0 <= place <= len(self.data) - struct.calcsize(form):
            raise Malformed
        return int(struct.unpack_from(form, self.data, place)[0])

    def number(self, field: int, form: str) -> int:
        place = self._where(field)
        return 0 if place is None else self.get(form, place)

    def table(self, field: int) -> _Flat:
        place = self._where(field)
        if place is None:
            raise Malformed
        return _Flat(self.data, place + self.get("<I", place))

    def has(self, field: int) -> bool:
        return self._where(field) is not None

    def vector(self, field: int, width: int) -> tuple[int, int]:
        """Place and length of a vector of items of `width` bytes."""
        where = self._where(field)
        if where is None:
            return 0, 0
        place = where + self.get("<I", where)
        count = self.get("<I", place)
        if place + 4 + count * width > len(self.data):
            raise Malformed
        return place + 4, count

    def text(self, field: int) -> str:
        place, length = self.vector(field, 1)
        try:
            return self.data[place : place + length].decode()
        except UnicodeDecodeError:
            raise Malformed from None


def batch(header: bytes) -> Batch:
    """The header of a record batch.

    Raises:
        Malformed: it is another message, has compressed buffers, nulls, or offsets that point nowhere.
    """
    root = _Flat(header, 0)
    message = _Flat(header, root.get("<I", 0))
    if message.number(0, "<h") != V5 or message.number(1, "<B") != RECORD_BATCH:
        raise Malformed
    found = message.table(2)
    if found.has(3):
        raise Malformed  # compressed
    rows, body = found.number(0, "<q"), message.number(3, "<q")
    nodes, node_count = found.vector(1, 16)
    buffers, buffer_count = found.vector(2, 16)
    pairs = list(struct.iter_unpack("<qq", header[buffers : buffers + 16 * buffer_count]))
    nulls = [pair[1] for pair in struct.iter_unpack("<qq", header[nodes : nodes + 16 * node_count])]
    if rows < 0 or body < 0 or any(nulls):
        raise Malformed
    return Batch(rows, pairs, body, _metadata(message))


def _metadata(message: _Flat) -> dict[str, str]:
    place, count = message.vector(4, 4)
    found: dict[str, Any] = {}
    for i in range(min(count, 16)):
        entry = place + 4 * i
        pair = _Flat(message.data, entry + message.get("<I", entry))
        found[pair.text(0)] = pair.text(1)
    return found
