"""The command `rodflow`: run a comparison without a browser, open the notebooks, list what there is."""

from .main import main

__all__ = ["main"]
