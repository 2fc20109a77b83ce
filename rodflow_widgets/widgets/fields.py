"""One control for one parameter of the catalogue, and what it holds."""

from __future__ import annotations

from typing import Any

import ipywidgets

from ..errors import ArgumentError

WIDTH = "96%"
STYLE = {"description_width": "118px"}


class Field:
    """The control of a parameter.

    Args:
        parameter: an entry of the catalogue: name, label, kind, default, and more that may be missing.
    """

    def __init__(self, parameter: dict[str, Any]) -> None:
        self.parameter = parameter
        self.default = parameter["default"]
        common = {
            "description": parameter["label"],
            "style": STYLE,
            "layout": ipywidgets.Layout(width=WIDTH),
            "tooltip": parameter.get("meaning") or None,
        }
        kind, options = parameter["kind"], parameter.get("options")
        if kind == "choice" and options:
            self.control = ipywidgets.Dropdown(options=options, value=self.default, **common)
        elif kind == "number" and self.default is not None:
            self.control = ipywidgets.FloatText(value=self.default, **common)
        elif kind == "whole" and self.default is not None:
            self.control = ipywidgets.IntText(value=self.default, **common)
        else:
            shown = ", ".join(f"{item:g}" for item in self.default) if kind == "list" else self.default or ""
            self.control = ipywidgets.Text(value=shown, placeholder="found by itself", **common)

    @property
    def name(self) -> str:
        return str(self.parameter["name"])

    @property
    def value(self) -> Any:
        """What the control holds, of the parameter's own type.

        Raises:
            ArgumentError: text that is no number, or no list of numbers.
        """
        held, kind = self.control.value, self.parameter["kind"]
        if not isinstance(held, str) or kind == "choice":
            return held
        if kind == "folder":
            return held.strip() or self.default
        if kind == "list":
            return tuple(self._number(item) for item in held.replace(";", ",").split(",") if item.strip())
        return self._number(held) if held.strip() else self.default

    def _number(self, text: str) -> float | int:
        for read in (int, float):
            try:
                return read(text)
            except ValueError:
                continue
        what = "numbers with commas between them" if self.parameter["kind"] == "list" else "a number"
        raise ArgumentError(f"{self.name}={self.control.value!r} is not usable: give {what}.")
