"""Documents against `format.schema.json`, of which this reads the keywords that it uses.

The package jsonschema gives the same verdicts (a test compares the two), but takes a second to be imported, as long as
everything else that `rodflow ls` does, and ten times as long for a document. Whole numbers are integers, 1.0 is none.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).with_name("format.schema.json")
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
}
SPOKEN = {"$ref", "type", "required", "description", "$schema", "title", "$defs"}


@functools.cache
def definitions() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]
    return found


def violation(value: Any, kind: str) -> str | None:
    """Where a document of a kind is not as it must be, and how; None where it is."""
    return next(_violations(value, definitions()[kind], ""), None)


def _violations(value: Any, schema: dict[str, Any], place: str) -> Iterator[str]:
    if "$ref" in schema:
        yield from _violations(value, definitions()[schema["$ref"].removeprefix("#/$defs/")], place)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        yield f"{place or 'its top'} is no {' or '.join(kinds)}"
        return
    for name in schema.get("required", ()) if type(value) is dict else ():
        if name not in value:
            yield f"{place or 'its top'} has no {name!r}"
    for keyword, limit in schema.items():
        if keyword in RULES:
            yield from RULES[keyword](value, limit, place, schema)


def _is(value: Any, kind: str) -> bool:
    return type(value) in (int, float) if kind == "number" else type(value) is TYPES[kind]


def _bound(*kinds: type, wrong: Callable[[Any, Any], bool], words: str) -> Callable[..., Iterator[str]]:
    """A rule for values of some types."""

    def rule(value: Any, limit: Any, place: str, schema: Any) -> Iterator[str]:
        if type(value) in kinds and wrong(value, limit):
            yield f"{place or 'its top'} {words} {limit}"

    return rule


def _one_of(value: Any, limit: list[Any], place: str, schema: Any) -> Iterator[str]:
    if not any(type(value) is type(other) and value == other for other in limit):
        yield f"{place or 'its top'} is none of {', '.join(map(str, limit))}"


def _const(value: Any, limit: Any, place: str, schema: Any) -> Iterator[str]:
    yield from _one_of(value, [limit], place, schema)


def _properties(value: Any, limit: dict[str, Any], place: str, schema: Any) -> Iterator[str]:
    for name, inner in limit.items() if type(value) is dict else ():
        if name in value:
            yield from _violations(value[name], inner, f"{place}/{name}")


def _additional(value: Any, limit: Any, place: str, schema: Any) -> Iterator[str]:
    for name in value if type(value) is dict else ():
        if name not in schema.get("properties", {}):
            if limit is False:
                yield f"{place or 'its top'} has {name[:100]!r}, which nobody knows"
            else:
                yield from _violations(value[name], limit, f"{place}/{name[:100]}")


def _names(value: Any, limit: Any, place: str, schema: Any) -> Iterator[str]:
    for name in value if type(value) is dict else ():
        yield from _violations(name, limit, f"{place}/{name[:100]}")


def _items(value: Any, limit: Any, place: str, schema: Any) -> Iterator[str]:
    for i, item in enumerate(value if type(value) is list else ()):
        yield from _violations(item, limit, f"{place}/{i}")


def _exactly_one(value: Any, limit: list[Any], place: str, schema: Any) -> Iterator[str]:
    if sum(next(_violations(value, inner, place), None) is None for inner in limit) != 1:
        yield f"{place or 'its top'} is nothing that may be there"


def _if(value: Any, limit: Any, place: str, schema: Any) -> Iterator[str]:
    if next(_violations(value, limit, place), None) is None:
        yield from _violations(value, schema["then"], place)


RULES: dict[str, Callable[..., Iterator[str]]] = {
    "enum": _one_of,
    "const": _const,
    "minimum": _bound(int, float, wrong=lambda value, limit: value < limit, words="is less than"),
    "maximum": _bound(int, float, wrong=lambda value, limit: value > limit, words="is more than"),
    "maxLength": _bound(str, wrong=lambda value, limit: len(value) > limit, words="is longer than"),
    "pattern": _bound(str, wrong=lambda value, limit: re.search(limit, value) is None, words="is not as"),
    "minItems": _bound(list, wrong=lambda value, limit: len(value) < limit, words="has fewer items than"),
    "maxItems": _bound(list, wrong=lambda value, limit: len(value) > limit, words="has more items than"),
    "minProperties": _bound(dict, wrong=lambda value, limit: len(value) < limit, words="has fewer fields than"),
    "maxProperties": _bound(dict, wrong=lambda value, limit: len(value) > limit, words="has more fields than"),
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "items": _items,
    "oneOf": _exactly_one,
    "if": _if,
    "then": lambda value, limit, place, schema: iter(()),
}
