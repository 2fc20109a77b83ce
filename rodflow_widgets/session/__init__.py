"""A run: simulated in the calling thread, or on a worker thread that takes commands."""

from .commands import COMMANDS
from .direct import simulate
from .many import simulate_many
from .runner import Run
from .shown import Cost, Failure, Saving, Shown
from .spec import RunSpec
from .stored import fork, resume
from .watching import Watch

__all__ = [
    "COMMANDS",
    "Cost",
    "Failure",
    "Run",
    "RunSpec",
    "Saving",
    "Shown",
    "Watch",
    "fork",
    "resume",
    "simulate",
    "simulate_many",
]
