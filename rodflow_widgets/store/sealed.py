"""JSON with a checksum, and reading it from strangers: bounded in size, depth and number of values."""

from __future__ import annotations

import json
import math
import re
import zlib
from typing import Any, Never

import numpy as np

from ..errors import ArgumentError
from .places import Damaged

LARGEST = 8 << 20
"""Bytes of a document."""
DEEPEST = 48
MOST = 400_000
"""Values of a document: a list of empty lists takes twenty times its text in memory."""
HEAD = re.compile(rb'\{"crc32": "([0-9a-f]{8})",\n"content": ')
STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)', re.DOTALL)
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def dumped(value: Any, *, indent: int | None = None) -> bytes:
    """JSON as bytes; ValueError or TypeError where it is none."""
    encoder = _encoder if indent is None else json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=indent)
    return encoder.encode(value).encode()


def sealed(value: Any) -> bytes:
    """A document that holds `value` and the CRC-32 of the bytes that are its text.

    Raises:
        ArgumentError: it is no JSON, or larger than what is read again.
    """
    try:
        text = dumped(value, indent=1)
        parsed(text, "what is to be saved")
    except (ValueError, TypeError, RecursionError, Damaged) as error:
        raise ArgumentError(f"This cannot be saved as JSON: {error}.") from error
    return b'{"crc32": "%08x",\n"content": %b}\n' % (zlib.crc32(text), text)


def unsealed(data: bytes, name: str) -> Any:
    """The value of a document that `sealed` made."""
    head = HEAD.match(data)
    if head is None or not data.endswith(b"}\n"):
        raise Damaged(f"{name} is damaged or was not written by rodflow_widgets")
    text = data[head.end() : -2]
    if int(head[1], 16) != zlib.crc32(text):
        raise Damaged(f"{name} is damaged: its checksum differs")
    return parsed(text, name)


def parsed(text: bytes, name: str) -> Any:
    """Plain JSON: no NaN, no infinity, nothing deep or with more values than `MOST`."""
    if len(text) > LARGEST:
        raise Damaged(f"{name} is larger than {LARGEST:,} bytes")
    if b"\\u" in text and SURROGATE.search(text):
        raise Damaged(f"{name} holds half a character")
    count = values(text)
    if count > MOST:
        raise Damaged(f"{name} holds more than {MOST:,} values")
    if count > DEEPEST and depth(text) > DEEPEST:
        raise Damaged(f"{name} is nested more than {DEEPEST} deep")
    try:
        return _decoder.decode(text.decode())
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{name} is no JSON ({error})") from error


def values(text: bytes) -> int:
    """At least as many as the values of a document."""
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def depth(text: bytes) -> int:
    marks = np.frombuffer(STRING.sub(b"", text), np.uint8)
    opening = (marks == ord("[")) | (marks == ord("{"))
    closing = (marks == ord("]")) | (marks == ord("}"))
    steps = opening.astype(np.int8)[opening | closing] * 2 - 1
    return int(np.cumsum(steps, dtype=np.int32).max(initial=0))


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no finite number")
    return number


_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_decoder = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
