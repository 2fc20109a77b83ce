"""A run: simulated in the calling thread, or on a worker thread that takes commands."""

from .commands import COMMANDS
from .direct import simulate
from .many import simulate_many
from .runner import Failure, Run
from .spec import RunSpec

__all__ = ["COMMANDS", "Failure", "Run", "RunSpec", "simulate", "simulate_many"]
