"""The engine: pure torch, any device and dtype, no Jupyter, no threads, no files."""

from .problem import Problem
from .simulation import Block, Simulation

__all__ = ["Block", "Problem", "Simulation"]
