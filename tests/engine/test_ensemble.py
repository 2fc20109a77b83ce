"""Runs computed together: what each would record alone, who cannot be in a batch, and what a batch spends."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem, Simulation
from rodflow_widgets.engine.ensemble import Ensemble, Group, groups
from rodflow_widgets.engine.request import Request

from .problems import network, run
from .test_host import Count

GD = rf.optimizers.GradientDescent
RATES = {
    "GradientDescent": 0.25,
    "HeavyBall": 0.04,
    "Nesterov": 0.04,
    "ScalarRMSProp": 0.05,
    "RMSProp": 0.004,
    "ScalarAdam": 0.05,
    "Adam": 0.004,
    "ScalarNAdam": 0.05,
    "NAdam": 0.004,
}
FLOWS = ("discrete", "rod", "stable")


def together(requests: list[Request]) -> tuple[Ensemble, list[dict[str, dict]]]:
    """The ensemble at its end and the columns of every run, drained now and then."""
    ensemble = Ensemble(requests)
    found: list[dict[str, list]] = [{} for _ in requests]
    while not ensemble.finished:
        ensemble.advance()
        if ensemble.pending == 16 or ensemble.finished:
            for columns, member in zip(found, ensemble.members, strict=True):
                for block in member.drain():
                    columns.setdefault(block.process, []).append(block.columns)
    joined = [
        {name: {c: np.concatenate([part[c] for part in parts]) for c in parts[0]} for name, parts in columns.items()}
        for columns in found
    ]
    return ensemble, joined


def requests(problem: Problem, optimizers, processes=FLOWS, seeds=(0, 1, 2), **options) -> list[Request]:
    return [Request.of(problem, o, processes, seed=s, **options) for o, s in zip(optimizers, seeds, strict=True)]


@pytest.mark.parametrize("name", ["GradientDescent", "Nesterov", "ScalarRMSProp", "Adam"])
def test_each_run_records_what_it_would_record_alone(name: str) -> None:
    problem, kind, rate = network(), getattr(rf.optimizers, name), RATES[name]
    asked = requests(
        problem, [kind(rate * share) for share in (0.5, 1.0, 1.3)], steps=70, eigenvalues=2, every=2, start=20
    )
    assert groups(asked, 64) == [Group((0, 1, 2))]
    _, columns = together(asked)
    for request, ours in zip(asked, columns, strict=True):
        alone = run(Simulation.of(request))
        for column, wanted in alone["discrete"].items():
            np.testing.assert_allclose(ours["discrete"][column], wanted, rtol=1e-6, atol=1e-9, err_msg=column)
        np.testing.assert_allclose(ours["discrete"]["loss"], alone["discrete"]["loss"], rtol=1e-10)
        np.testing.assert_array_equal(ours["discrete"]["cost"], alone["discrete"]["cost"])
        travelled = alone["discrete"]["distance_travelled"][-1]
        for flow, share in (("rod", 0.05), ("stable", 0.005)):
            np.testing.assert_array_equal(ours[flow]["time"], alone[flow]["time"])
            np.testing.assert_allclose(
                ours[flow]["distance"], alone[flow]["distance"], atol=share * travelled, err_msg=flow
            )
            np.testing.assert_allclose(ours[flow]["edge_threshold"], alone[flow]["edge_threshold"], rtol=1e-12)


@pytest.mark.parametrize("name", RATES)
def test_runs_that_are_the_same_are_the_single_run_to_rounding(name: str) -> None:
    """Nothing is left to choose for all at once here: flows, cadences, costs and signals agree as well."""
    optimizer = getattr(rf.optimizers, name)(RATES[name])
    asked = requests(network(), [optimizer] * 2, seeds=(0, 0), steps=45, start=5)
    _, columns = together(asked)
    alone = run(Simulation.of(asked[0]))
    for ours in columns:
        for process in FLOWS:
            for column, wanted in alone[process].items():
                np.testing.assert_allclose(
                    ours[process][column], wanted, rtol=1e-5, atol=1e-9, err_msg=f"{process}: {column}"
                )


def test_starts_and_seeds_differ_between_the_runs() -> None:
    problem = network()
    points = [problem.w0, problem.w0 * 0.8, -problem.w0]
    asked = [Request.of(problem.starting_at(w), GD(0.2), FLOWS, steps=30, seed=seed) for seed, w in enumerate(points)]
    assert groups(asked, 64) == [Group((0, 1, 2))]
    _, columns = together(asked)
    for w, request, ours in zip(points, asked, columns, strict=True):
        assert ours["discrete"]["loss"][0] == pytest.approx(float(problem.loss(w)), rel=1e-12)
        alone = run(Simulation.of(request))
        np.testing.assert_allclose(ours["rod"]["loss"], alone["rod"]["loss"], rtol=1e-3)


def test_a_run_that_diverges_leaves_the_others_as_they_were() -> None:
    problem = rf.problems.quadratic(w0=1.0)
    rates = (0.5, 3.0, 1.0)
    asked = requests(problem, [GD(rate) for rate in rates], steps=60)
    ensemble, columns = together(asked)
    for member, request, ours in zip(ensemble.members, asked, columns, strict=True):
        simulation = Simulation.of(request)
        alone = run(simulation)
        assert member.statuses == simulation.statuses
        for name in FLOWS:
            assert len(ours[name]["time"]) == len(alone[name]["time"])
            np.testing.assert_allclose(ours[name]["loss"], alone[name]["loss"], rtol=1e-6, atol=1e-3)
    assert [m.statuses["discrete"].state for m in ensemble.members] == ["finished", "diverged", "finished"]
    assert np.isnan(columns[1]["stable"]["distance"][-1])


@pytest.mark.parametrize(("late", "start"), [(2.5, 0), (1.9, 2)])
def test_stable_flow_gives_up_in_one_run_alone(late: float, start: int) -> None:
    problem = rf.problems.quadratic(w0=1.0)
    flow = rf.flows.Stable(most=8)
    asked = requests(problem, [GD(rate) for rate in (0.05, late, 0.02)], ("discrete", flow), steps=8, start=start)
    ensemble, columns = together(asked)
    states = [member.statuses["stable"] for member in ensemble.members]
    assert [status.state for status in states] == ["finished", "stopped", "finished"]
    assert "more than 8 evaluations" in states[1].sentence
    alone = run(Simulation.of(asked[1]))
    np.testing.assert_array_equal(columns[1]["stable"]["time"], alone["stable"]["time"])
    assert len(columns[0]["stable"]["time"]) == len(columns[2]["stable"]["time"]) == 9 - start


def test_snapshots_are_of_their_own_run() -> None:
    problem = network()
    asked = requests(problem, [GD(rate) for rate in (0.1, 0.2, 0.3)], ("discrete",), steps=6, snapshots=(0, 5))
    ensemble = Ensemble(asked)
    while not ensemble.finished:
        ensemble.advance()
    for member, request in zip(ensemble.members, asked, strict=True):
        (block,) = member.drain()
        w = problem.w0
        for _ in range(5):
            w = w - request.optimizer.learning_rate * problem.value_and_grad(w)[1]
        np.testing.assert_allclose(block.parameters[5], w.numpy(), rtol=1e-10)
        np.testing.assert_array_equal(block.parameters[0], problem.w0.numpy())


def test_a_batch_reads_the_host_no_more_often_than_one_run() -> None:
    """Eight runs: as many copies to the host as one, and a drain is one."""
    problem = network()
    asked = requests(problem, [GD(0.2)] * 8, ("discrete", "rod"), seeds=(0,) * 8, steps=200, start=0)
    ensemble, single = Ensemble(asked), Simulation.of(asked[0])
    counts = []
    for source in (ensemble, single):
        for _ in range(20):
            source.advance()
        with Count() as count:
            for _ in range(12):
                source.advance()
        counts.append(count.copies)
    assert counts[0] == counts[1] == 24
    with Count() as drain:
        for member in ensemble.members:
            member.drain()
    assert drain.copies == 1


def test_what_is_alike_is_computed_together() -> None:
    problem, other = network(), network(seed=1)
    adam = rf.optimizers.Adam
    optimizers = [GD(0.1), adam(0.01), GD(0.2), adam(0.02, betas=(0.8, 0.99)), adam(0.03), GD(0.3)]
    asked = [Request.of(problem, o, FLOWS, steps=40) for o in optimizers]
    asked.append(Request.of(other, GD(0.1), FLOWS, steps=40))
    asked.append(Request.of(problem, GD(0.1), ("discrete",), steps=40))
    found = groups(asked, 64)
    assert [group.runs for group in found] == [(0, 2, 5), (1, 4), (3,), (6,), (7,)]
    assert [group.alone is None for group in found] == [True, True, False, False, False]
    assert "no other run" in str(found[2].alone)
    assert [group.runs for group in groups(asked[:3] * 3, 4)] == [(0, 2, 3, 5), (6, 8), (1, 4, 7)]
    assert {group.alone for group in groups(asked, 1)} == {"at_once=1"}


def batched(**options) -> Problem:
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(20, 4, generator=generator), torch.randn(20, 1, generator=generator)
    torch.manual_seed(0)
    return Problem(nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 1)), nn.MSELoss(), x, y, **options)


class Counting(nn.Module):
    """A loss that torch cannot batch: it asks for a number."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        factor = 2.0 if float(self.w.detach().sum()) > -1e9 else 1.0
        return factor * x @ self.w[:, None]


