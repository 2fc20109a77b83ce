"""Problems, one file each; a new file with a registration is found by itself."""

from ..registry import PROBLEMS, discover

discover(__name__, __path__)
globals().update(PROBLEMS)

__all__ = [*PROBLEMS]
