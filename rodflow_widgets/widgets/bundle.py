"""The page's part, built from js/."""

from __future__ import annotations

from pathlib import Path

from ..errors import RodflowError

STATIC = Path(__file__).parent / "static"


def read(name: str) -> str:
    """Text of a built file, as a string: a path would be watched, and the watcher would keep every widget alive."""
    path = STATIC / name
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RodflowError(
            f"The page's part of the widgets is not built: {path} is missing. "
            "Run `npm ci && npm run build` in the repository, or `make lab`, which does so."
        ) from None
