"""Jupyter widgets."""

from .compare import compare
from .form import Explorer
from .live import Live

__all__ = ["Explorer", "Live", "compare"]
