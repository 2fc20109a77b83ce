"""Runs of the real engine: the same numbers however they are driven."""

import _thread
import dataclasses
import inspect

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.errors import ArgumentError, RunError, UnknownNameError
from rodflow_widgets.session import Run, RunSpec
from rodflow_widgets.session.direct import record
from rodflow_widgets.session.recorder import Driver

STEPS = 40
DEFAULTS = {field.name: field.default for field in dataclasses.fields(RunSpec)[2:]}


@pytest.fixture(scope="module")
def problem():
    return rf.problems.digits_mlp(widths=(8,), n=60, seed=0)


@pytest.fixture
def optimizer():
    return rf.optimizers.GradientDescent(0.4)


def same(a, b):
    for table in a.tables:
        assert list(table) == list(b[table.name])
        for name in table:
            assert table[name].tobytes() == b[table.name][name].tobytes(), (table.name, name)


def test_one_seed_gives_the_same_bits_however_it_is_driven(problem, optimizer):
    options = {"steps": STEPS, "eigenvalues": 2, "seed": 5, "snapshots": (0, 20)}
    first = rf.simulate(problem, optimizer, progress=False, **options)
    same(first, rf.simulate(problem, optimizer, progress=False, **options))
    straight = Run(RunSpec(problem, optimizer, **options))
    straight.start().wait(120)
    same(first, straight.recording)
    halting = Run(RunSpec(problem, optimizer, **options))
    for n in (1, 2, 3, 5, 8):
        halting.step(n)
    halting.resume()
    halting.wait(120)
    same(first, halting.recording)
    for step, vector in first["rod"].parameters.items():
        np.testing.assert_array_equal(vector, halting.recording["rod"].parameters[step])
    assert set(first["discrete"].parameters) == {0, 20}


def test_simulate_spells_out_its_arguments(problem, optimizer):
    recording = rf.simulate(problem, optimizer, ("discrete",), steps=3, progress=False)
    assert list(recording) == ["discrete"]
    parameters = inspect.signature(rf.simulate).parameters.values()
    assert {"processes", "steps", "start", "eigenvalues", "every", "snapshots", "seed", "progress"} <= {
        p.name for p in parameters
    }
    assert {p.name: p.default for p in parameters if p.name in DEFAULTS} == DEFAULTS


def test_when_it_drains_makes_no_difference(problem, optimizer):
    spec = RunSpec(problem, optimizer, steps=STEPS)
    always = record(Driver(spec.simulation(), clock=iter(range(10**6)).__next__))
    rarely = record(Driver(spec.simulation(), clock=lambda: 0.0))
    same(always, rarely)


def test_a_learning_rate_that_changes_gives_the_same_bits_again(problem, optimizer):
    def driven(parts):
        run = Run(RunSpec(problem, optimizer, steps=STEPS))
        for n in parts:
            run.step(n)
        events = run.set(learning_rate=0.7)
        run.resume()
        run.wait(120)
        return run.recording, events

    (one, events), (other, others) = driven([15]), driven([4, 1, 10])
    assert events == others == one.events
    same(one, other)
    threshold = one["discrete"]["edge_threshold"]
    np.testing.assert_allclose(threshold[[0, -1]], [2 / 0.4, 2 / 0.7])


