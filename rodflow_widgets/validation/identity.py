"""Which code made a figure: part of every cell's key, so that figures of other code are never taken for its own."""

from __future__ import annotations

import functools
import hashlib
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ..version import __version__

PACKAGE = Path(__file__).resolve().parent.parent
MADE_BY = (
    "vocabulary.py",
    "engine",
    "validation/networks.py",
    "validation/dense.py",
    "validation/beside_dense.py",
    "validation/exact.py",
    "validation/measure.py",
)
"""What figures depend on beside the specification of a cell; all else may change without running anything again."""


@functools.cache
def code() -> dict[str, str]:
    """Version, commit and digest of the sources that figures depend on, of the time of the first call.

    The commit is the last one that changed these sources; "unknown" outside a clone.
    """
    commit = _git("log", "-1", "--format=%h", "--", *MADE_BY) or "unknown"
    if _git("status", "--porcelain", "--", *MADE_BY):
        commit += " with changes"
    return {"version": __version__, "commit": commit, "sources": _digest()}


def versions() -> dict[str, str]:
    """Versions of what computes."""
    import numpy
    import torch

    return {"Python": platform.python_version(), "torch": torch.__version__, "numpy": numpy.__version__}


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=PACKAGE, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _digest() -> str:
    whole = hashlib.sha256()
    for path in _sources():
        whole.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()[:16]


def _sources() -> Iterator[Path]:
    for name in MADE_BY:
        path = PACKAGE / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]
