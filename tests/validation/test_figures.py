"""Figures, verdicts and page of a small network that comes to its edge within a hundred steps."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest

from rodflow_widgets.validation import cells, criteria, measure, page, run
from rodflow_widgets.validation.criteria import verdicts
from rodflow_widgets.validation.exact import Row
from rodflow_widgets.validation.ledger import Ledger

from .small import EDGE, SHORT, use

ROD, STABLE = "gradient-descent-small/rod/seed-0", "gradient-descent-small/stable/seed-0"


@pytest.fixture(scope="module", autouse=True)
def settings():
    before = cells.SETTINGS
    use(EDGE)
    yield
    use(*before)


@pytest.fixture(scope="module")
def outcome(settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[run.Outcome, dict]:
    folder = tmp_path_factory.mktemp("cells")
    names = [ROD, STABLE, "gradient-descent-small/nearby/*"]
    outcome = run.validate(folder, names, [0], progress=False)
    return outcome, run.held(cells.plan([0]), Ledger(folder))


def test_the_rod_is_accepted(outcome) -> None:
    _, held = outcome
    judged = {v.criterion: v for v in verdicts(held, [0])}
    assert len(judged) == 7
    assert all(v.met for v in judged.values()), judged
    assert judged["distance to central flow's"].words.endswith("prototype: 0.2500")


def test_a_verdict_follows_its_figure(outcome) -> None:
    held = copy.deepcopy(outcome[1])
    iterates, flow = held[ROD]["iterates"], held[ROD]["flow"]
    flow["ratio_last_quarter"] = 1.06 * iterates["ratio_last_quarter"]
    flow["loss"] = 0.94
    flow["onset"] = iterates["onset"] + 16
    flow["extent"] = 1.4
    flow["cost_edge"] = 20.1
    missed = {v.criterion for v in verdicts(held, [0]) if not v.met}
    assert missed == {
        "mean S/threshold, last quarter",
        "predicted loss",
        "onset",
        "rod length²",
        "cost at the edge",
    }
    fine = held[ROD.replace("rod", "rod-halved")] = copy.deepcopy(outcome[1][ROD])
    fine["flow"]["relative_distance"] = 2.0
    (halving,) = [v for v in verdicts(held, [0]) if v.criterion == "verdicts with dt halved"]
    assert not halving.met
    assert "distance to stable flow's" in halving.words
    del held[STABLE]
    unjudged = [v for v in verdicts(held, [0]) if v.met is None]
    assert {v.criterion for v in unjudged} == {"distance to stable flow's"}
    flow["ended"], flow["sentence"] = 50, "Rod flow stopped at step 50: a test."
    stopped = [v for v in verdicts(held, [0]) if v.cell == ROD]
    assert (stopped[0].met, stopped[0].words) == (False, "Rod flow stopped at step 50: a test.")


def test_the_page_says_what_was_run_and_what_was_not(outcome) -> None:
    text = outcome[0].page
    for cell in outcome[1].values():
        assert cell["code"]["commit"] in text.split("made by: ")[1].split(";")[0]
    assert f"3 of {len(cells.plan([0]))} cells" in text
    assert "As the prototypes: 7 criteria met, 0 missed, 0 not judged." in text
    flow = outcome[1][ROD]["flow"]
    assert f"| rod | 0 | {flow['distance']:.4f} | {flow['relative_distance']:.4f} |" in text
    assert "| stable | 0 |" in text
    assert "| iterates, 1e-14 away |" in text
    assert f"| {ROD} | onset | met |" in text
    assert "Every flow that was run came to its last step." in text
    assert "- exact: fixed-points, rates, double-well, masking, maps" in text
    (missing,) = [line for line in text.splitlines() if line.startswith("- gradient-descent-small: ")]
    assert "rod-halved/seed-0" in missing
    rows = [line for line in text.splitlines() if line.startswith("| rod |")]
    assert all(line.count("|") == page.HEAD.count("|") for line in rows)


def test_a_flow_that_stops_is_on_the_page_with_its_sentence(outcome) -> None:
    held = copy.deepcopy(outcome[1])
    held[STABLE]["flow"] |= {"state": "stopped", "ended": 50, "sentence": "Stable flow stopped at step 50: a test."}
    text = page.page(cells.plan([0]), held, [0])
    assert f"- {STABLE}: Stable flow stopped at step 50: a test." in text
    assert "| stable (to step 50) | 0 |" in text
    assert "| not judged | stable flow stopped at step 50 |" in text


def test_figures_are_those_of_their_spans() -> None:
    setting = EDGE
    end = setting.end
    ratio = np.concatenate([np.linspace(0.5, 1.3, 60), np.full(end - 59, 1.1)])
    rows = {
        "sharpness_ratio": ratio,
        "distance_travelled": np.arange(end + 1.0),
        "oscillation": np.full(end + 1, 3.0),
        "rod_length": np.where(np.arange(end + 1) < end // 2, 9.0, 2.0),
        "loss": np.ones(end + 1),
    }
    found = measure.of_iterates(setting, rows)
    edge = int(np.argmax(ratio > 0.98))
    assert found == {
        "edge": edge,
        "onset": 60,
        "travelled": float(end),
        "ratio_after_edge": float(np.median(ratio[edge:])),
        "ratio_last_quarter": pytest.approx(1.1),
        "oscillation": 3.0,
        "rod_length": 2.0,
    }
    flow = {
        "time": np.where(np.arange(end + 1) < 2, np.nan, np.arange(end + 1)),
        "distance": np.full(end + 1, 0.25),
        "relative_distance": np.full(end + 1, 0.5),
        "sharpness_ratio": ratio,
        "predicted_loss": np.full(end + 1, 1.02),
        "rod_length": np.full(end + 1, 2.2),
        "oscillation": np.where(np.arange(end + 1) < 30, 0.1, 2.0),
        "cost": np.concatenate([8.0 * np.arange(30), 8 * 29 + 8 + 15.0 * np.arange(end - 29)]),
    }
    of = measure.of_flow(setting, flow, rows)
    assert (of["ended"], of["begun"]) == (end, 2)
    assert of["extent"] == pytest.approx(1.21)
    assert of["loss"] == pytest.approx(1.02)
    assert (of["cost_stable"], of["cost_edge"]) == (8.0, 15.0)
    assert of["oscillation"] == pytest.approx(np.sqrt((flow["oscillation"][edge:] ** 2).mean()))
    assert of["second_moment_error"] is None


def test_the_onset_counts_from_the_beginning_and_no_missing_row_is_one() -> None:
    ratio = np.full(SHORT.end + 1, 1.2)
    ratio[0], ratio[1] = 3.0, np.nan
    assert measure.onset(SHORT, {"sharpness_ratio": ratio}) is None
    ratio[5], ratio[6] = np.nan, 1.1
    assert measure.onset(SHORT, {"sharpness_ratio": ratio}) == 6
    assert measure.onset(SHORT, {"sharpness_ratio": 0.8 * ratio}) is None


def test_an_exact_check_holds_only_where_all_its_figures_do() -> None:
    assert Row("a", 1.0, (1.0, 1.05), 0.1).holds
    assert not Row("a", 1.0, (1.0, 1.2), 0.1).holds
    assert not Row("a", 1.0, (1.0, float("nan")), 0.1).holds
    assert Row("a", 1.0, (-3.0,), 0.0, at_most=True).holds
    assert Row("a", 1.0, (float("inf"),), 0.0, at_most=True).plain()["measured"] == [None]


def test_the_page_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    run.write("old", path)
    run.write("new", path)
    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]
    assert criteria.verdicts({}, [0]) == []
