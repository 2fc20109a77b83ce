"""Tables of what the code registers: columns with unit and source, options of problems, optimizers, flows, schedules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from rodflow_widgets.engine import flows, optimizers, problems  # noqa: F401 - importing them fills the registries
from rodflow_widgets.engine.catalogue import summary
from rodflow_widgets.engine.lane import TIME
from rodflow_widgets.engine.probes import PROBES
from rodflow_widgets.engine.process import Discrete, Process
from rodflow_widgets.engine.registry import FLOWS, OPTIMIZERS, PROBLEMS, SCHEDULES
from rodflow_widgets.engine.watching import columns as watched
from rodflow_widgets.vocabulary import Column, Setting

TOY = ("x", "y")
"""Coordinates of a problem whose parameters are recorded too."""
REGISTRIES = {"problems": PROBLEMS, "optimizers": OPTIMIZERS, "flows": FLOWS, "schedules": SCHEDULES}
ORDER = ("rod", "rod-covariance", "rod-paper", "central", "central-paper", "edge", "stable")


def _processes() -> dict[str, type[Process]]:
    """Every registered process by name, the iterates first."""
    names = sorted(FLOWS, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    return {"discrete": Discrete, **{name: FLOWS[name]().process for name in names}}


def columns() -> dict[Column, list[str]]:
    """Every column that a process can record, with the names of the processes that have it."""
    found: dict[Column, list[str]] = {}
    for name, process in _processes().items():
        probes = [probe(process, 1, TOY) for probe in PROBES.values() if probe.applies(process)]
        for column in (TIME, *(column for probe in probes for column in probe.columns())):
            found.setdefault(column, []).append(name)
    return found


def _cell(text: Any) -> str:
    return str(text).replace("|", "\\|").replace("*", "\\*").replace("\n", " ") or "–"


def _table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(tuple(head))
    for row in rows:
        yield "| " + " | ".join(_cell(cell) for cell in row) + " |"


def _names(names: Sequence[str]) -> str:
    every = {name: process for name, process in _processes().items() if name != "discrete"}
    if list(names) == list(every):
        return "every flow"
    if list(names) == [name for name, process in every.items() if process.has_rod]:
        return "flows with a rod"
    return ", ".join(f"`{name}`" for name in names)


def _columns_in_words() -> Iterator[str]:
    every, signals = list(_processes()), {}
    for column, names in columns().items():
        if any(column in _processes()[name].signals for name in names):
            signals[column] = names
    head = ("column", "unit", "meaning", "source")
    for title, chosen in (
        ("Iterates and flows alike", lambda names: names == every),
        ("The iterates alone", lambda names: names == ["discrete"]),
        ("Flows", lambda names: "discrete" not in names),
    ):
        yield from (f"## {title}", "")
        rows = [
            (f"`{c.name}`", _unit(c), c.meaning, c.source, _names(names))
            for c, names in columns().items()
            if chosen(names) and c not in signals
        ]
        yield from _table(head, (row[:4] for row in rows)) if title != "Flows" else _table((*head, "of"), rows)
        yield ""
    yield from ("## Signals: where a flow doubts itself", "")
    yield from _table(
        ("column", "unit", "meaning", "of"),
        ((f"`{c.name}`", _unit(c), c.meaning, _names(names)) for c, names in signals.items()),
    )
    yield from ("", "What the page, the picture and the report say while a signal is above its bound:", "")
    yield from _table(
        ("column", "above", "the flow …"),
        ((f"`{c.name}`", f"{bound.above:g}", bound.words.replace("*", "")) for c in signals for bound in c.signal),
    )

    yield from ("", "## A training loop that is watched", "")
    yield "`rf.watch` records these, on the probe batch ([watching](watching.md))."
    yield ""
    yield from _table(head, ((f"`{c.name}`", _unit(c), c.meaning, c.source) for c in watched(1)))


def _unit(column: Column) -> str:
    return "none" if column.unit == "1" else column.unit


def _options(settings: Iterable[Setting]) -> Iterator[str]:
    rows = [(f"`{s.name}`", _default(s.default), _wanted(s), s.meaning or s.label) for s in settings]
    if rows:
        yield from _table(("option", "default", "what is usable", "meaning"), rows)
    else:
        yield "No options."


def _wanted(setting: Setting) -> str:
    unit = getattr(setting, "unit", "")
    return f"{setting.wanted}; {unit}" if unit else setting.wanted


def _default(value: Any) -> str:
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


class Columns(SphinxDirective):
    """The columns of every process."""

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n".join(_columns_in_words()), allow_section_headings=True)


class Registry(SphinxDirective):
    """What is registered in one table, with its options."""

    required_arguments: ClassVar[int] = 1

    def run(self) -> list[nodes.Node]:
        lines: list[str] = []
        for name, entry in sorted(REGISTRIES[self.arguments[0]].items()):
            lines += [f"**`{name}`**: {_cell(summary(entry))}", "", *_options(entry.parameters), ""]
        return self.parse_text_to_nodes("\n".join(lines))


class Names(SphinxDirective):
    """Signatures and docstrings of what is registered in one table."""

    required_arguments: ClassVar[int] = 1

    def run(self) -> list[nodes.Node]:
        lines = ["```{eval-rst}"]
        for _, entry in sorted(REGISTRIES[self.arguments[0]].items()):
            kind = "autoclass" if isinstance(entry, type) else "autofunction"
            lines.append(f".. {kind}:: {entry.__module__}.{entry.__qualname__}")
        return self.parse_text_to_nodes("\n".join([*lines, "```"]))


def setup(app: Any) -> dict[str, Any]:
    app.add_directive("columns", Columns)
    app.add_directive("registry", Registry)
    app.add_directive("names", Names)
    return {"parallel_read_safe": True}
