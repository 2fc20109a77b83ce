"""Jupyter widgets."""

from .comparing import compare
from .continuing import fork, resume, view
from .form import Explorer
from .live import Live
from .watching import watch

__all__ = ["Explorer", "Live", "compare", "fork", "resume", "view", "watch"]
