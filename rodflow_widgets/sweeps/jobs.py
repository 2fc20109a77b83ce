"""What is computed in one go: a batch of runs, or one alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..engine.request import Request


@dataclass(frozen=True)
class Job:
    """Numbers of runs that are computed together, or of one, and why it is alone.

    on_disk: it goes on from a checkpoint.
    """

    runs: tuple[int, ...]
    alone: str | None = None
    on_disk: bool = False

    def halves(self) -> tuple[Job, Job]:
        """Two jobs with half of the runs each."""
        middle = len(self.runs) // 2
        return _half(self.runs[:middle]), _half(self.runs[middle:])


def _half(runs: tuple[int, ...]) -> Job:
    return Job(runs, "a run that it was computed with failed" if len(runs) == 1 else None)


def jobs(requests: Sequence[Request], runs: Sequence[int], at_once: int, hands: int = 1) -> list[Job]:
    """The jobs of some of the runs, at most `at_once` of them in each, and about as many for each of so many hands."""
    from ..engine.ensemble import groups

    share = max(1, -(-len(runs) // hands))
    made = []
    for group in groups([requests[i] for i in runs], min(at_once, share)):
        numbers = tuple(runs[i] for i in group.runs)
        made += (
            [Job(numbers)]
            if group.alone is None
            else [
                Job((i,), "shared out to as many processes" if share < 2 <= at_once else group.alone) for i in numbers
            ]
        )
    return sorted(made, key=lambda job: job.runs[0])
