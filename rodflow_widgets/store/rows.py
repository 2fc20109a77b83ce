"""Rows of a process as an Arrow stream with a checksum a batch."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

import numpy as np

from ..recording import Table
from ..vocabulary import Column
from .ipc import CONTINUES, LARGEST_HEADER, Malformed, batch
from .places import Damaged, size

BATCH_ROWS = 65_536
BATCH_BYTES = 16 << 20
END = b"\xff\xff\xff\xff\x00\x00\x00\x00"


def batch_rows(columns: Sequence[Column]) -> int:
    """Most rows that are written at once."""
    return max(1, min(BATCH_ROWS, BATCH_BYTES // (8 * sum(column.width for column in columns))))


def seed(id: str, number: int, table: Table) -> str:
    """What the rows of a table belong to."""
    return f"{id} {number} {table.name}"


def checksum(seed: str, first: int, columns: Mapping[str, np.ndarray]) -> int:
    """Of the numbers as they are read, and of where they belong: bytes that moved or lie elsewhere are noticed too."""
    shapes = {name: list(values.shape) for name, values in columns.items()}
    crc = zlib.crc32(json.dumps([seed, first, shapes]).encode())
    for values in columns.values():
        crc = zlib.crc32(np.ascontiguousarray(values, "<f8").data, crc)
    return crc


class Stream:
    """Makes the bytes of a stream, batch by batch.

    Args:
        seed: what the stream belongs to, part of every checksum.
        process: its name, for other readers.
        columns: of the process.
        first: rows, of which the shapes are taken.
    """

    def __init__(self, seed: str, process: str, columns: Sequence[Column], first: Mapping[str, np.ndarray]) -> None:
        import pyarrow

        self._seed = seed
        self._columns = columns
        fields = []
        for column in columns:
            kind: Any = pyarrow.float64()
            if first[column.name].ndim == 2:
                kind = pyarrow.list_(pyarrow.field("item", kind, nullable=False), column.width)
            said = {"unit": column.unit, "meaning": column.meaning, "source": column.source}
            fields.append(pyarrow.field(column.name, kind, nullable=False, metadata=said))
        self._schema = pyarrow.schema(fields, metadata={"process": process})
        self.head: bytes = self._schema.serialize().to_pybytes()

    def batch(self, first: int, rows: Mapping[str, np.ndarray]) -> bytes:
        """One record batch that begins with row `first`."""
        import pyarrow

        arrays = []
        ordered = {column.name: rows[column.name] for column in self._columns}
        for field, values in zip(self._schema, ordered.values(), strict=True):
            numbers = pyarrow.py_buffer(np.ascontiguousarray(values, "<f8"))  # pyarrow.array would import pandas
            flat = pyarrow.Array.from_buffers(pyarrow.float64(), values.size, [None, numbers])
            if values.ndim == 2:
                flat = pyarrow.FixedSizeListArray.from_arrays(flat, type=field.type)
            arrays.append(flat)
        said = {
            "first_row": str(first),
            "shapes": json.dumps([0 if values.ndim == 1 else values.shape[1] for values in ordered.values()]),
            "crc32": f"{checksum(self._seed, first, ordered):08x}",
        }
        sink = pyarrow.BufferOutputStream()
        with pyarrow.ipc.new_stream(sink, self._schema) as writer:
            writer.write_batch(pyarrow.record_batch(arrays, schema=self._schema), custom_metadata=said)
        return bytes(sink.getvalue()[len(self.head) : -len(END)])


def read(file: IO[bytes], seed: str, columns: Sequence[Column]) -> Iterator[dict[str, np.ndarray]]:
    """The batches of a stream, one after the other; a tail that was torn off is left out.

    Raises:
        Damaged: where bytes are not what was written.
    """
    length, place, first, begun = size(file), 0, 0, False
    while place + 8 <= length:
        file.seek(place)
        prefix = file.read(8)
        if prefix == END and place + 8 == length:
            return
        header = int.from_bytes(prefix[4:], "little")
        if int.from_bytes(prefix[:4], "little") != CONTINUES or not 0 < header <= LARGEST_HEADER:
            raise Damaged(f"damaged from row {first:,} on")
        place += 8 + header
        if place > length:
            return
        if not begun:  # the schema, which is for other readers: we know the columns
            begun = True
            continue
        try:
            found = batch(file.read(header))
            if place + found.body > length:
                return
            rows = _columns(found, memoryview(file.read(found.body)), columns)
            if int(found.metadata["first_row"]) != first or int(found.metadata["crc32"], 16) != checksum(
                seed, first, rows
            ):
                raise Malformed
        except (Malformed, KeyError, ValueError, RecursionError) as error:
            raise Damaged(f"damaged from row {first:,} on") from error
        yield rows
        place += found.body
        first += found.rows


def _columns(found: Any, body: memoryview, columns: Sequence[Column]) -> dict[str, np.ndarray]:
    """Views of the numbers; buffers follow each other and lie inside the body, so that they are no more than it is."""
    shapes = json.loads(found.metadata["shapes"])
    if type(shapes) is not list or len(shapes) != len(columns):
        raise Malformed
    rows, buffers, place = {}, iter(found.buffers), 0
    for column, width in zip(columns, shapes, strict=True):
        if type(width) is not int or (width != column.width and not (width == 0 and column.width == 1)):
            raise Malformed
        for _ in range(1 if width == 0 else 2):  # of nulls, which there are none of
            if next(buffers, (0, 1))[1] != 0:
                raise Malformed
        offset, length = next(buffers, (0, 0))
        count = found.rows * max(width, 1)
        if offset < place or offset % 8 or length < 8 * count or offset + length > len(body):
            raise Malformed
        place = offset + length
        values = np.frombuffer(body, "<f8", count, offset)
        rows[column.name] = values.reshape(found.rows, width) if width else values
    if next(buffers, None) is not None or found.rows == 0:
        raise Malformed
    return rows
