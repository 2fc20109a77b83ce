"""Jupyter widgets."""

from .comparing import compare
from .form import Explorer
from .live import Live
from .watching import watch

__all__ = ["Explorer", "Live", "compare", "watch"]
