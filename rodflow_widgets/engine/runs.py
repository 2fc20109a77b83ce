"""Which of several runs computed together something concerns."""

from __future__ import annotations

from types import EllipsisType
from typing import Any

import numpy as np
from torch import Tensor

Who = EllipsisType | list[int]
"""An index of the first dimension of [runs, …]; `...` is all of them, and the only one of a single run."""

Spent = Any
"""A count: a number, or of several runs an array [runs]."""


def plus(spent: Spent, who: Who, count: int) -> Spent:
    """`spent` with `count` more for the runs `who`."""
    if who is ...:
        return spent + count
    more = np.zeros_like(spent)
    more[who] = count
    return spent + more


def those(mask: np.ndarray) -> Who | None:
    """The runs where `mask` [runs] (of a single run [1]) holds; None is nobody."""
    if mask.all():
        return ...
    return [int(i) for i in np.flatnonzero(mask)] or None


def put(whole: Tensor | None, who: Who, part: Tensor) -> Tensor:
    """`whole` with `part` in the place of the runs `who`; a new tensor."""
    if whole is None or who is ...:
        return part
    changed = whole.clone()
    changed[who] = part
    return changed
