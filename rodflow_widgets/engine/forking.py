"""A copy of a simulation in motion that shares what never changes."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
from torch import Tensor

from ..errors import RunError

T = TypeVar("T")


def forked(thing: T, shared: Iterable[Any]) -> T:
    """A deep copy of `thing` in which only what is `shared` is the same object.

    Points of the problem come along without their graphs, which are made again where they are asked for.
    """
    return _copied(thing, shared)[0]


def size(thing: Any, shared: Iterable[Any]) -> int:
    """Bytes of tensors and arrays in a `forked` copy."""
    memo = _copied(thing, shared)[1]
    tensors = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in memo if isinstance(t, Tensor)}
    return sum(tensors.values()) + sum(a.nbytes for a in memo if isinstance(a, np.ndarray))


def _copied(thing: T, shared: Iterable[Any]) -> tuple[T, list[Any]]:
    memo: dict[int, Any] = {id(one): one for one in shared}
    known = set(memo)
    try:
        made = copy.deepcopy(thing, memo)
    except (TypeError, RuntimeError, NotImplementedError) as error:
        raise RunError(f"This run cannot be forked, since something in it cannot be copied: {error}") from error
    return made, [one for key, one in memo.items() if key not in known]
