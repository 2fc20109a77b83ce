"""Curvature: the largest eigenpairs at a point or along a trajectory, the density of all, the trace."""

from collections.abc import Mapping

from .along import Tracked, Tracker
from .davidson import Davidson
from .density import SpectralDensity, spectral_density
from .eigenpairs import Eigenpairs, eigenpairs
from .trace import Trace, trace
from .tracker import EigenTracker, Spectrum

SOURCES: Mapping[str, tuple[str, ...]] = {
    "eigenpairs": ("lanczos1950iteration", "kuczynski1992random"),
    "Tracker": Davidson.cites,
    "spectral_density": ("ghorbani2019density", "ubaru2017quadrature"),
    "trace": ("meyer2021hutchpp",),
}
"""Keys of `sources.bib` for each public function."""

__all__ = [
    "SOURCES",
    "EigenTracker",
    "Eigenpairs",
    "SpectralDensity",
    "Spectrum",
    "Trace",
    "Tracked",
    "Tracker",
    "eigenpairs",
    "spectral_density",
    "trace",
]
