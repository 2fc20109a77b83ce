"""The engine: pure torch, any device and dtype, no Jupyter, no threads, no files."""

from .checkpoint import Checkpoint, checkpoint, restored
from .fate import Block
from .fingerprint import differences, fingerprint
from .optimizers.base import Moments
from .origin import Origin
from .problem import Problem
from .simulation import Simulation

__all__ = [
    "Block",
    "Checkpoint",
    "Moments",
    "Origin",
    "Problem",
    "Simulation",
    "checkpoint",
    "differences",
    "fingerprint",
    "restored",
]
