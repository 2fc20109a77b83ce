"""Curvature: eigenvalues along a trajectory."""

from .tracker import EigenTracker, Spectrum

__all__ = ["EigenTracker", "Spectrum"]
