"""Jupyter widgets."""

from .comparing import compare
from .continuing import fork, resume, view
from .form import Explorer
from .live import Live

__all__ = ["Explorer", "Live", "compare", "fork", "resume", "view"]
