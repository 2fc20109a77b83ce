"""Runs on disk: written while they go, gone on with, varied."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets import session, store
from rodflow_widgets.errors import ArgumentError, RunError
from rodflow_widgets.session import Run, RunSpec
from rodflow_widgets.session.keeping import Destination

GD, ADAM = rf.optimizers.GradientDescent, rf.optimizers.Adam
FLOWS = {GD: ("discrete", "rod", "central", "stable"), ADAM: ("discrete", "rod", "stable")}


def network(width=4, dtype=torch.float64, shift=0.0):
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(3, width), torch.nn.Tanh(), torch.nn.Linear(width, 1)).to(dtype)
    x = torch.linspace(-1, 1, 60, dtype=dtype).reshape(20, 3)
    return rf.Problem(model, torch.nn.functional.mse_loss, x, x.sum(1, keepdim=True).sin() + shift)


def spec(optimizer, problem=None, **options):
    processes = FLOWS[type(optimizer)]
    return RunSpec(problem or network(), optimizer, processes, **{"steps": 60, "start": 2, "eigenvalues": 2, **options})


def assert_same(one, other, until=None):
    for table in one.tables:
        theirs = other[table.name]
        rows = len(table) if until is None else int(np.searchsorted(table["time"], until, side="right"))
        assert until is not None or len(theirs) == rows
        for name in table:
            assert np.array_equal(table[name][:rows], theirs[name][:rows], equal_nan=True), (table.name, name)


def worked(run):
    """Twenty steps with one of each kind of change, then ten more."""
    run.step(12)
    run.set(learning_rate=run.values["learning_rate"] * 1.2)
    run.step(4)
    run.schedule(rf.schedules.Cosine(20, run.values["learning_rate"] / 2))
    run.step(4)
    run.undo()
    run.extend(15)
    run.step(10)
    return run


@pytest.mark.parametrize("optimizer", [GD(0.5), ADAM(0.05)], ids=["gd", "adam"])
def test_a_stopped_run_goes_on_to_the_numbers_of_one_that_was_not(optimizer, tmp_path):
    whole = worked(Run(spec(optimizer)))
    whole.resume()
    whole.wait(120)
    run = worked(Run(spec(optimizer), Destination(tmp_path / "run")))
    run.stop()
    assert_same(rf.load(tmp_path / "run"), run.recording)
    again = session.resume(tmp_path / "run", network())
    assert again.status.sentence.startswith("Resumed at step 29")
    assert again.recording.events == run.recording.events
    again.start().wait(120)
    assert again.steps == whole.steps == 75
    assert_same(again.recording, whole.recording)
    there = rf.load(tmp_path / "run")
    assert_same(there, whole.recording)
    assert (there.status.state, there.events) == ("finished", whole.recording.events)
    (tmp_path / "run" / "notes.txt").write_text("mine")
    longer = session.resume(tmp_path / "run", network(), steps=5)
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"
    longer.start().wait(60)
    assert longer.status.step == 80
    whole.extend(5)
    whole.wait(60)
    assert_same(longer.recording, whole.recording)


def test_a_fork_on_disk_is_the_fork_of_the_live_run(tmp_path):
    run = worked(Run(spec(GD(0.5)), Destination(tmp_path / "run")))
    live = run.fork(at=14, learning_rate=0.7)
    with pytest.raises(RunError, match="still goes, in this kernel or in another process"):
        session.resume(tmp_path / "run", network())
    run.stop()
    stored = session.fork(tmp_path / "run", network(), at_step=14, learning_rate=0.7)
    for one in (live, stored):
        one.start().wait(120)
    assert_same(stored.recording, live.recording)
    assert stored.recording.spec["parent"] == {"name": "run", "step": 14}
    assert stored.recording.events == live.recording.events
    assert {path.name for path in tmp_path.iterdir()} == {"run", "run-fork-at-14", "run-fork-at-14-2"}
    assert_same(rf.load(tmp_path / "run-fork-at-14-2"), live.recording)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (lambda: network(width=5), "parameters"),
        (lambda: network(dtype=torch.float32), "float32"),
        (lambda: network(shift=1e-3), "targets"),
        (lambda: rf.problems.quadratic(sharpness=2.0), "parameters"),
    ],
    ids=["shape", "dtype", "data", "another"],
)
def test_another_problem_is_refused_with_what_differs(problem, words, tmp_path):
    rf.simulate(network(), GD(0.5), ("discrete",), steps=5, progress=False, save=tmp_path / "run")
    for go_on in (session.resume, session.fork):
        with pytest.raises(ArgumentError, match=f"(?s)is not the one of.*{words}"):
            go_on(tmp_path / "run", problem(), **({"steps": 3} if go_on is session.resume else {}))
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_the_same_problem_from_another_start_is_the_same_problem(tmp_path):
    run = Run(spec(GD(0.5)), Destination(tmp_path / "run"))
    run.reset(start=network().w0 + 0.1)
    run.step(10)
    run.stop()
    assert {path.name for path in tmp_path.iterdir()} == {"run", "run-2"}
    again = session.resume(tmp_path / "run-2", network())
    again.step(5)
    whole = Run(spec(GD(0.5), network().starting_at(network().w0 + 0.1)))
    whole.step(15)
    assert_same(again.recording, whole.recording)
    again.stop()


def test_a_problem_of_ours_is_made_again(tmp_path):
    problem = rf.problems.digits_mlp(widths=(6,), n=40, seed=3)
    rf.simulate(problem, GD(0.3), ("discrete",), steps=6, progress=False, save=tmp_path / "run")
    run = session.resume(tmp_path / "run", steps=2)
    run.start().wait(60)
    assert_same(run.recording, rf.simulate(problem, GD(0.3), ("discrete",), steps=8, progress=False))
    rf.simulate(network(), GD(0.3), ("discrete",), steps=6, progress=False, save=tmp_path / "own")
    with pytest.raises(ArgumentError, match="one of your own"):
        session.resume(tmp_path / "own", steps=2)


def test_what_is_of_ones_own_is_given_again(tmp_path):
    def rule(w, state, g, learning_rate):
        return w - learning_rate * g / (1 + g.abs()), state

    optimizer = rf.optimizers.from_map(rule, {}, learning_rate=0.3)
    rf.simulate(network(), optimizer, ("discrete",), steps=6, progress=False, save=tmp_path / "run")
    with pytest.raises(ArgumentError, match="own=") as caught:
        session.resume(tmp_path / "run", network(), steps=2)
    name = str(caught.value).split("'")[1]
    run = session.resume(tmp_path / "run", network(), steps=2, own={name: optimizer})
    run.start().wait(60)
    assert_same(run.recording, rf.simulate(network(), optimizer, ("discrete",), steps=8, progress=False))


def test_what_cannot_go_on_says_why(tmp_path):
    rf.simulate(network(), GD(0.5), ("discrete",), steps=5, progress=False, save=tmp_path / "run")
    with pytest.raises(ArgumentError, match="has finished all of its 5 steps"):
        session.resume(tmp_path / "run", network())
    with pytest.raises(ArgumentError, match="at_step=9 is not usable: the run is at step 5"):
        session.fork(tmp_path / "run", network(), at_step=9)
    rf.load(tmp_path / "run").save(tmp_path / "copy")
    with pytest.raises(ArgumentError, match="no checkpoint"):
        session.fork(tmp_path / "copy", network())
    toy = rf.problems.quadratic(sharpness=2.0)
    lost = rf.simulate(toy, GD(3.0), ("discrete",), steps=400, progress=False, save=tmp_path / "lost")
    assert lost.status.state == "diverged"
    with pytest.raises(RunError, match=f"at_step={lost['discrete'].status.step - 1}"):
        session.resume(tmp_path / "lost", toy)


def test_a_folder_that_holds_a_run_is_kept(tmp_path):
    first = rf.simulate(network(), GD(0.5), ("discrete",), steps=5, progress=False, save=tmp_path / "run")
    with pytest.raises(ArgumentError, match="overwrite=True"):
        rf.simulate(network(), GD(0.6), ("discrete",), steps=5, progress=False, save=tmp_path / "run")
    assert_same(rf.load(tmp_path / "run"), first)
    again = rf.simulate(
        network(), GD(0.6), ("discrete",), steps=7, progress=False, save=tmp_path / "run", overwrite=True
    )
    assert_same(rf.load(tmp_path / "run"), again)
    for wrong in ("", 3):
        with pytest.raises(ArgumentError, match="save="):
            rf.simulate(network(), GD(0.5), steps=5, progress=False, save=wrong)


def test_a_loss_that_fails_leaves_what_was_recorded(tmp_path):
    calls = 0

    def loss(output, target):
        nonlocal calls
        calls += 1
        if calls > 60:
            raise torch.OutOfMemoryError("no memory left on the device")
        return torch.nn.functional.mse_loss(output, target)

    good = network()
    model = torch.nn.Linear(3, 1).double()
    x = torch.linspace(-1, 1, 60, dtype=torch.float64).reshape(20, 3)
    problem = rf.Problem(model, loss, x, x.sum(1, keepdim=True))
    with pytest.raises(torch.OutOfMemoryError):
        rf.simulate(problem, GD(0.1), ("discrete",), steps=200, progress=False, save=tmp_path / "run")
    found = rf.load(tmp_path / "run")
    assert found.status.state == "error"
    assert "no memory left on the device" in found.status.sentence
    assert len(found["discrete"]) > 5
    run = Run(spec(GD(0.5), good), Destination(tmp_path / "other"))
    run.start().wait(60)
    assert run.saving is not None
    assert not run.saving.failing
    assert len(rf.load(tmp_path / "other")["discrete"]) == 61


def test_checkpoints_are_kept_from_first_to_last(tmp_path):
    run = Run(RunSpec(network(), GD(0.5), ("discrete",), steps=400), Destination(tmp_path / "run"))
    run.start().wait(120)
    rows = [info.row for info in store.checkpoints(tmp_path / "run")]
    assert rows == sorted(set(rows))
    assert rows[0] == 0
    assert rows[-1] > 200


def test_a_watched_loop_is_written_down(tmp_path):
    torch.manual_seed(0)
    x = torch.randn(40, 3)
    y = x.sum(1, keepdim=True)
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with rf.watch(model, optimizer, torch.nn.functional.mse_loss, x, y, every=2, save=tmp_path / "loop") as watch:
        for _ in range(20):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
        watch.set(learning_rate=0.05)
        assert watch.saving.path == str(tmp_path / "loop")
    there = rf.load(tmp_path / "loop")
    assert_same(there, watch.recording)
    assert (there.status, there.events) == (watch.recording.status, watch.recording.events)
    with pytest.raises(ArgumentError, match="no checkpoint"):
        session.resume(tmp_path / "loop", network(), steps=3)
    with pytest.raises(ArgumentError, match="holds a run already"):
        rf.watch(model, optimizer, torch.nn.functional.mse_loss, x, y, save=tmp_path / "loop")
    rf.watch(model, optimizer, torch.nn.functional.mse_loss, x, y).close()
    shown = rf.view(tmp_path / "loop")
    assert shown.statuses["0"]["steps"] is None
    shown.close()


def test_a_run_that_had_measured_nothing_begins_with_its_first_row(tmp_path):
    run = Run(spec(GD(0.5)), Destination(tmp_path / "run"))
    run.stop()
    again = session.resume(tmp_path / "run", network())
    again.step(5)
    whole = Run(spec(GD(0.5)))
    whole.step(5)
    assert_same(again.recording, whole.recording)
    again.stop()
