"""Probes, one file each: what is measured of a process at a row."""

from ..registry import PROBES, discover
from .base import Context, Probe

discover(__name__, __path__)

__all__ = ["PROBES", "Context", "Probe"]
