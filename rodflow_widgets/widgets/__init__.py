"""Jupyter widgets."""

from .live import Live, compare

__all__ = ["Live", "compare"]
