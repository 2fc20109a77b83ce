"""What a run has measured: growing tables with cursors, and thinning for a picture."""

from .cursor import Chunk, Cursor
from .recording import Recording
from .table import Table
from .thinning import MAIN_COLUMNS, envelope

__all__ = ["MAIN_COLUMNS", "Chunk", "Cursor", "Recording", "Table", "envelope"]
