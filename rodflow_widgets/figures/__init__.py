"""Static pictures and tables of a recording, without a browser: `picture`, `table`, `listing` and `compared`."""

from .compared import compared
from .listing import listing
from .picture import picture
from .table import table

__all__ = ["compared", "listing", "picture", "table"]
