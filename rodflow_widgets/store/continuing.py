"""What a run that goes on from a checkpoint keeps of the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ArgumentError
from . import lines, states
from .manifest import manifest
from .places import CHECKPOINTS, JOURNAL, LINES, RUN, contents, listed, opened, size
from .sealed import LARGEST


@dataclass(frozen=True)
class Before:
    """Identity, changes and checkpoints of a run up to a row; empty by default."""

    folder: Path | None = None
    id: str | None = None
    changes: tuple[bytes, ...] = ()
    rows: tuple[states.CheckpointInfo, ...] = ()

    def checkpoints(self) -> Iterator[tuple[int, int, dict[str, Any], dict[str, np.ndarray]]]:
        """One after the other, each read when it is asked for."""
        for info in self.rows:
            if self.folder is not None and self.id is not None:
                yield (info.row, info.applied, *states.read(self.folder, self.id, info.row))


def before(folder: Path, row: int) -> Before:
    """Of the run in `folder` everything up to its checkpoint at `row`.

    Raises:
        ArgumentError: it has no such checkpoint.
    """
    said = manifest(contents(folder, RUN, limit=LARGEST + 1024))
    kept = [info for info in states.listing(folder) if info.row <= row]
    if not kept or kept[-1].row != row:
        raise ArgumentError(
            f"continues={row!r} is no row of a checkpoint of {str(folder)!r}: checkpoints() lists them."
        )
    changes = [found for found in lines.read(folder, said.id) if isinstance(found, lines.Change)]
    texts = [lines.change_text(c.row, c.command, c.args) for c in changes[: kept[-1].applied]]
    return Before(folder, said.id, tuple(texts), tuple(kept))


def mark(folder: Path) -> str:
    """A short text that is another one as soon as anything has been written into the run in `folder`."""
    data = contents(folder, RUN, limit=LARGEST + 1024)
    id = manifest(data).id
    digest = hashlib.sha256(data)
    with opened(folder, LINES) as file:
        digest.update(b"%d" % size(file))
    for name in (JOURNAL, CHECKPOINTS):
        for entry in sorted(listed(folder, name), key=lambda entry: entry.name):
            digest.update(f"/{name}/{entry.name} {entry.stat(follow_symlinks=False).st_size}".encode(errors="replace"))
    return f"{id}-{digest.hexdigest()[:16]}"
