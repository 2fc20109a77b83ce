"""States of a run on disk: safetensors and JSON, the JSON last."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ArgumentError
from . import tensors
from .aside import aside
from .manifest import FORMAT, checked
from .places import CHECKPOINTS, Damaged, contents, listed, opened, size
from .sealed import LARGEST, sealed, unsealed

MARK = "rodflow_widgets checkpoint"
NAME = re.compile(r"(0|[1-9][0-9]{0,15})\.json")
MOST = 16
MOST_BYTES = 256 << 20
SHARE = 0.05
"""Of the time of a run, at most, for writing checkpoints."""

Write = Callable[[], tuple[dict[str, Any], dict[str, np.ndarray]]]


@dataclass(frozen=True)
class CheckpointInfo:
    """A checkpoint: the row that comes next, how many changes are applied in it, and its bytes on disk."""

    row: int
    applied: int
    bytes: int


@dataclass(frozen=True)
class Offer:
    """A checkpoint that may be written."""

    row: int
    applied: int
    write: Write


class Cadence:
    """When a checkpoint is due: the first at once, later ones so that they take no more than their share of the time."""

    def __init__(self, now: float) -> None:
        self._begun = now
        self._spent = 0.0
        self._longest = 0.0
        self._any = False

    def due(self, now: float) -> bool:
        return not self._any or self._spent + self._longest <= SHARE * (now - self._begun)

    def took(self, seconds: float) -> None:
        self._any = True
        self._spent += seconds
        self._longest = max(seconds, self._longest / 2)


class Keeper:
    """Writes checkpoints into a folder, and drops old ones: the first and the last stay, those between get sparser."""

    def __init__(self, folder: Path, id: str, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder / CHECKPOINTS
        self._folder.mkdir(exist_ok=True)
        self._id = id
        self._most, self._most_bytes = most, most_bytes
        self.kept: list[CheckpointInfo] = []

    @property
    def bytes(self) -> int:
        return sum(info.bytes for info in self.kept)

    def move(self, folder: Path) -> None:
        """The folder of the run has another name."""
        self._folder = folder / CHECKPOINTS

    def write(self, offer: Offer) -> None:
        state, arrays = offer.write()
        self.put(offer.row, offer.applied, state, arrays)

    def put(self, row: int, applied: int, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Write one and thin the others."""
        (self._folder / f"{row}.json").unlink(missing_ok=True)  # without it the tensors are nothing
        written = tensors.write(self._folder / f"{row}.safetensors", arrays)
        data = sealed(
            {
                "mark": MARK,
                "format": FORMAT,
                "id": self._id,
                "row": row,
                "applied": applied,
                "bytes": written.bytes,
                "crc32": written.crc32,
                "state": state,
            }
        )
        with aside(self._folder / f"{row}.json") as file:
            file.write(data)
        self.kept = [info for info in self.kept if info.row != row]
        self.kept.append(CheckpointInfo(row, applied, written.bytes + len(data)))
        self.kept.sort(key=lambda info: info.row)
        while len(self.kept) > 2 and (len(self.kept) > self._most or self.bytes > self._most_bytes):
            self._drop(superfluous([info.row for info in self.kept]))

    def _drop(self, place: int) -> None:
        row = self.kept.pop(place).row
        (self._folder / f"{row}.json").unlink(missing_ok=True)
        (self._folder / f"{row}.safetensors").unlink(missing_ok=True)


def superfluous(rows: list[int]) -> int:
    """Which of ascending rows, the first and the last apart, leaves the smallest gap."""
    return min(range(1, len(rows) - 1), key=lambda i: rows[i + 1] - rows[i - 1])


def names(folder: Path) -> list[str]:
    """Of the files that say what a checkpoint is."""
    return [entry.name for entry in listed(folder, CHECKPOINTS) if NAME.fullmatch(entry.name)]


def listing(folder: Path) -> list[CheckpointInfo]:
    """Checkpoints of a folder in the order of their rows; their arrays are not looked at."""
    found = []
    for name in names(folder):
        try:
            found.append(_info(folder, int(name.removesuffix(".json"))))
        except Damaged:
            if name in names(folder):  # else it was dropped by a run that goes on
                raise
    return sorted(found, key=lambda info: info.row)


def _info(folder: Path, row: int) -> CheckpointInfo:
    content, said = head(folder, row), (CHECKPOINTS, f"{row}.json")
    with opened(folder, *said) as text, opened(folder, CHECKPOINTS, f"{row}.safetensors") as arrays:
        if size(arrays) != content["bytes"]:
            raise Damaged(f"{CHECKPOINTS}/{row}.safetensors has {size(arrays):,} bytes, not {content['bytes']:,}")
        return CheckpointInfo(row, content["applied"], size(arrays) + size(text))


def head(folder: Path, row: int) -> dict[str, Any]:
    """The JSON of a checkpoint, checked."""
    name = f"{CHECKPOINTS}/{row}.json"
    data = contents(folder, CHECKPOINTS, f"{row}.json", limit=LARGEST + 1024)
    try:
        content = checked(unsealed(data, name), "checkpoint", MARK, name)
    except Damaged as error:
        raise Damaged(f"{error}; remove that file to use the others") from error
    if content["row"] != row:
        raise Damaged(f"{name} is of row {content['row']}; remove that file to use the others")
    return content


def read(folder: Path, id: str, row: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """State and arrays of a checkpoint of the run `id`."""
    if f"{row}.json" not in names(folder):
        raise ArgumentError(
            f"row={row!r} has no checkpoint in {str(folder)!r}: checkpoints(path) says which there are."
        )
    content = head(folder, row)
    if content["id"] != id:
        raise Damaged(f"{CHECKPOINTS}/{row}.json belongs to another run")
    written = tensors.Written(content["bytes"], content["crc32"])
    return content["state"], tensors.read(written, folder, CHECKPOINTS, f"{row}.safetensors")
