"""Jupyter widgets."""

from .form import Explorer
from .live import Live, compare

__all__ = ["Explorer", "Live", "compare"]
