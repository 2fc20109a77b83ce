"""Many runs of one problem as one thing: grids and lists, batched, on disk, on several processes or machines."""

from .loading import load
from .making import sweep
from .points import Point
from .running import Sweep

__all__ = ["Point", "Sweep", "load", "sweep"]
