"""What is computed in one go: a batch of runs, or one alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..engine.request import Request


@dataclass(frozen=True)
class Job:
    """Numbers of runs that are computed together, or of one, and why it is alone."""

    runs: tuple[int, ...]
    alone: str | None = None

    def halves(self) -> tuple[Job, Job]:
        """Two jobs with half of the runs each."""
        middle = len(self.runs) // 2
        return tuple(
            Job(part, "a run that it was computed with failed" if len(part) == 1 else None)
            for part in (self.runs[:middle], self.runs[middle:])
        )  # type: ignore[return-value]


def jobs(requests: Sequence[Request], runs: Sequence[int], at_once: int) -> list[Job]:
    """The jobs of some of the runs, at most `at_once` of them in each."""
    from ..engine.ensemble import groups

    made = []
    for group in groups([requests[i] for i in runs], at_once):
        numbers = tuple(runs[i] for i in group.runs)
        made += [Job(numbers)] if group.alone is None else [Job((i,), group.alone) for i in numbers]
    return sorted(made, key=lambda job: job.runs[0])
