"""Closing widgets with all that they are made of: ipywidgets leaves layouts, styles and children open."""

from __future__ import annotations

import ipywidgets


def close(*widgets: ipywidgets.Widget) -> None:
    """Close controls and boxes that nobody else has, with what is in them."""
    for widget in widgets:
        close(*getattr(widget, "children", ()))
        for name in ("layout", "style"):
            part = getattr(widget, name, None)
            if isinstance(part, ipywidgets.Widget):
                part.close()
        widget.close()
