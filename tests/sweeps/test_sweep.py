"""A sweep in this process: points, batches, stopping and going on, what came of it."""

import _thread
import threading

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine.lockstep import Lockstep
from rodflow_widgets.errors import ArgumentError, UnknownNameError

from .same import assert_same_rows, assert_same_sweeps
from .wells import problem as well

GD = rf.optimizers.GradientDescent


@pytest.fixture(scope="module")
def problem():
    return rf.problems.quartic()


def swept(problem, optimizer=None, **options):
    return rf.sweep(problem, optimizer or GD(0.1), progress=False, **{"steps": 20, **options})


def test_lists_make_their_product(problem):
    heavy = rf.optimizers.HeavyBall(0.1, 0.9)
    sweep = swept(problem, heavy, learning_rate=[0.1, 0.2], beta=np.array([0.5, 0.9]), seeds=[3, 4])
    assert sweep.axes == {"learning_rate": (0.1, 0.2), "beta": (0.5, 0.9), "seed": (3, 4)}
    assert len(sweep) == len(sweep.points) == len(sweep.recordings) == 8
    assert dict(sweep.points[3].values) == {"learning_rate": 0.1, "beta": 0.9}
    assert (sweep.points[3].seed, sweep.points[3].start) == (4, None)
    assert sweep.points[3].name == "learning rate 0.1, momentum β 0.9, seed 4"
    assert sweep.status.state == "finished"
    for point, rec in zip(sweep.points, sweep.recordings, strict=True):
        assert rec.spec["optimizer"]["values"] == dict(point.values)
        assert (rec.spec["seed"], rec.spec["together"]) == (point.seed, 4)
        rule = rf.optimizers.HeavyBall(**point.values)
        alone = rf.simulate(problem, rule, ("discrete",), steps=20, seed=point.seed, progress=False)
        assert_same_rows(rec, alone, rtol=1e-12, atol=1e-15)


def test_points_and_starting_points_are_named_one_by_one(problem):
    begins = torch.tensor([[0.1], [0.7]], dtype=torch.float64)
    asked = [{"learning_rate": 0.3, "start": 1}, {"learning_rate": 0.2, "seed": 5}, {"start": 0}]
    sweep = swept(problem, points=asked, starts=begins)
    assert [(p["learning_rate"], p.start, p.seed) for p in sweep.points] == [(0.3, 1, 0), (0.2, None, 5), (0.1, 0, 0)]
    assert sweep.axes == {"learning_rate": (0.3, 0.2, 0.1), "start": (1, None, 0), "seed": (0, 5)}
    assert sweep.points[1].name == "learning rate 0.2, start of the problem, seed 5"
    assert sweep.recordings[0]["discrete"]["loss"][0] == float(problem.loss(begins[1]))
    product = swept(problem, starts=list(begins), learning_rate=0.3)
    assert product.axes == {"start": (0, 1)}
    assert_same_rows(product.recordings[1], sweep.recordings[0], rtol=1e-12)
    assert "start" in product.summary()
    assert swept(problem).points[0].name == "the run"


def test_a_sweep_stops_and_goes_on_exactly_where_it_was(problem):
    options = dict(learning_rate=[0.1, 0.2, 3.0, 9.0], steps=300)
    whole = swept(problem, **options)
    going = threading.Event()
    sweep = swept(problem, **options, wait=False)
    remove = sweep.on_change(going.set)
    assert going.wait(60)
    assert sweep.stop().state in ("stopped", "finished")
    remove()
    kept = sweep.recordings
    assert sweep.resume().state in ("running", "finished")
    assert sweep.wait(60).state == "finished"
    assert sweep.recordings == kept
    assert_same_sweeps(whole, sweep)
    assert [rec.status.state for rec in kept][-1] == "diverged"


def test_an_interrupt_stops_it_between_two_steps_and_keeps_all(problem, monkeypatch):
    advance = Lockstep.advance

    def interrupting(self):
        advance(self)
        if self.row == 40:
            _thread.interrupt_main()

    monkeypatch.setattr(Lockstep, "advance", interrupting)
    sweep = swept(problem, learning_rate=[0.1, 0.2], steps=4000)
    assert sweep.status.state == "stopped"
    assert "resume() goes on" in sweep.status.sentence
    lengths = [len(rec["discrete"]) for rec in sweep.recordings]
    assert lengths[0] == lengths[1] >= 40
    assert {rec.status.state for rec in sweep.recordings} == {"stopped"}


def test_a_run_that_fails_is_marked_and_the_rest_of_its_batch_goes_on():
    rates = [0.1, 0.2, 2.5, 0.3]
    sweep = swept(well(), learning_rate=rates)
    assert [rec.status.state for rec in sweep.recordings] == ["finished", "finished", "error", "finished"]
    assert list(sweep.errors) == [2]
    assert "out of bounds" in sweep.errors[2]
    assert sweep.recordings[2].status.sentence == sweep.errors[2]
    assert len(sweep.recordings[2]["discrete"]) > 0
    assert sweep.recordings[2].spec["alone"] == "a run that it was computed with failed"
    assert sweep.status.sentence == "Finished 4 runs: 3 finished, 1 failed."
    assert sweep.summary()["error"][2] == sweep.errors[2]
    for rate, rec in zip(rates, sweep.recordings, strict=True):
        if rate < 2:
            alone = rf.simulate(well(), GD(rate), ("discrete",), steps=20, progress=False)
            assert_same_rows(rec, alone, rtol=1e-12, atol=1e-15)
    assert sweep.resume().state == "finished"
    assert sweep.resume(failed=True).state == "running"
    assert sweep.wait(60).sentence == "Finished 4 runs: 3 finished, 1 failed."


