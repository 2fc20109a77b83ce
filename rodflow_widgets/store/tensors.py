"""Arrays as safetensors files, whose bytes are checked before anything looks into them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .aside import aside
from .places import Damaged, contents

LARGEST_HEADER = 1 << 20


@dataclass(frozen=True)
class Written:
    """A file: its bytes and their CRC-32."""

    bytes: int
    crc32: int


def write(path: Path, arrays: Mapping[str, np.ndarray]) -> Written:
    """Write arrays of plain numbers to `path`, aside and renamed.

    Raises:
        ArgumentError: one has a dtype that safetensors have not, or there are more than a header holds.
    """
    data = packed(arrays)
    with aside(path) as file:
        file.write(data)
    return Written(len(data), zlib.crc32(data))


def packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays as the bytes of a safetensors file."""
    from safetensors import SafetensorError
    from safetensors.numpy import save

    try:
        data = save({name: np.asarray(array) for name, array in arrays.items()})
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ArgumentError(f"These arrays cannot be saved: {error}.") from error
    if _header(data) > LARGEST_HEADER:
        raise ArgumentError(f"{len(arrays):,} arrays are more than one file holds.")
    return data


def read(written: Written, folder: Path, *names: str) -> dict[str, np.ndarray]:
    """The arrays of a file inside `folder`."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    said = "/".join(names)
    data = contents(folder, *names, limit=written.bytes)
    if len(data) < written.bytes or zlib.crc32(data) != written.crc32:
        raise Damaged(f"{said} is damaged: its checksum differs")
    if not 0 < _header(data) <= min(LARGEST_HEADER, len(data) - 8):
        raise Damaged(f"{said} has a header of a wrong size")
    try:
        loaded: dict[str, Any] = load(data)
    except (SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"{said} is no file of safetensors ({error})") from error
    return loaded


def _header(data: bytes) -> int:
    return int.from_bytes(data[:8], "little")
