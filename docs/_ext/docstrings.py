"""Docstrings of this package as reStructuredText: they are plain words, with backticks around code and no other markup."""

from __future__ import annotations

import re
from typing import Any

CODE = re.compile(r"(`[^`]+`)")
MARKUP = re.compile(r"([\\*|]|(?<=\w)_(?=\W|$))")


def as_written(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Turn `code` into ``code`` and let no other character be markup."""
    for i, line in enumerate(lines):
        parts = CODE.split(line)
        parts[1::2] = [f"`{code}`" for code in parts[1::2]]
        parts[::2] = [MARKUP.sub(r"\\\1", words) for words in parts[::2]]
        lines[i] = "".join(parts)


def setup(app: Any) -> dict[str, Any]:
    app.connect("autodoc-process-docstring", as_written, priority=100)  # before napoleon
    return {"parallel_read_safe": True}
