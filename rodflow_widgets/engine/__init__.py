"""The engine: pure torch, any device and dtype, no Jupyter, no threads, no files."""

from .fate import Block
from .optimizers.base import Moments
from .origin import Origin
from .problem import Problem
from .simulation import Simulation

__all__ = ["Block", "Moments", "Origin", "Problem", "Simulation"]
