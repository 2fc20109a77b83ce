"""`rf.load`: whatever is in a folder, a run or a sweep."""

from __future__ import annotations

import os
from typing import Any

from .. import store
from .running import Sweep


def load(path: str | os.PathLike[str]) -> Any:
    """What is in the folder `path`: the `Recording` of a run, or a `Sweep` with all of its recordings.

    Of a run that was killed it holds everything up to the last flush, and its status says so; where a journal is damaged,
    the rows before are there, and the status says that too. `resume()` of a sweep computes what is missing.

    Raises:
        ArgumentError: there is none, it is damaged, or of a newer version.
    """
    return Sweep.load(path) if store.holds_sweep(path) else store.load(path)