@pytest.mark.parametrize(
    ("problem", "optimizer", "processes", "words"),
    [
        (network, GD(0.1), ("discrete", "central"), "'central' is computed run by run"),
        (network, GD(0.1), ("discrete", "edge"), "'edge' is computed run by run"),
        (network, GD(0.1), ("discrete", "rod-covariance"), "'rod-covariance' is computed"),
        (
            network,
            rf.optimizers.from_map(lambda w, state, grad: (w - grad, {}), {}).replace(learning_rate=0.1),
            ("discrete",),
            "a rule of one's own",
        ),
        (lambda: batched(batch_size=10), GD(0.1), ("discrete",), "micro-batches"),
        (lambda: batched(hessian="finite-difference", dtype=torch.float64), GD(0.1), ("discrete",), "differences"),
        (lambda: batched(dtype=torch.float64, product_dtype=torch.float32), GD(0.1), ("discrete",), "another prec"),
        (lambda: rf.problems.digits_mlp(widths=(128, 128), n=500), GD(0.1), ("discrete",), "fill the processor"),
        (
            lambda: Problem(Counting(), nn.MSELoss(), torch.ones(4, 3), torch.zeros(4, 1)),
            GD(0.01),
            ("discrete",),
            "torch cannot batch its loss",
        ),
    ],
    ids=[
        "central",
        "edge",
        "covariance",
        "own rule",
        "micro-batches",
        "differences",
        "precision",
        "large",
        "no vmap",
    ],
)
def test_what_cannot_be_batched_says_so(problem, optimizer, processes, words: str) -> None:
    made = problem()
    rates = (optimizer.learning_rate, optimizer.learning_rate / 2)
    asked = [Request.of(made, optimizer.replace(learning_rate=rate), processes, steps=30) for rate in rates]
    (group,) = groups(asked, 64)
    assert group.runs == (0, 1)
    assert words in str(group.alone)


@pytest.mark.parametrize("name", ["digits_cnn", "digits_transformer"])
def test_networks_with_convolutions_and_attention_are_batched(name: str) -> None:
    problem = getattr(rf.problems, name)(n=20)
    asked = requests(problem, [GD(rate) for rate in (0.02, 0.05)], ("discrete",), seeds=(0, 0), steps=6)
    assert groups(asked, 64) == [Group((0, 1))]
    _, columns = together(asked)
    for request, ours in zip(asked, columns, strict=True):
        alone = run(Simulation.of(request))["discrete"]
        np.testing.assert_allclose(ours["discrete"]["loss"], alone["loss"], rtol=1e-9)
        np.testing.assert_allclose(ours["discrete"]["sharpness"], alone["sharpness"], rtol=1e-6)
