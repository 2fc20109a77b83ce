"""Jupyter widgets."""

from .comparing import compare
from .form import Explorer
from .live import Live

__all__ = ["Explorer", "Live", "compare"]
