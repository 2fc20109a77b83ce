"""What the explorer of a sweep says in words, and the parts of it that are HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..figures.numbers import ratio, significant, tick
from ..figures.palette import RATIO_STOPS
from .sweep_explorer_data import RATIO, Gathered, Quantity
from .sweep_explorer_map import Colours

MARKS = {"ready": "○", "running": "●", "finished": "✓", "stopped": "■", "error": "✕"}
SENTENCES = 3


def head(spec: dict[str, Any], state: str, sentence: str) -> str:
    """The state, and what is swept."""
    title = f"{html.escape(spec['optimizer']['label'])} on {html.escape(spec['problem']['name'])}"
    return (
        f'<div class="rodflow-sweep-words rodflow-sweep-head" role="status"><b>{MARKS.get(state, "")} {title}</b>'
        f'<span class="secondary">{html.escape(sentence)}</span></div>'
    )


def title(text: str, more: str = "") -> str:
    said = f' <small class="secondary">{html.escape(more)}</small>' if more else ""
    return f'<div class="rodflow-sweep-words"><span class="rodflow-sweep-title">{html.escape(text)}</span>{said}</div>'


def cells_of(quantity: Quantity, gathered: Gathered, grouped: int) -> str:
    """What a cell stands for."""
    which = "largest" if quantity.largest else "last"
    runs = "a row a run" if grouped == 1 else f"a row up to {grouped} runs (the largest of them)"
    return f"{runs}, a column " + ("a step" if gathered.span == 1 else f"{gathered.span:,} steps (the {which} of them)")


def bar(quantity: Quantity, colours: Colours) -> str:
    """The colours with the values that they stand for, and what else is on the map."""
    low, high = colours.low, colours.high
    marks = "".join(
        f'<span style="left: {100 * (at - low) / ((high - low) or 1.0):.1f}%">'
        + (f"<b>{text} = edge</b>" if quantity.key == RATIO and text == "1" else text)
        + "</span>"
        for at, text in ticks_of(quantity, colours).items()
    )
    shades = ", ".join(colours.shades[::4])
    return (
        f'<div class="rodflow-sweep-bar" style="background: linear-gradient(to right, {shades})"></div>'
        f'<div class="rodflow-sweep-ticks">{marks}</div>{_key()}'
    )


def ticks_of(quantity: Quantity, colours: Colours) -> dict[float, str]:
    """Coordinate between the ends of the colours -> what is written there."""
    if quantity.key == RATIO:
        return {float(np.log2(at)): f"{at:g}" for at, _ in RATIO_STOPS if at not in (0.8, 1.1)}
    places = np.linspace(colours.low, colours.high, 5)
    values = 10**places if colours.log else places
    return {float(at): tick(float(f"{value:.2g}")) for at, value in zip(places, values, strict=True)}


def _key() -> str:
    def sample(drawn: str, text: str) -> str:
        return f'<span><svg viewBox="0 0 26 12" aria-hidden="true">{drawn}</svg>{text}</span>'

    line = '<path d="M1 6H25" stroke="currentColor" stroke-width="2"{}/>'
    hatched = "".join(f'<path d="M{x} 12L{x + 12} 0" stroke="#858b94"/>' for x in (-5, 0, 5, 10, 15, 20))
    return (
        '<div class="rodflow-sweep-words rodflow-sweep-key"><small>'
        + sample(line.format(' stroke-dasharray="6 4"'), "edge first met")
        + "</small><small>"
        + sample(line.format(""), "diverged")
        + "</small><small>"
        + sample(hatched, "after it diverged")
        + "</small></div>"
    )


def markers() -> str:
    """What the markers of the charts mean."""
    shapes = (
        ('<circle cx="6" cy="6" r="3.6" fill="currentColor"/>', "finished, or reached"),
        ('<circle cx="6" cy="6" r="3.6" fill="none" stroke="currentColor" stroke-width="1.4"/>', "on its way"),
        ('<path d="M6 1.5L10.5 10H1.500z" fill="none" stroke="currentColor" stroke-width="1.4"/>', "not reached"),
        (
            '<path d="M6 1v10M1 6h10" stroke="var(--rodflow-sweep-failed)" stroke-width="3"/>',
            "diverged, or failed",
        ),
    )
    said = "".join(
        f'<small><svg viewBox="0 0 12 12" style="width: 12px" aria-hidden="true">{shape}</svg>{text}</small>'
        for shape, text in shapes
    )
    return f'<div class="rodflow-sweep-words rodflow-sweep-key">{said}</div>'


def sentences(
    gathered: Gathered, shown: Sequence[int], names: Sequence[str], values: np.ndarray, axis: str
) -> list[str]:
    """What the shown runs came to: the edge, divergence, the lowest loss, the loss that is aimed at."""
    runs = np.array(shown, dtype=int)
    if not np.isfinite(gathered.last[runs]).any():
        return ["Nothing has been measured yet."]
    said = []
    for numbers, what in ((gathered.edge, "met the edge"), (gathered.diverged, "diverged")):
        there = runs[np.isfinite(numbers[runs])]
        if len(there):
            low, high = values[there].min(), values[there].max()
            span = f"{axis} {low:.4g}" if low == high else f"{axis} {low:.4g} to {high:.4g}"
            said.append(f"{_count(len(there), len(runs))} {what} ({span}).")
        elif what != "diverged" and any(quantity.key == RATIO for quantity in gathered.quantities):
            said.append("No run has met the edge." if len(runs) > 1 else "The run has not met the edge.")
    ended = runs[np.isfinite(gathered.final[runs]) & ~np.isfinite(gathered.diverged[runs])]
    if len(ended):
        best = int(ended[np.argmin(gathered.final[ended])])
        said.append(
            f"Lowest loss: {significant(gathered.final[best], 4)} ({names[best]}, step {gathered.last[best]:,.0f})."
        )
    reached = runs[np.isfinite(gathered.reached[runs])]
    if len(reached):
        first = int(reached[np.argmin(gathered.reached[reached])])
        said.append(
            f"Loss {gathered.target:g} was reached by {_count(len(reached), len(runs)).lower()}, "
            f"first at step {gathered.reached[first]:,.0f} ({names[first]})."
        )
    elif np.isfinite(gathered.target):
        none = "No run has" if len(runs) > 1 else "The run has not"
        said.append(f"{none} reached loss {gathered.target:g}.")
    return said


def listed(said: Sequence[str], errors: dict[int, str], names: Sequence[str]) -> str:
    """Sentences as a list, with the runs that failed."""
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in said)
    failed = "".join(
        f"<li><b>{html.escape(names[run])}</b> failed: {html.escape(error)}</li>"
        for run, error in list(errors.items())[:SENTENCES]
    )
    more = f"<li>{len(errors) - SENTENCES} more failed: sweep.errors</li>" if len(errors) > SENTENCES else ""
    return f'<div class="rodflow-sweep-words" role="status"><ul>{items}{failed}{more}</ul></div>'


def labels(
    said: Sequence[str], quantity: Quantity, colours: Colours, axis: str, runs: int, target: float
) -> dict[str, str]:
    """What screen readers are told of the three figures."""
    low, high = _ends(quantity, colours)
    return {
        "map": f"Map of {runs} runs, {axis} against steps, coloured by {quantity.label} from {low} to {high}. "
        + " ".join(said),
        "final": f"Newest loss of {runs} runs against {axis}.",
        "reached": f"Steps to loss {target:g} of {runs} runs against {axis}.",
    }


def _ends(quantity: Quantity, colours: Colours) -> tuple[str, str]:
    low, high = ((colours.log**at if colours.log else at) for at in (colours.low, colours.high))
    return (ratio(low), ratio(high)) if quantity.key == RATIO else (significant(low), significant(high))


def _count(count: int, of: int) -> str:
    if of == 1:
        return "The run"
    return f"All {of} runs" if count == of else f"{count} of {of} runs"
