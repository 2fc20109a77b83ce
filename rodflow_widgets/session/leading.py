"""A run that several processes compute together: the first of them shows it, and keeps it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .. import store
from ..errors import RunError
from ..recording import Recording

if TYPE_CHECKING:
    from ..engine import Problem
    from ..recording.recording import Saver


def saver(problem: Problem | None) -> Saver:
    """What `Recording.save` calls: the other processes leave it to the first."""
    return store.save if problem is None or problem.leads else _left_to_the_first


def _left_to_the_first(recording: Recording, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    return Path(path)


def clock_of(problem: Problem | None, own: Callable[[], float]) -> Callable[[], float]:
    """The clock by which a run decides: the same on all processes, or the `own` of this one."""
    group = None if problem is None else problem.group
    return own if group is None else lambda: group.now


def refuse(problem: Problem | None) -> None:
    """Raise RunError where a run cannot be steered, since others compute it too."""
    if problem is not None and problem.processes > 1:
        raise RunError(
            f"This problem is shared by {problem.processes} processes, and a run that is steered is one process's own: "
            "call rf.simulate, or start one process, or give the problem parallel='off'."
        )
