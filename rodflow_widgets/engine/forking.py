"""A copy of a simulation in motion that shares what never changes."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
from torch import Tensor

from ..errors import RunError

T = TypeVar("T")


def forked(thing: T, shared: Iterable[Any]) -> tuple[T, int]:
    """A deep copy of `thing` in which only what is `shared` is the same object, and the bytes that it holds.

    Points of the problem come along without their graphs, which are made again where they are asked for.
    """
    memo: dict[int, Any] = {id(one): one for one in shared}
    known = set(memo)
    try:
        made = copy.deepcopy(thing, memo)
    except (TypeError, RuntimeError, NotImplementedError) as error:
        raise RunError(f"This run cannot be forked, since something in it cannot be copied: {error}") from error
    copied = [one for key, one in memo.items() if key not in known]
    storages = [one.untyped_storage() for one in copied if isinstance(one, Tensor)]
    tensors = {storage.data_ptr(): storage.nbytes() for storage in storages}
    return made, sum(tensors.values()) + sum(one.nbytes for one in copied if isinstance(one, np.ndarray))
