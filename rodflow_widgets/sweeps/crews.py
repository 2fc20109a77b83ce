"""Who computes a sweep."""

from __future__ import annotations

from typing import Any

from .here import Crew, Here


def crew_of(workers: int | None, client: Any, executor: Any) -> Crew | None:
    """The crew that was asked for; None where nothing was."""
    if workers is None and client is None and executor is None:
        return None
    return Here()
