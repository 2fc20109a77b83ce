"""What people type, as names and values."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from ..errors import ArgumentError, unknown

T = TypeVar("T")


def assignments(texts: Iterable[str]) -> dict[str, Any]:
    """`NAME=VALUE` texts as a dictionary; a value is a Python literal, or else the text itself."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name.isidentifier():
            raise ArgumentError(f"--set {text!r} is not usable: write NAME=VALUE, such as --set widths=32,32.")
        found[name] = literal(value.strip())
    return found


def literal(text: str) -> Any:
    """A number, boolean, tuple or None where `text` is one; otherwise the text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def closest(table: Mapping[str, T], what: str, name: str) -> T:
    """The entry called `name`; case, hyphens and underscores do not matter."""
    plain = {key.replace("_", "").lower(): key for key in table}
    key = plain.get(name.replace("-", "").replace("_", "").lower())
    if key is None:
        raise unknown(what, name, table)
    return table[key]
