"""Which runs and sweeps there are below a folder."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ArgumentError
from .loading import Summary, look
from .places import RUN
from .sweeps import SWEEP, SweepSummary, look_sweep

DEEPEST = 4


def find(folder: str | os.PathLike[str] = ".") -> tuple[list[Summary | SweepSummary], list[ArgumentError]]:
    """The runs and sweeps in `folder` and up to four levels below, by path, and what is wrong with those that cannot be read.

    Raises:
        ArgumentError: no folder.
    """
    top = Path(folder).expanduser()
    if not top.is_dir():
        raise ArgumentError(f"folder={str(folder)!r} is no folder: give one that holds runs.")
    found: list[Summary | SweepSummary] = []
    wrong: list[ArgumentError] = []
    for here, below, names in os.walk(top):
        if RUN in names or SWEEP in names:
            below.clear()
            try:
                found.append(look(here) if RUN in names else look_sweep(here))
            except ArgumentError as error:
                wrong.append(error)
        elif len(Path(here).relative_to(top).parts) >= DEEPEST:
            below.clear()
        below[:] = sorted(name for name in below if not name.startswith("."))
    return found, wrong
