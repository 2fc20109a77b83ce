"""BibTeX of what a run used: every key has an entry, and a run names its own methods and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rodflow_widgets as rf
from rodflow_widgets.citations import entries
from rodflow_widgets.engine.curvature import SOURCES
from rodflow_widgets.engine.curvature.davidson import Davidson
from rodflow_widgets.engine.curvature.tracker import EigenTracker
from rodflow_widgets.engine.registry import FLOWS, OPTIMIZERS, PROBLEMS
from rodflow_widgets.errors import ArgumentError, UnknownNameError
from rodflow_widgets.session import Run, RunSpec

GD = rf.optimizers.GradientDescent(0.3)
PROCESSES = ("discrete", "rod", "stable")
TRACKERS = {*EigenTracker.cites, *Davidson.cites}


def keys(text: str) -> set[str]:
    return set(re.findall(r"^@\w+\{(.+),$", text, re.MULTILINE))


def test_the_entries_are_whole() -> None:
    text = (Path(rf.__file__).parent / "sources.bib").read_text(encoding="utf-8")
    assert len(entries()) == text.count("\n@") + 1
    for key, entry in entries().items():
        assert entry.count("{") == entry.count("}"), key
        assert {"title", "author", "year"} <= set(re.findall(r"^  (\w+) = \{", entry, re.MULTILINE)), key


def test_everything_that_is_declared_has_an_entry() -> None:
    declared = {key for thing in (*PROBLEMS.values(), *OPTIMIZERS.values()) for key in thing.cites}
    declared |= {key for make in FLOWS.values() for cls in OPTIMIZERS.values() for key in make().sources(cls)}
    assert declared | TRACKERS | {key for keys in SOURCES.values() for key in keys} <= set(entries())
    assert all(cls.cites for cls in OPTIMIZERS.values())
    assert all(make().sources(rf.optimizers.Adam) for make in FLOWS.values())


@pytest.fixture(scope="module")
def recording():
    return rf.simulate(rf.problems.valley(), GD, PROCESSES, steps=4, progress=False)


def test_a_recording_is_cited_by_what_it_used(recording, tmp_path, capsys) -> None:
    text = rf.cite(recording)
    assert capsys.readouterr().out == text + "\n"
    expected = {"berthier2026timescales", "cohen2021edge", "regis2026rod", "sommeijer1998rkc", "knyazev2001lobpcg"}
    assert keys(text) == expected
    assert rf.cite(rf.load(recording.save(tmp_path / "run.rodflow"))) == text


def test_a_live_run_is_cited_as_its_recording() -> None:
    run = Run(RunSpec(rf.problems.quadratic(), rf.optimizers.Adam(0.01), ("discrete", "rod"), steps=30))
    expected = {"kingma2015adam", "cohen2022adaptive", "regis2026rod", "regis2026adam", "knyazev2001lobpcg"}
    assert keys(rf.cite(run)) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("Adam", {"kingma2015adam", "cohen2022adaptive"}),
        (["GradientDescent", "rod", "discrete"], {"cohen2021edge", "regis2026rod"}),
        (("NAdam", "rod"), {"dozat2016nadam", "cohen2022adaptive", "regis2026rod", "regis2026adam"}),
        (["rod"], {"regis2026rod", "regis2026adam"}),
        (["central"], {"cohen2025central", "kojima1997interior", "todd1998direction"}),
        (["edge"], {"marion2026edge", "bogacki1989pair"}),
        ("trace", {"meyer2021hutchpp"}),
        (["valley"], {"berthier2026timescales"}),
    ],
)
def test_names_are_cited(names, expected) -> None:
    assert keys(rf.cite(names)) == expected


@pytest.mark.parametrize("run", [None, 3, [], [1], {"rod": 1}, GD])
def test_what_is_no_run_is_refused(run) -> None:
    with pytest.raises(ArgumentError, match="give a recording"):
        rf.cite(run)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="'Adan' is unknown: did you mean 'Adam'"):
        rf.cite(["Adan"])