def test_a_summary_says_what_came_of_every_run(problem):
    sweep = swept(problem, learning_rate=[1.0, 2.5, 9.0], steps=60)
    table = sweep.to_pandas()
    assert list(table["learning_rate"]) == [1.0, 2.5, 9.0]
    assert list(table["state"]) == ["finished", "finished", "diverged"]
    assert list(table["steps"])[:2] == [60, 60]
    discrete = sweep.recordings[1]["discrete"]
    assert table["final_loss"][1] == discrete["loss"][-1]
    assert table["final_sharpness_ratio"][1] == discrete["sharpness_ratio"][-1]
    met = discrete["time"][discrete["sharpness_ratio"] >= 1]
    assert table["edge_step"][1] == met[0]
    assert np.isnan(table["edge_step"][0])
    assert table["diverged_step"][2] == sweep.recordings[2]["discrete"].status.step
    assert np.isnan(table["diverged_step"][0])
    empty = rf.sweep(problem, GD(0.1), learning_rate=[0.1], steps=10**6, wait=False)
    empty.stop()
    assert empty.summary()["state"][0] in ("stopped", "ready")


def test_the_progress_bar_counts_steps_of_all_runs(problem, capsys):
    rf.sweep(problem, GD(0.1), steps=30, learning_rate=[0.1, 0.2])
    said = capsys.readouterr().err
    assert "60/60" in said
    assert "2 of 2 runs ended" in said


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"learning_rat": [0.1]}, UnknownNameError, ["'learning_rat'", "did you mean 'learning_rate'"]),
        ({"learning_rate": []}, ArgumentError, ["learning_rate=[]", "empty"]),
        ({"learning_rate": [0.1, 0.1]}, ArgumentError, ["learning_rate", "0.1 twice"]),
        ({"learning_rate": [0.1, -1.0]}, ArgumentError, ["learning_rate=-1.0"]),
        ({"learning_rate": "0.1"}, ArgumentError, ["learning_rate='0.1'"]),
        ({"seeds": []}, ArgumentError, ["seeds"]),
        ({"seeds": [1, -1]}, ArgumentError, ["seed=-1"]),
        ({"starts": []}, ArgumentError, ["starts are empty"]),
        ({"starts": [[0.0, 1.0]]}, ArgumentError, ["w0 has 2 entries"]),
        ({"points": []}, ArgumentError, ["points are empty"]),
        ({"points": [{"rate": 0.1}]}, UnknownNameError, ["points[0]", "'rate'"]),
        ({"points": [{"start": 0}]}, ArgumentError, ["points[0]", "start=0", "no starts were given"]),
        ({"points": [{"seed": 1}], "learning_rate": [0.1]}, ArgumentError, ["points", "learning_rate"]),
        ({"learning_rate": np.linspace(0.1, 1, 101), "seeds": range(100)}, ArgumentError, ["10,100 runs", "10,000"]),
        ({"processes": ("rod", "rood")}, UnknownNameError, ["'rood'"]),
        ({"at_once": 0}, ArgumentError, ["at_once=0"]),
        ({"workers": 0}, ArgumentError, ["workers=0"]),
        ({"client": "tcp://host"}, ArgumentError, ["client='tcp://host'", "Dask"]),
        ({"executor": map}, ArgumentError, ["executor", "concurrent.futures"]),
        (
            {"steps": 10**10, "learning_rate": [0.1, 0.2]},
            ArgumentError,
            ["TB of memory", "2 runs", "10,000,000,001 rows"],
        ),
    ],
)
def test_bad_input_is_refused_before_anything_runs(problem, options, error, words, monkeypatch):
    monkeypatch.setattr(Lockstep, "advance", lambda self: pytest.fail("it ran"))
    with pytest.raises(error) as caught:
        swept(problem, **options)
    for word in words:
        assert word in str(caught.value)


def test_a_batch_is_as_large_as_the_memory_allows(problem):
    from rodflow_widgets.sweeps.memory import available, fitting, recordings, working
    from rodflow_widgets.sweeps.plan import Plan

    options = {"steps": 100, "start": None, "eigenvalues": 1, "every": 1, "snapshots": ()}
    plan = Plan.of(problem, GD(0.1), ("discrete",), options, {"learning_rate": [0.1, 0.2, 0.3]})
    kept, one = recordings(plan), working(plan)
    measured = swept(problem, learning_rate=[0.1, 0.2, 0.3], steps=100).recordings
    assert sum(rec.nbytes for rec in measured) == kept / 2  # a table that grows is twice as large
    assert one > 0
    assert fitting(plan, 64, free=kept + 10 * one) == 10
    assert fitting(plan, 64, hands=2, free=kept + 10 * one) == 5
    assert fitting(plan, 4, free=kept + 10 * one) == 4
    assert 0 < available() < 2**50
    with pytest.raises(ArgumentError, match="one run at a time in 2 processes"):
        fitting(plan, 64, hands=2, free=kept + one)
