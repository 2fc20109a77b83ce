"""Tables of numbers as bytes: a JSON header and one column-major float32 buffer a block."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .messages import BlockColumn, BlockHeader


def encode_block(table: str, first_row: int, columns: Mapping[str, np.ndarray]) -> tuple[BlockHeader, bytes]:
    """Header and buffer of some rows.

    Args:
        columns: name -> [rows] or [rows, k], all with the same number of rows.
    """
    arrays = {name: _as_matrix(values) for name, values in columns.items()}
    rows = next(iter(arrays.values())).shape[0] if arrays else 0
    widths = [BlockColumn(name, array.shape[1]) for name, array in arrays.items()]
    buffer = np.empty((sum(column.width for column in widths), rows), dtype="<f4")
    row = 0
    with np.errstate(over="ignore", under="ignore"):
        for column, array in zip(widths, arrays.values(), strict=True):
            buffer[row : row + column.width] = array.T
            row += column.width
    return BlockHeader(table, first_row, rows, widths), buffer.tobytes()


def decode_block(header: Mapping[str, Any], buffer: bytes) -> dict[str, np.ndarray]:
    """The columns of `encode_block`, as float32: [rows] for a width of 1, else [rows, width]."""
    rows = header["rows"]
    numbers = np.frombuffer(buffer, dtype="<f4").reshape(sum(column["width"] for column in header["columns"]), rows)
    columns, row = {}, 0
    for column in header["columns"]:
        width = column["width"]
        columns[column["name"]] = numbers[row] if width == 1 else numbers[row : row + width].T
        row += width
    return columns


def content(message: Any) -> dict[str, Any]:
    """A message as plain JSON data."""
    return _content(message)


def pack(message: Any, buffers: Sequence[bytes]) -> bytes:
    """One string of bytes for a snapshot that travels as a trait; its form is in `messages.Snapshot`."""
    return b"".join([pack_header(content(message)), *buffers])


def pack_header(header: Mapping[str, Any]) -> bytes:
    """The part of `pack` before the buffers."""
    text = json.dumps(header, allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 4)
    return struct.pack("<I", len(text)) + text


def unpack(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """The header and the buffers of `pack`."""
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length])
    buffers, start = [], 4 + length
    for block in header["blocks"]:
        size = 4 * block["rows"] * sum(column["width"] for column in block["columns"])
        buffers.append(data[start : start + size])
        start += size
    return header, buffers


def _content(value: Any) -> Any:
    """Like dataclasses.asdict, which copies every leaf and takes ten times as long."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: _content(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, (list, tuple)):
        return [_content(item) for item in value]
    if isinstance(value, dict):
        return {key: _content(item) for key, item in value.items()}
    return value


def _as_matrix(values: np.ndarray) -> np.ndarray:
    array = np.asarray(values)
    return array[:, None] if array.ndim == 1 else array
