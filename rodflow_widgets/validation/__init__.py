"""The whole table of figures: nine optimizers beside their flows, resumable cell by cell, written as one page."""

from .run import validate

__all__ = ["validate"]
