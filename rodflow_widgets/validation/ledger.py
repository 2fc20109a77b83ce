"""Finished cells on disk: one small JSON file each, written aside and renamed, so that no half file is ever seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..store.aside import aside

FORMAT = 1


class Ledger:
    """The cells that a folder holds.

    Args:
        folder: must exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str, key: str) -> Path:
        """Where the cell is kept; the key is in the name, so that figures of other code stay beside it."""
        return self.folder / f"{name.replace('/', '.')}-{key[:12]}.json"

    def read(self, name: str, key: str) -> dict[str, Any] | None:
        """The finished cell, or None where it is missing, damaged or of something else."""
        try:
            held = json.loads(self.path(name, key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        good = isinstance(held, dict) and held.get("key") == key and held.get("format") == FORMAT
        return held if good else None

    def write(self, name: str, key: str, cell: dict[str, Any]) -> None:
        """Keep a finished cell."""
        text = json.dumps({"format": FORMAT, "key": key, "name": name, **cell}, indent=1, allow_nan=False)
        with aside(self.path(name, key)) as file:
            file.write(f"{text}\n".encode())
