"""The parameters of small problems as columns, with the rod as a vector, and the learning rate in use."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine import Simulation
from rodflow_widgets.errors import ArgumentError

from .problems import network, run

FLOWS = ("discrete", "rod", "rod-covariance", "rod-paper", "central", "edge", "stable")


def test_coordinates_of_a_toy_are_its_snapshots() -> None:
    steps = 60
    problem, optimizer = rf.problems.valley(), rf.optimizers.GradientDescent(0.4)
    recording = rf.simulate(problem, optimizer, FLOWS, steps=steps, snapshots=range(steps + 1), progress=False)
    for table in recording.tables:
        kept = np.array([table.parameters[int(time)] for time in table["time"]])
        assert table["coordinates"].shape == (len(table), 2)
        np.testing.assert_array_equal(table["coordinates"], kept)


def test_the_rod_is_the_vector_whose_length_is_recorded() -> None:
    recording = rf.simulate(rf.problems.valley(), rf.optimizers.GradientDescent(0.4), FLOWS, steps=60, progress=False)
    for name in ("rod", "central", "edge"):
        table = recording[name]
        length = np.linalg.norm(table["rod"], axis=1)
        assert (length > 0).any()
        np.testing.assert_allclose(length, table["oscillation"], rtol=1e-9, atol=1e-15)
    paper = recording["rod-paper"]
    np.testing.assert_allclose(np.linalg.norm(paper["rod"], axis=1), paper["rod_length"], rtol=1e-9)
    many = recording["rod-covariance"]
    assert (np.linalg.norm(many["rod"], axis=1) <= many["rod_length"] * (1 + 1e-9)).all()
    assert "rod" not in recording["stable"]
    assert "rod" not in recording["discrete"]


def test_the_ends_of_the_rod_are_two_iterates() -> None:
    problem, optimizer = rf.problems.quartic(), rf.optimizers.GradientDescent(2.05)
    recording = rf.simulate(problem, optimizer, ("discrete", "rod"), steps=300, progress=False)
    iterates, flow = recording["discrete"]["coordinates"], recording["rod"]
    assert iterates.shape == (301, 1)
    ends = np.sort(np.concatenate([flow["coordinates"] + flow["rod"], flow["coordinates"] - flow["rod"]], 1))
    rows = flow["time"].astype(int)[:-1]
    pairs = np.sort(np.concatenate([iterates[rows], iterates[rows + 1]], 1))
    np.testing.assert_allclose(ends[:-1], pairs, rtol=0.03)


def test_one_parameter_keeps_its_width_through_a_file(tmp_path) -> None:
    recording = rf.simulate(rf.problems.quartic(), rf.optimizers.GradientDescent(1.0), steps=5, progress=False)
    again = rf.load(recording.save(tmp_path / "run"))
    for name in ("discrete", "rod", "stable"):
        for column in recording[name]:
            assert again[name][column].shape == recording[name][column].shape
            np.testing.assert_array_equal(again[name][column], recording[name][column])
    assert again.spec["problem"]["coordinates"] == ["w"]
    assert again.spec["problem"]["start"] == [0.3]


def test_larger_problems_have_no_coordinates() -> None:
    simulation = Simulation(network(), rf.optimizers.GradientDescent(0.1), steps=3)
    blocks = run(simulation)
    assert simulation.describe()["problem"]["coordinates"] == []
    assert simulation.describe()["problem"]["start"] == []
    assert not any({"coordinates", "rod"} & set(columns) for columns in blocks.values())


def test_the_learning_rate_of_a_row_is_that_of_its_step() -> None:
    simulation = Simulation(rf.problems.valley(), rf.optimizers.GradientDescent(0.1), ("discrete",), steps=20)
    for _ in range(8):
        simulation.advance()
    (event,) = simulation.set(learning_rate=0.2)
    rates = run(simulation)["discrete"]["learning_rate"]
    np.testing.assert_array_equal(rates, np.where(np.arange(21) < event.step, 0.1, 0.2))


def test_runs_together_have_the_coordinates_of_each_alone() -> None:
    problem = rf.problems.valley()
    optimizers = [rf.optimizers.GradientDescent(rate) for rate in (0.2, 0.3, 0.4)]
    many = rf.simulate_many(problem, optimizers, ("discrete", "rod"), steps=20, progress=False)
    assert {recording.spec["together"] for recording in many} == {3}
    for recording, optimizer in zip(many, optimizers, strict=True):
        alone = rf.simulate(problem, optimizer, ("discrete", "rod"), steps=20, progress=False)
        np.testing.assert_allclose(recording["discrete"]["learning_rate"], optimizer.learning_rate, rtol=1e-15)
        for name in ("discrete", "rod"):
            np.testing.assert_allclose(
                recording[name]["coordinates"], alone[name]["coordinates"], rtol=1e-9, atol=1e-12
            )
        np.testing.assert_allclose(recording["rod"]["rod"], alone["rod"]["rod"], rtol=1e-6, atol=1e-12)


def test_names_of_coordinates() -> None:
    assert rf.problems.valley().coordinates == ("x", "y")
    assert rf.problems.masking().starting_at([0.1, 0.2]).coordinates == ("u", "v")
    named = rf.Problem.from_function(lambda w: (w**2).sum(), [1.0], coordinates=["θ"])
    assert named.coordinates == ("θ",)


@pytest.mark.parametrize("names", [("a",), ("a", "b", "c"), "ab", ("a", 1), 3])
def test_names_that_do_not_fit_are_refused(names) -> None:
    with pytest.raises(ArgumentError, match="coordinates="):
        rf.Problem.from_function(lambda w: (w**2).sum(), torch.tensor([1.0, 2.0]), coordinates=names)
    with pytest.raises(ArgumentError, match="coordinates="):
        rf.Problem.from_function(lambda w: (w**2).sum(), torch.ones(3), coordinates=names)
