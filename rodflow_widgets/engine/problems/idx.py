"""The IDX format of MNIST and its kin: unsigned bytes in any number of dimensions, plain or compressed by gzip."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from ...errors import ProblemError

COMPRESSED = b"\x1f\x8b"
BYTES = 0x08
"""The type code of unsigned bytes: the magic number is 256 times this plus the number of dimensions."""


def read(path: Path, dimensions: int) -> np.ndarray:
    """The bytes of an IDX file, uint8 in its own shape.

    Args:
        path: of the file; what begins as gzip does is taken as gzip, whatever its name.
        dimensions: how many it must have.

    Raises:
        ProblemError: the file cannot be read or decompressed, its magic number is another, or it is shorter or longer
            than its header says.
    """
    try:
        raw = path.read_bytes()
        if raw.startswith(COMPRESSED):
            raw = gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise _unusable(path, f"cannot be read ({error})") from error
    magic, header = BYTES * 256 + dimensions, 4 + 4 * dimensions
    found = int.from_bytes(raw[:4], "big")
    if len(raw) < header:
        raise _unusable(path, f"has {len(raw)} bytes, and its header alone has {header}")
    if found != magic:
        raise _unusable(path, f"begins with the magic number 0x{found:08x} instead of 0x{magic:08x}")
    shape = [int.from_bytes(raw[at : at + 4], "big") for at in range(4, header, 4)]
    if len(raw) - header != math.prod(shape):
        raise _unusable(path, f"holds {len(raw) - header} bytes, and its header says {' × '.join(map(str, shape))}")
    return np.frombuffer(raw, np.uint8, offset=header).reshape(shape)


def _unusable(path: Path, what: str) -> ProblemError:
    return ProblemError(f"{path} {what}: give the file as it was published, plain or with .gz.")
