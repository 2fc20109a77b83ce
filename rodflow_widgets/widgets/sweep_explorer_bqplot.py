"""bqplot, whose scales use traitlets in a way that traitlets warns of when they are imported."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "metadata .* was set from the constructor", DeprecationWarning)
    import bqplot

__all__ = ["bqplot"]
