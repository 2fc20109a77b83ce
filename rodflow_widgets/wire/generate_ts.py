"""Writes js/src/generated/messages.ts: `python -m rodflow_widgets.wire.generate_ts [--check]`."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import sys
import types
import typing
from pathlib import Path
from typing import Any

from . import messages, panel

TARGET = Path(__file__).parents[2] / "js" / "src" / "generated" / "messages.ts"
BANNER = "// Generated from wire/messages.py by `python -m rodflow_widgets.wire.generate_ts`: never edited."
SCALARS = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null", Any: "unknown"}
ALIASES = {messages.State: "State", messages.CommandName: "CommandName", messages.PanelName: "PanelName"}

GROUPS: dict[str, tuple[type, ...]] = {
    "ToPage": messages.TO_PAGE,
    "ToKernel": messages.TO_KERNEL,
    "ToPanel": panel.TO_PANEL,
    "FromPanel": panel.FROM_PANEL,
}


def source() -> str:
    """The whole TypeScript file."""
    parts = [BANNER, f"export const PROTOCOL = {messages.PROTOCOL};"]
    parts += [f"export type {name} = {_union(typing.get_args(alias))};" for alias, name in ALIASES.items()]
    parts += [_interface(cls) for cls in _classes()]
    for name, group in GROUPS.items():
        parts.append(f"export type {name} = {' | '.join(cls.__name__ for cls in group)};")
    return "\n\n".join(parts) + "\n"


def _classes() -> list[type]:
    found: list[type] = []

    def visit(hint: Any) -> None:
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            for inner in typing.get_type_hints(hint).values():
                visit(inner)
            if hint not in found:
                found.append(hint)
        for argument in typing.get_args(hint):
            visit(argument)

    for root in (messages.Branch, messages.RunStatus, *itertools.chain(*GROUPS.values())):
        visit(root)
    return found


def _interface(cls: type) -> str:
    hints = typing.get_type_hints(cls)
    fields = [f"  {field.name}: {_type(hints[field.name])};" for field in dataclasses.fields(cls)]
    text = [line.strip() for line in (cls.__doc__ or "").strip().splitlines()]
    comment = [f"/** {text[0]} */"] if len(text) == 1 else ["/**", *(f" * {line}".rstrip() for line in text), " */"]
    return "\n".join([*comment, f"export interface {cls.__name__} {{", *fields, "}"])


def _type(hint: Any) -> str:
    if hint in ALIASES:
        return ALIASES[hint]
    if hint in SCALARS:
        return SCALARS[hint]
    if dataclasses.is_dataclass(hint):
        return typing.cast(type, hint).__name__
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return _union(arguments)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(_type(argument) for argument in arguments)
    if origin in (list, tuple):
        inner = _type(arguments[0])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if origin is dict:
        return f"Record<string, {_type(arguments[1])}>"
    raise TypeError(f"{hint!r} has no TypeScript form: add it to generate_ts._type.")


def _union(values: tuple[str, ...]) -> str:
    return " | ".join(f'"{value}"' for value in values)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the file differs")
    check = parser.parse_args(arguments).check
    if check:
        if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != source():
            sys.stderr.write(f"{TARGET} is out of date: run python -m rodflow_widgets.wire.generate_ts\n")
            return 1
        return 0
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(source(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
