"""`events.jsonl`: events, changes and files of parameter vectors in the order in which they came, a checksum a line."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..vocabulary import ENDLESS, Event
from . import sealed
from .places import LINES, Damaged, opened, size

LONGEST = 64 << 10


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to a run before row `row`."""

    row: int
    command: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Vectors:
    """A file of parameter vectors."""

    file: int
    bytes: int
    crc32: int


def event_text(event: Event) -> bytes:
    old, new = _number(event.old), _number(event.new)
    said = {"step": event.step, "name": event.name, "old": old, "new": new, "note": event.note}
    return sealed.dumped({"event": said})


def change_text(row: int, command: str, args: Mapping[str, Any]) -> bytes:
    """Raises ValueError or TypeError where `args` are no JSON."""
    text = sealed.dumped({"change": {"row": row, "command": command, "args": dict(args)}})
    if len(text) > LONGEST:
        raise ValueError(f"they are longer than {LONGEST:,} bytes")
    return text


def vectors_text(vectors: Vectors) -> bytes:
    return sealed.dumped({"parameters": asdict(vectors)})


def line(id: str, number: int, text: bytes) -> bytes:
    """Line `number` of a run: its checksum and its text."""
    return b"%08x %b\n" % (_crc(id, number, text), text)


def read(folder: Path, id: str) -> Iterator[Event | Change | Vectors]:
    """What the lines say; a last line that was torn off is left out.

    Raises:
        Damaged: where bytes are not what was written.
    """
    interned: dict[str, str] = {}
    counted = 0
    with opened(folder, LINES) as file:
        left, number = size(file), 0
        while left > 0:
            text = file.readline(min(left, LONGEST + 16))
            left -= len(text)
            if not text.endswith(b"\n"):
                if left == 0:
                    return
                raise Damaged(f"{LINES} is damaged from line {number + 1:,} on")
            try:
                if int(text[:8], 16) != _crc(id, number, text[9:-1]) or text[8:9] != b" ":
                    raise ValueError
                counted += sealed.values(text) if b'"args"' in text else 0
                if counted > sealed.MOST:
                    raise Damaged(f"{LINES} holds more than {sealed.MOST:,} values of changes")
                ((kind, said),) = sealed.parsed(text[9:-1], LINES).items()
                yield _made(kind, said, interned)
            except (Damaged, ValueError, TypeError, KeyError, AttributeError) as error:
                raise Damaged(f"{LINES} is damaged from line {number + 1:,} on") from error
            number += 1


def _made(kind: str, said: dict[str, Any], interned: dict[str, str]) -> Event | Change | Vectors:
    if kind == "event":
        name, note = said["name"], said["note"]
        name, note = interned.setdefault(name, name), interned.setdefault(note, note)
        event = Event(_whole(said["step"]), name, _real(said["old"]), _real(said["new"]), note)
        if type(name) is str and type(note) is str and len(said) == 5:
            return event
    elif kind == "change" and len(said) == 3:
        if type(said["command"]) is str and type(said["args"]) is dict:
            return Change(_whole(said["row"]), said["command"], said["args"])
    elif kind == "parameters" and len(said) == 3:
        return Vectors(_whole(said["file"]), _whole(said["bytes"]), _whole(said["crc32"]))
    raise ValueError(kind)


def _crc(id: str, number: int, text: bytes) -> int:
    return zlib.crc32(text, zlib.crc32(f"{id} {number} ".encode()))


def _number(value: float) -> float | str:
    return value if isinstance(value, int) or math.isfinite(value) else str(float(value))


def _real(value: Any) -> float:
    if type(value) is str and value in ("nan", "inf", "-inf"):
        return float(value)
    if type(value) not in (int, float):
        raise ValueError(value)
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= ENDLESS:
        raise ValueError(value)
    return value
