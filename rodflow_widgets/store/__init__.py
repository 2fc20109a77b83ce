"""A run on disk."""

from .file import FORMAT, load, save

__all__ = ["FORMAT", "load", "save"]
