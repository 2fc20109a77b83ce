"""The engine: pure torch, any device and dtype, no Jupyter, no threads, no files."""

from .fate import Block
from .problem import Problem
from .simulation import Simulation

__all__ = ["Block", "Problem", "Simulation"]
