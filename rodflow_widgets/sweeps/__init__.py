"""Many runs of one problem as one thing: grids and lists, batched, on disk, on several processes or machines."""

from .making import sweep
from .points import Point
from .sweep import Sweep

__all__ = ["Point", "Sweep", "sweep"]
