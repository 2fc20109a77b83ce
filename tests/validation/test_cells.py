"""What is run, in which order, and under which key."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rodflow_widgets.engine.flows import CovarianceRod, Rod, Stable
from rodflow_widgets.engine.registry import FLOWS, OPTIMIZERS
from rodflow_widgets.errors import ArgumentError, UnknownNameError
from rodflow_widgets.session import simulate
from rodflow_widgets.validation import cells, identity, validate
from rodflow_widgets.validation.cells import FAST, choose, figures, halved, modelled, plan, runs
from rodflow_widgets.validation.settings import BEYOND, PROTOTYPES, SETTINGS, Setting

from .small import SHORT


def test_every_optimizer_is_run_beside_every_flow_that_models_it() -> None:
    names = [cell.name for cell in plan([0, 1, 2])]
    assert len(names) == len(set(names))
    assert {type(setting.make()) for setting in SETTINGS} == set(OPTIMIZERS.values())
    for setting in SETTINGS:
        flows = {flow.name or flow.default_name for flow in modelled(setting)}
        least = {"rod", "rod-covariance", "rod-paper", "stable"} if setting.group == PROTOTYPES else {"rod", "stable"}
        assert least <= flows <= set(FLOWS)
        assert not setting.flows or flows == set(setting.flows)
        for flow in flows:
            seeds = [0, 1, 2] if flow != "stable" and setting.repeated else [0]
            assert {s for s in range(3) if f"{setting.name}/{flow}/seed-{s}" in names} == set(seeds)
            assert f"{setting.name}/{flow}-halved/seed-0" in names
            assert f"{setting.name}/{flow}-halved/seed-1" not in names
        assert f"{setting.name}/nearby/seed-0" in names


@pytest.mark.parametrize("setting", [s for s in SETTINGS if s.group == BEYOND], ids=lambda s: s.name)
def test_what_goes_beyond_the_prototypes_begins(setting: Setting) -> None:
    problem = setting.network.problem()
    assert str(problem.dtype) == f"torch.{setting.network.dtype}"
    recording = simulate(problem, setting.make(), ("discrete", "rod"), steps=3, every=3, start=2, progress=False)
    assert np.isfinite(recording["rod"]["distance"][-1])
    assert setting.prototype == {}


def test_what_every_setting_is_judged_by_comes_first() -> None:
    names = [cell.name for cell in plan([3, 4]) if not cell.name.startswith("exact/")]
    judged = {
        f"{s.name}/{flow}{step}/seed-3" for s in SETTINGS for flow in ("rod", "stable") for step in ("", "-halved")
    }
    assert set(names[: len(judged)]) == judged


def test_cells_of_one_run_stand_beside_the_same_iterates() -> None:
    everything = plan([0, 1])
    groups = runs(everything)
    assert [cell for group in groups for cell in group if cell.run == group[0].run] == [c for g in groups for c in g]
    assert sorted(cell.name for group in groups for cell in group) == sorted(cell.name for cell in everything)
    assert len(groups) < len(everything) / 2
    for group in groups:
        assert len({(c.name.split("/")[0], c.name.split("/")[-1], c.specification.get("start")) for c in group}) == 1


def test_a_flow_has_the_same_figures_alone_and_beside_others() -> None:
    flows = [Rod(), Stable(), CovarianceRod()]
    together = [cells.beside(SHORT, flow, 0) for flow in flows]
    found = figures(together)
    assert len(found) == 3
    for cell in together:
        assert figures([cell]) == {cell.name: found[cell.name]}


def test_every_flow_can_be_halved() -> None:
    for make in FLOWS.values():
        flow = make()
        finer = halved(flow)
        assert finer is not None
        assert finer != flow
        assert type(finer) is type(flow)


def test_a_key_holds_the_specification_and_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = plan([0])
    assert len({cell.key for cell in everything}) == len(everything)
    json.dumps([cell.specification for cell in everything], allow_nan=False)
    cell = everything[-1]
    before = cell.key
    assert plan([0])[-1].key == before
    monkeypatch.setattr(cells, "code", lambda module: {"version": "0.1.0", "commit": "another", "sources": "same"})
    assert cell.key != before


def test_a_change_in_one_flow_leaves_the_figures_of_the_others() -> None:
    def names(flow: str) -> set[str]:
        return {path.relative_to(identity.PACKAGE).as_posix() for path in identity._sources(flow)}

    rod, stable, none, everything = names("rod"), names("stable"), names(""), names(identity.ALL)
    assert {f"engine/flows/{name}.py" for name in ("rod", "rod_process", "base", "cadence", "modes")} == rod - none
    assert {f"engine/flows/{name}.py" for name in ("stable", "base", "sharpest", "chebyshev")} == stable - none
    assert {"engine/simulation.py", "engine/optimizers/base.py", "validation/measure.py", "vocabulary.py"} <= none
    assert rod | stable < everything
    assert len({identity.code(flow)["sources"] for flow in ("rod", "stable", "", identity.ALL)}) == 4
    by_name = {cell.name: cell.module for cell in plan([0])}
    assert by_name["adam/rod-paper/seed-0"] == by_name["adam/rod-covariance-halved/seed-0"] == "covariance"
    assert (by_name["adam/nearby/seed-0"], by_name["exact/masking"]) == ("", identity.ALL)


def test_globs_choose_and_the_fast_subset_exists() -> None:
    everything = plan([0])
    assert {cell.name for cell in choose(everything, ["adam/rod*/*"])} == {
        f"adam/rod{kind}{step}/seed-0" for kind in ("", "-covariance", "-paper") for step in ("", "-halved")
    }
    assert {cell.name.partition("/")[0] for cell in choose(everything, FAST)} == {"exact", "gradient-descent-E"}
    with pytest.raises(
        UnknownNameError, match=r"--only 'adan/rod/seed-0' fits no cell: did you mean 'adam/rod/seed-0'"
    ):
        choose(everything, ["adam/*", "adan/rod/seed-0"])


@pytest.mark.parametrize("seeds", [[], [0, 0], [-1], [0.5], [True]])
def test_seeds_that_cannot_work_are_named(tmp_path, seeds) -> None:
    with pytest.raises(ArgumentError, match="seeds="):
        validate(tmp_path, seeds=seeds, progress=False)
