"""Runs the cells that are missing, one after the other, and writes the page."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from ..errors import ArgumentError
from ..store.aside import aside
from .cells import Cell, choose, figures, plan, runs
from .identity import versions
from .ledger import Ledger
from .measure import Figures
from .page import page

Held = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """The page of all finished cells, and whether every exact check among them holds."""

    page: str
    holds: bool


def validate(
    folder: Path, patterns: Sequence[str] = ("*",), seeds: Sequence[int] = (0, 1, 2), *, progress: bool = True
) -> Outcome:
    """Run every chosen cell that `folder` does not hold yet; the page is of all that it holds.

    Each finished cell is written at once, so that an interrupt or a kill loses the run under way. One thread computes, so
    that figures do not depend on the number of cores.

    Args:
        folder: where finished cells are kept; must exist and be writable.
        patterns: of cell names, as in a shell; a cell runs where one of them fits.
        seeds: of the eigenvalue trackers, at least one.
        progress: show a bar and a line a cell.

    Raises:
        ArgumentError, UnknownNameError: a seed or a pattern that cannot work; before anything runs.
    """
    cells = plan(_checked(seeds))
    chosen = choose(cells, patterns)
    ledger = Ledger(folder)
    missing = [cell for cell in chosen if ledger.read(cell.name, cell.key) is None]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        _run(missing, len(chosen), ledger, progress)
    finally:
        torch.set_num_threads(threads)
    finished = held(cells, ledger)
    rows = [row for cell in finished.values() for row in cell.get("rows", ())]
    return Outcome(page(cells, finished, seeds), all(row["holds"] for row in rows))


def held(cells: Sequence[Cell], ledger: Ledger) -> Held:
    """Finished cells by name."""
    found = {cell.name: ledger.read(cell.name, cell.key) for cell in cells}
    return {name: cell for name, cell in found.items() if cell is not None}


def _run(missing: Sequence[Cell], chosen: int, ledger: Ledger, progress: bool) -> None:
    from tqdm.auto import tqdm

    done = chosen - len(missing)
    with tqdm(total=chosen, initial=done, unit="cell", disable=not progress) as bar:
        if progress and done:
            bar.write(f"{done} of {chosen} cells are there already")
        for together in runs(missing):
            bar.set_description(", ".join(cell.name for cell in together))
            begun = time.perf_counter()
            found = figures(together)
            seconds = time.perf_counter() - begun
            for cell in together:
                _keep(ledger, cell, found[cell.name])
                bar.update()
            if progress:
                bar.write(f"{seconds:.0f} s: {', '.join(cell.name for cell in together)}")


def _keep(ledger: Ledger, cell: Cell, found: Figures) -> None:
    """Everything that a reader of the page may ask of a cell."""
    made = {"code": cell.code, "versions": versions(), "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    ledger.write(cell.name, cell.key, {"specification": cell.specification, **made, **found})


def write(text: str, path: Path) -> None:
    """Write the page, aside first."""
    with aside(path) as file:
        file.write(text.encode())


def _checked(seeds: Sequence[int]) -> Sequence[int]:
    good = all(isinstance(s, int) and not isinstance(s, bool) and 0 <= s < 2**32 for s in seeds)
    if not seeds or not good or len(set(seeds)) < len(seeds):
        raise ArgumentError(f"seeds={list(seeds)!r} are not usable: give different whole numbers, such as 0,1,2.")
    return seeds
