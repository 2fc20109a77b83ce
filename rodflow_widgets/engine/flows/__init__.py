"""Flows, one file each; a new file with a registration is found by itself."""

from ..registry import FLOWS, discover
from .base import Flow

discover(__name__, __path__, first=("rod", "covariance"))

from .central import Central, PublishedCentral  # noqa: E402 - after discovery, for type checkers and completion
from .covariance import CovarianceRod  # noqa: E402 - as above
from .edge import Edge  # noqa: E402 - as above
from .rod import Rod  # noqa: E402 - as above
from .stable import Stable  # noqa: E402 - as above

__all__ = ["FLOWS", "Central", "CovarianceRod", "Edge", "Flow", "PublishedCentral", "Rod", "Stable"]
