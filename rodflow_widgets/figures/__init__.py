"""Static pictures and tables of a recording, without a browser: `picture`, `table` and `listing`."""

from .listing import listing
from .picture import picture
from .table import table

__all__ = ["listing", "picture", "table"]
