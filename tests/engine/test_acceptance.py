"""The acceptance of the default rod on digits networks, with dt halved; bounds are those of the design."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import rodflow_widgets as rf

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from acceptance import CENTRAL, NETWORKS, Figures, figures, onset, tables

FLOWS = ["discrete", rf.flows.Rod(), rf.flows.Rod(substeps=4, name="rod4"), rf.flows.Stable()]


@pytest.fixture(scope="module", params=["A", "B", "D", "E"])
def measured(request) -> tuple[str, dict[str, Figures], dict]:
    options, rate, steps = NETWORKS[request.param]
    run = tables(rf.problems.digits_mlp(**options), rate, steps, FLOWS, None, 0)
    flows = {name: figures(flow, run["discrete"], steps) for name, flow in run.items() if name != "discrete"}
    ratio = run["discrete"]["sharpness_ratio"]
    return request.param, flows, {"ratio": ratio[3 * steps // 4 :].mean(), "onset": onset(ratio)}


@pytest.mark.parametrize("rod", ["rod", "rod4"])
def test_the_rod_stays_with_the_iterates(measured, rod: str) -> None:
    network, flows, discrete = measured
    flow = flows[rod]
    assert flow.distance <= 0.15 * flows["stable"].distance
    assert abs(flow.onset - discrete["onset"]) <= 15
    assert flow.loss == pytest.approx(1, abs=0.05)
    assert 0.75 <= flow.extent <= 1.33
    if network in ("B", "D"):
        assert flow.distance <= 0.5 * CENTRAL[network]
    if network != "A":
        assert flow.ratio == pytest.approx(discrete["ratio"], rel=0.05)
    if rod == "rod":
        assert flow.edge_cost <= 20


def test_stable_flow_leaves_the_iterates_as_measured(measured) -> None:
    network, flows, _ = measured
    expected = {"A": 0.373, "B": 0.159, "D": 0.084, "E": 0.289}[network]
    assert flows["stable"].distance == pytest.approx(expected, rel=0.03)
