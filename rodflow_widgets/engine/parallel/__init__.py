"""One problem on several processes: each holds a part of the batch, sums go over all of them."""

from .group import Group
from .joining import PARALLEL, joined
from .shares import own_device, share

__all__ = ["PARALLEL", "Group", "joined", "own_device", "share"]