def test_reset_and_extend_repeat_the_run(problem, optimizer):
    run = Run(RunSpec(problem, optimizer, steps=STEPS // 2)).start()
    run.wait(120)
    first = run.recording
    run.reset()
    run.start().wait(120)
    same(first, run.recording)
    run.extend(STEPS // 2)
    run.wait(120)
    same(rf.simulate(problem, optimizer, steps=STEPS, progress=False), run.recording)


def test_divergence_is_a_status_and_keeps_the_rows(optimizer):
    recording = rf.simulate(rf.problems.quadratic(sharpness=10.0), optimizer, steps=400, progress=False)
    assert recording.status.state == "diverged"
    assert recording["discrete"].status.state == "diverged"
    rows = len(recording["discrete"])
    assert 0 < rows < 401
    assert np.isfinite(recording["discrete"]["loss"]).all()
    run = Run(RunSpec(rf.problems.quadratic(sharpness=10.0), optimizer, steps=400)).start()
    assert run.wait(60) == recording.status
    same(recording, run.recording)


def test_a_flow_that_stops_before_the_end_is_told_of(optimizer):
    problem = rf.problems.quadratic(sharpness=4.0)
    stable = rf.flows.Stable(most=1)
    recording = rf.simulate(problem, optimizer, ("discrete", stable), steps=5, start=0, progress=False)
    flow = recording["stable"].status
    assert flow.state == "stopped"
    assert flow.step < 5
    assert (recording.status.state, recording.status.step) == ("finished", 5)
    assert recording.status.sentence == f"Finished: 5 steps. {flow.sentence}"
    run = Run(RunSpec(problem, optimizer, ("discrete", stable), steps=5, start=0))
    said = []
    run.on_change(lambda: said.append(run.status.sentence) if run.status.state == "running" else None)
    run.step(4)
    run.start().wait(60)
    assert run.status == recording.status
    assert said[-1].endswith(flow.sentence)
    alone = rf.simulate(problem, optimizer, (stable,), steps=5, start=0, progress=False)
    assert (alone.status.state, alone.status.sentence) == ("diverged", flow.sentence)


class Breaks:
    """½ |w|², which fails once it is told to."""

    def __init__(self):
        self.broken = None

    def __call__(self, w):
        if self.broken is not None:
            raise self.broken
        return 0.5 * (w**2).sum()


def test_an_exception_in_the_users_loss_reaches_wait(optimizer):
    loss = Breaks()
    problem = rf.Problem.from_function(loss, torch.ones(3, dtype=torch.float64))
    run = Run(RunSpec(problem, optimizer, steps=50))
    run.step(10)
    loss.broken = ZeroDivisionError("no loss today")
    run.resume()
    with pytest.raises(ZeroDivisionError, match="no loss today") as caught:
        run.wait(60)
    assert "__call__" in {entry.name for entry in caught.traceback}
    assert run.status.state == "error"
    assert len(run.recording["discrete"]) >= 10


def test_an_interrupt_of_simulate_keeps_what_was_computed(optimizer):
    loss = Breaks()
    problem = rf.Problem.from_function(loss, torch.ones(3, dtype=torch.float64))
    recorder = Driver(RunSpec(problem, optimizer, steps=1000).simulation())
    for _ in range(10):
        recorder.advance()
    loss.broken = KeyboardInterrupt()
    recording = record(recorder)
    assert recording.status.state == "stopped"
    assert "The recording up to there is kept" in recording.status.sentence
    assert len(recording["discrete"]) >= 10


def test_an_interrupt_of_wait_leaves_the_run_going(optimizer):
    run = Run(RunSpec(rf.problems.quadratic(sharpness=2.0), optimizer, steps=10**6))
    run.step(3)
    remove = run.on_change(lambda: _thread.interrupt_main() if len(run.recording["discrete"]) > 5 else None)
    with pytest.raises(KeyboardInterrupt):
        run.start().wait(60)
    remove()
    assert run.status.state == "running"
    assert run.stop().state == "stopped"


def test_unknown_keywords_and_bad_values_raise_before_anything_runs(problem, optimizer):
    with pytest.raises(UnknownNameError, match="did you mean 'steps'"):
        rf.simulate(problem, optimizer, stepps=3)
    with pytest.raises(UnknownNameError, match="did you mean 'progress'"):
        rf.simulate(problem, optimizer, progres=False)
    with pytest.raises(
        UnknownNameError, match="known are eigenvalues, every, overwrite, processes, progress, save, schedule"
    ):
        rf.simulate(problem, optimizer, autostart=False)
    with pytest.raises(UnknownNameError, match="did you mean 'stable'"):
        rf.simulate(problem, optimizer, processes=("stabel",))
    run = Run(RunSpec(problem, optimizer, steps=STEPS))
    with pytest.raises(ArgumentError, match="learning_rate"):
        run.set(learning_rate=0.0)
    with pytest.raises(UnknownNameError, match="learning_rate"):
        run.set(learning_rat=0.1)
    with pytest.raises(RunError):
        run.wait()


def test_progress_is_shown_and_can_be_left_out(optimizer, capsys):
    problem = rf.problems.quadratic(sharpness=2.0)
    rf.simulate(problem, optimizer, steps=10, progress=False)
    assert capsys.readouterr().err == ""
    rf.simulate(problem, optimizer, steps=10)
    assert "10/10" in capsys.readouterr().err


def test_save_and_load_of_a_run(problem, optimizer, tmp_path):
    recording = rf.simulate(problem, optimizer, steps=10, progress=False)
    loaded = rf.load(recording.save(tmp_path / "run.rodflow"))
    same(recording, loaded)
    assert repr(loaded) == repr(recording)
    assert set(loaded.to_xarray()["process"].values) == {"discrete", "rod", "stable"}
