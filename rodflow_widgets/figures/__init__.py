"""Static pictures and tables of a recording, without a browser: `picture` and `table`."""

from .picture import picture
from .table import table

__all__ = ["picture", "table"]
