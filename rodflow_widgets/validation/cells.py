"""The cells of the validation: one flow each, with everything that decides its figures written down."""

from __future__ import annotations

import difflib
import fnmatch
import hashlib
import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from ..engine.flows import FLOWS, Flow
from ..errors import ArgumentError, UnknownNameError
from . import exact, measure
from .identity import ALL, code
from .measure import Figures
from .settings import SETTINGS, Setting

NEARBY, HALVED, EXACT = "nearby", "-halved", "exact"
FAST = ("exact/maps", "exact/masking", "gradient-descent-E/rod/*", "gradient-descent-E/stable/*")
FIRST, SECOND_RUN, OTHER, SEEDS = range(4)
"""The order in which cells run: what every setting is judged by first."""
JUDGED = ("rod", "stable", "rod-halved", "stable-halved")


@dataclass(frozen=True)
class Cell:
    """One flow beside the iterates, `setting/flow/seed-N`, or a group of exact checks.

    Args:
        specification: everything that decides the figures, as JSON-able data.
        measure: makes the figures of cells of one run, by their names.
        turn: cells with smaller numbers run first.
        module: of the flow; a change in other flows leaves the figures as they are. "" is no flow, "*" all of them.
        run: cells of one run stand beside the same iterates, which are computed once; each could be measured alone.
        flow: what `measure` is given.
    """

    name: str
    specification: dict[str, Any]
    measure: Callable[[dict[str, Flow | None]], dict[str, Figures]]
    turn: int
    module: str
    run: Hashable
    flow: Flow | None = None

    @property
    def code(self) -> dict[str, str]:
        """Version, commit and digest of the sources that make the figures."""
        return code(self.module)

    @property
    def key(self) -> str:
        """Hash of the specification and of the sources that make the figures."""
        whole = {
            "cell": self.name,
            **self.specification,
            "version": self.code["version"],
            "sources": self.code["sources"],
        }
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def plan(seeds: Sequence[int]) -> list[Cell]:
    """All cells in the order in which they run.

    Args:
        seeds: of the eigenvalue trackers; the first is that of the whole table, with dt halved too, the others repeat
            the flows with a rod or a central direction at their own dt.
    """
    cells = [_exact(group) for group in exact.GROUPS]
    for setting in SETTINGS:
        cells.append(_nearby(setting, seeds[0]))
        for flow in modelled(setting):
            cells.append(beside(setting, flow, seeds[0]))
            finer = halved(flow)
            if finer is not None:
                cells.append(beside(setting, finer, seeds[0], label(flow) + HALVED))
            if flow.kind != "stable" and setting.repeated:
                cells += [replace(beside(setting, flow, seed), turn=SEEDS) for seed in seeds[1:]]
    return sorted(cells, key=lambda cell: cell.turn)


def runs(cells: Sequence[Cell]) -> list[list[Cell]]:
    """The cells by run, in the order of the first of each."""
    found: dict[Hashable, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell.run, []).append(cell)
    return list(found.values())


def figures(cells: Sequence[Cell]) -> dict[str, Figures]:
    """The figures of cells of one run, by their names."""
    return cells[0].measure({cell.name: cell.flow for cell in cells})


def choose(cells: Sequence[Cell], patterns: Sequence[str]) -> list[Cell]:
    """The cells whose names fit one of the patterns; a pattern that fits none is an error."""
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(cell.name, pattern) for cell in cells):
            raise _no_cell(pattern, [cell.name for cell in cells])
    return [cell for cell in cells if any(fnmatch.fnmatchcase(cell.name, pattern) for pattern in patterns)]


def _no_cell(pattern: str, names: Sequence[str]) -> UnknownNameError:
    near = difflib.get_close_matches(pattern, names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    first = list(dict.fromkeys(name.partition("/")[0] for name in names))
    return UnknownNameError(
        f"--only {pattern!r} fits no cell: {hint}Cells are called like {names[-1]!r}, and begin with {', '.join(first)}."
    )


def modelled(setting: Setting) -> list[Flow]:
    """Every registered flow that models the optimizer of `setting` and is not too costly there."""
    optimizer = setting.make()
    found = []
    for make in FLOWS.values():
        flow = make()
        try:
            flow.check(optimizer)
        except ArgumentError:
            continue
        if not setting.flows or label(flow) in setting.flows:
            found.append(flow)
    return found


def label(flow: Flow) -> str:
    """The name of a flow in the names of cells."""
    return flow.name or flow.default_name


def halved(flow: Flow) -> Flow | None:
    """The same flow with half the step: an eighth of the tolerance of an error-controlled one."""
    held = {setting.name: getattr(flow, setting.name) for setting in flow.parameters}
    finer: dict[str, Any] = {}
    if "tolerance" in held:
        finer["tolerance"] = held["tolerance"] / 8
    elif "substeps" in held:
        finer["substeps"] = 8 if held["substeps"] is None else 2 * held["substeps"]
    return replace(flow, **finer) if finer else None


def beside(setting: Setting, flow: Flow, seed: int, name: str | None = None) -> Cell:
    """The optimizer of `setting` beside `flow`."""
    name, start = name or label(flow), setting.start(label(flow))
    specification = {
        **setting.describe(),
        "flow": {"kind": type(flow).__name__, **asdict(flow)},
        "start": start,
        "seed": seed,
    }
    turn = FIRST if name in JUDGED else OTHER
    return Cell(
        f"{setting.name}/{name}/seed-{seed}",
        specification,
        partial(measure.beside, setting, seed, start),
        turn,
        type(flow).__module__.rpartition(".")[2],
        (setting.name, seed, start, turn),
        flow,
    )


def _nearby(setting: Setting, seed: int) -> Cell:
    name = f"{setting.name}/{NEARBY}/seed-{seed}"
    specification = {**setting.describe(), "away": measure.AWAY, "seed": seed}
    return Cell(name, specification, _alone(partial(measure.nearby, setting, seed)), SECOND_RUN, "", name)


def _exact(group: str) -> Cell:
    name = f"{EXACT}/{group}"
    return Cell(name, {"group": group}, _alone(partial(exact.measure, group)), FIRST, ALL, name)


def _alone(made: Callable[[], Figures]) -> Callable[[dict[str, Flow | None]], dict[str, Figures]]:
    """The `measure` of a cell that has its run for itself."""
    return lambda names: dict.fromkeys(names, made())
