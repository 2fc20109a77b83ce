"""Which code made a figure: part of every cell's key, so that figures of other code are never taken for its own."""

from __future__ import annotations

import ast
import functools
import hashlib
import platform
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..version import __version__

PACKAGE = Path(__file__).resolve().parent.parent
FLOWS = PACKAGE / "engine" / "flows"
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
ALL = "*"


@functools.cache
def code(flow: str = ALL) -> dict[str, str]:
    """Version, commit and digest of the sources that figures depend on, of the time of the first call.

    The commit is the last one that changed these sources; "unknown" outside a clone.

    Args:
        flow: name of the module that holds the flow; of the other flows only what this one imports counts. "" is no flow,
            "*" all of them.
    """
    files = sorted(_sources(flow))
    commit = _git("log", "-1", "--format=%h", "--", *map(str, files)) or "unknown"
    if _git("status", "--porcelain", "--", *map(str, files)):
        commit += " with changes"
    return {"version": __version__, "commit": commit, "sources": _digest(files)}


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


def _digest(files: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for path in files:
        whole.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()[:16]


def _sources(flow: str) -> set[Path]:
    everything = {path for name in MADE_BY for path in _files(PACKAGE / name)}
    if flow == ALL:
        return everything
    others = {path for path in everything if path.parent != FLOWS}
    return others | (_imported(FLOWS / f"{flow}.py") if flow else set())


def _files(path: Path) -> Iterator[Path]:
    yield from path.rglob("*.py") if path.is_dir() else [path]


def _imported(path: Path) -> set[Path]:
    """`path` and all modules beside it that it imports, directly or not."""
    found, waiting = set(), [path]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                names = [node.module] if node.module else [alias.name for alias in node.names]
                waiting += [p for p in (FLOWS / f"{name.partition('.')[0]}.py" for name in names) if p.exists()]
    return found
