"""A validation that is killed in the middle of a run goes on with that run; nothing is lost and nothing run twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rodflow_widgets.validation import cells, criteria, page, run
from rodflow_widgets.validation.ledger import Ledger

from .small import CELLS, SHORT, use

ROOT = Path(__file__).parents[2]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The short setting alone, and the names of the cells that are run."""
    for module in (cells, criteria, page):
        monkeypatch.setattr(module, "SETTINGS", module.SETTINGS)
    use(SHORT)
    ran: list[str] = []
    plan = cells.plan

    def counted(cell: cells.Cell) -> cells.Cell:
        def measure(flows: dict) -> dict:
            ran.extend(flows)
            return cell.measure(flows)

        return replace(cell, measure=measure)

    monkeypatch.setattr(run, "plan", lambda seeds: [counted(c) for c in cells.choose(plan(seeds), CELLS)])
    return ran


def test_a_killed_run_loses_only_the_run_under_way(tmp_path: Path, short: list[str]) -> None:
    command = [sys.executable, "-m", "tests.validation.small", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "waiting\n"
        child.kill()
    assert child.returncode < 0
    kept = {path: path.read_bytes() for path in tmp_path.glob("*.json")}
    assert len(kept) == 2

    everything = [cell.name for cell in run.plan([0, 1])]
    run.validate(tmp_path, seeds=[0, 1], progress=False)
    assert short == everything[2:]
    assert {path: path.read_bytes() for path in kept} == kept
    assert len(list(tmp_path.glob("*.json"))) == len(everything)

    again = run.validate(tmp_path, seeds=[0, 1], progress=False)
    assert short == everything[2:]
    assert "Nothing: all cells were run." in again.page


def test_an_interrupted_simulation_leaves_no_cell(
    tmp_path: Path, short: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rodflow_widgets.engine import Simulation

    advance = Simulation.advance

    def interrupted(simulation: Simulation) -> None:
        if simulation.row == 5:
            raise KeyboardInterrupt
        advance(simulation)

    monkeypatch.setattr(Simulation, "advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.validate(tmp_path, seeds=[0], progress=False)
    assert list(tmp_path.iterdir()) == []


def test_what_is_damaged_or_of_other_code_is_measured_again(
    tmp_path: Path, short: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pattern = ["short/rod/*"]
    run.validate(tmp_path, pattern, [0], progress=False)
    (path,) = tmp_path.glob("*.json")
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    run.validate(tmp_path, pattern, [0], progress=False)
    assert short == ["short/rod/seed-0"] * 2
    first, second = json.loads(whole), json.loads(path.read_bytes())
    assert {**first, "date": ""} == {**second, "date": ""}

    monkeypatch.setattr(cells, "code", lambda module: {"version": "0.1.0", "commit": "another", "sources": "changed"})
    run.validate(tmp_path, pattern, [0], progress=False)
    assert short == ["short/rod/seed-0"] * 3
    assert len(list(tmp_path.glob("*.json"))) == 2


def test_a_cell_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    with pytest.raises(ValueError, match="JSON"):
        ledger.write("a/b", "key", {"figure": float("nan")})
    assert list(tmp_path.iterdir()) == []
    ledger.write("a/b", "key", {"figure": 1.5})
    assert ledger.read("a/b", "key") == {"format": 1, "key": "key", "name": "a/b", "figure": 1.5}
    assert ledger.read("a/b", "another") is None
