"""Data from a file that nobody vouches for: each piece is what is expected, or one ArgumentError says what it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..errors import ArgumentError

NUMBERS = "biufc"
"""Kinds of numpy arrays that are plain memory."""
DTYPES: dict[str, torch.dtype] = {
    name: getattr(torch, name) for name in dir(torch) if isinstance(getattr(torch, name), torch.dtype)
}
PLAIN = {np.dtype(code).str: np.dtype(code) for code in np.typecodes["All"] if np.dtype(code).kind in NUMBERS}


def damaged(why: str) -> ArgumentError:
    return ArgumentError(f"the checkpoint is damaged: {why}.")


def missing(name: Any, what: Any) -> ArgumentError:
    return ArgumentError(
        f"own[{str(name)!r}] is missing: the run has a {what} of your own by that name, which no file holds. Give it in "
        f"own={{{str(name)!r}: …}}, as it was."
    )


def checked(data: Any, kind: type[Any], length: int | None = None) -> Any:
    """`data` if it is of this kind and length."""
    if type(data) is not kind or (length is not None and len(data) != length):
        many = "" if length is None else f" of {length}"
        raise damaged(f"{repr(data)[:60]} is found where a {kind.__name__}{many} is expected")
    return data


def whole(data: Any) -> int:
    """A number of things: not negative, and not above what a file can hold."""
    if type(data) is not int or not 0 <= data < 2**53:
        raise damaged(f"{repr(data)[:60]} is no number of anything")
    return data


def hexadecimal(data: Any, length: int) -> bytes:
    """`length` bytes, written as hexadecimal digits."""
    try:
        found = bytes.fromhex(checked(data, str))
    except ValueError as error:
        raise damaged(f"{data[:40]!r} is no number") from error
    if len(found) != length:
        raise damaged(f"{data[:40]!r} is no number")
    return found


def numbers(name: Any) -> np.dtype[Any]:
    """A dtype of numpy that is plain memory."""
    if not isinstance(name, str) or name not in PLAIN:
        raise damaged(f"{str(name)[:40]!r} is no dtype of an array")
    return PLAIN[name]


def torch_dtype(name: Any) -> torch.dtype:
    if not isinstance(name, str) or name not in DTYPES:
        raise damaged(f"{str(name)[:40]!r} is no dtype of a tensor")
    return DTYPES[name]
