"""Changing a run while it goes, undoing it, schedules, other starting points, and forks at any step."""

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.errors import ArgumentError, ProblemError, RunError, UnknownNameError
from rodflow_widgets.session import Run, RunSpec

GD = rf.optimizers.GradientDescent


@pytest.fixture(scope="module")
def problem():
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
    x = torch.linspace(-1, 1, 60, dtype=torch.float64).reshape(20, 3)
    return rf.Problem(model, torch.nn.functional.mse_loss, x, x.sum(1, keepdim=True).sin())


def spec(problem, optimizer=None, processes=("discrete", "rod", "stable"), **options):
    return RunSpec(problem, optimizer or GD(0.2), processes, **{"steps": 40, **options})


def finished(run):
    run.start().wait(60)
    return run.recording


def assert_same(one, other, until=None):
    for table in one.tables:
        rows = len(table) if until is None else int(np.searchsorted(table["time"], until, side="right"))
        assert rows > 0
        for name in table:
            assert np.array_equal(table[name][:rows], other[table.name][name][:rows], equal_nan=True), (
                table.name,
                name,
            )


def test_undo_and_schedule_are_events(problem):
    run = Run(spec(problem))
    with pytest.raises(RunError, match="nothing to undo"):
        run.undo()
    run.step(5)
    run.set(learning_rate=0.3)
    (event,) = run.undo()
    assert (event.step, event.old, event.new, event.note) == (6, 0.3, 0.2, "undone")
    (event,) = run.schedule(rf.schedules.Cosine(10, 0.1))
    assert (event.name, event.note) == ("learning_rate", "cosine to 0.1 over 10 steps")
    run.step(10)
    factor = 2.0
    assert run.values["learning_rate"] == rf.schedules.Cosine(10, 0.1)(10, 0.2) == 0.1
    assert run.edge_factor == pytest.approx(factor)
    finished(run)
    assert [e.note for e in run.recording.events] == ["", "undone", "cosine to 0.1 over 10 steps"]
    run.undo()
    assert run.values["learning_rate"] == 0.2
    rates = 2 / run.recording["discrete"]["edge_threshold"]
    np.testing.assert_allclose(rates[:7], 0.2)
    np.testing.assert_allclose(rates[16:], 0.1)
    assert (np.diff(rates[6:17]) < 0).all()


def test_schedules_and_undo_as_commands(problem):
    run = Run(spec(problem))
    run.submit("schedule", {"kind": "drawn", "points": [[0, 0.1], [20, 0.2]]}).result(30)
    (event,) = run.submit("undo", {}).result(30)
    assert (event.new, event.note) == (0.2, "undone")
    with pytest.raises(UnknownNameError, match="did you mean 'cosine'"):
        run.submit("schedule", {"kind": "cosin"})
    with pytest.raises(ArgumentError, match="steps=-1"):
        run.submit("schedule", {"kind": "cosine", "steps": -1, "to": 0.1})
    with pytest.raises(ArgumentError, match="no schedule"):
        run.schedule(0.3)
    run.stop()
    for tell in (run.undo, lambda: run.schedule(rf.schedules.WarmUp(3))):
        with pytest.raises(RunError, match=r"been stopped cannot be changed"):
            tell()


def test_simulate_with_a_schedule_is_the_run_with_it(problem):
    schedule = rf.schedules.Cosine(30, 0.05)
    direct = rf.simulate(problem, GD(0.2), steps=40, schedule=schedule, progress=False)
    run = Run(spec(problem, schedule=schedule))
    assert_same(direct, finished(run))
    assert direct.events == run.recording.events
    assert direct.events[0].step == 0
    assert run.reset().state == "ready"
    assert_same(direct, finished(run))


def test_a_fork_of_the_present_goes_on_bit_for_bit(problem):
    run = Run(spec(problem, snapshots=(3, 30)))
    run.step(16)
    run.set(learning_rate=0.25)
    run.name = "first"
    fork = run.fork()
    assert (fork.status.state, fork.status.step) == ("ready", 15)
    assert fork.status.sentence == "Forked at step 15. Nothing has run since."
    assert fork.recording.spec["parent"] == {"name": "first", "step": 15}
    assert run.recording.spec["parent"] is None
    assert len(fork.recording["discrete"]) == 16
    assert (fork.steps, fork.number, fork.recording.events) == (40, 1, run.recording.events)
    assert_same(finished(run), finished(fork))
    assert set(fork.recording["rod"].parameters) == {3, 30}
    assert {t.name: t.status for t in fork.recording.tables} == {t.name: t.status for t in run.recording.tables}


def test_a_fork_with_a_change_and_its_reset(problem):
    run = Run(spec(problem))
    run.step(16)
    fork = run.fork(learning_rate=0.3)
    (event,) = fork.recording.events
    assert (event.step, event.old, event.new) == (17, 0.2, 0.3)
    assert run.recording.events == ()
    first = finished(fork)
    assert_same(first, finished(run), until=15)
    assert not np.array_equal(first["rod"]["loss"], run.recording["rod"]["loss"])
    assert fork.reset().step == 15
    assert fork.recording is not first
    assert fork.values["learning_rate"] == 0.3
    assert_same(first, finished(fork))
    assert fork.history == (first,)
    with pytest.raises(RunError, match="This run begins at step 15 of one that went before"):
        fork.reset([0.0] * problem.dim)
    assert fork.status.state == "finished"


@pytest.mark.parametrize("at", [0, 1, 7, 8, 13, 20, 33])
def test_a_fork_at_a_past_step_is_the_original_run(problem, at):
    run = Run(spec(problem))
    original = finished(run)
    fork = run.fork(at)
    assert (fork.status.step, len(fork.recording["discrete"])) == (at, at + 1)
    assert_same(original, finished(fork))


def test_a_past_fork_has_the_changes_before_it_and_not_those_after(problem):
    run = Run(spec(problem, steps=30))
    run.step(5)
    run.set(learning_rate=0.3)
    run.step(6)
    run.schedule(rf.schedules.Cosine(8, 0.1))
    run.step(10)
    run.extend(10)
    original = finished(run)
    fork = run.fork(10)
    assert [event.step for event in fork.recording.events] == [6]
    assert (fork.values["learning_rate"], fork.steps) == (0.3, 40)
    assert_same(original, finished(fork), until=11)
    later = run.fork(15)
    assert [event.step for event in later.recording.events] == [6, 12]
    assert_same(original, finished(later))
    later.undo()
    assert later.values["learning_rate"] == 0.3
    grandchild = fork.fork(20, learning_rate=0.1)
    assert [event.step for event in grandchild.recording.events] == [6, 22]
    with pytest.raises(RunError, match="This run began at step 10"):
        fork.fork(9)


def test_every_second_row_and_hidden_iterates(problem):
    run = Run(spec(problem, GD(0.2), ("rod", "central"), every=3, start=4))
    original = finished(run)
    for at in (2, 10, 27):
        assert_same(original, finished(run.fork(at)))


def test_fork_at_the_step_before_a_divergence():
    run = Run(spec(rf.problems.quadratic(w0=1.0), GD(3.0), ("discrete", "rod"), steps=60))
    run.start().wait(60)
    lost = run.recording["discrete"].status
    assert lost.state == run.status.state == "diverged"
    for at in (None, lost.step):
        with pytest.raises(RunError, match=rf"diverged at step {lost.step}.*at={lost.step - 1}\."):
            run.fork(at)
    fork = run.fork(lost.step - 1)
    assert fork.recording["discrete"]["loss"].tolist() == run.recording["discrete"]["loss"].tolist()
    assert run.fork(2, learning_rate=0.5).start().wait(60).state == "finished"


def test_a_failed_run_can_be_forked_before_it_failed(plan):
    run = Run(plan(fail_at=7)).start()
    with pytest.raises(ZeroDivisionError):
        run.wait(30)
    fork = run.fork()
    assert (fork.status.step, len(fork.recording["discrete"])) == (6, 7)


def test_a_fork_of_a_run_that_failed_in_mid_step_has_every_row():
    calls, failing = 0, False

    def loss(w):
        nonlocal calls
        calls += 1
        if failing and calls > 3:
            raise ZeroDivisionError("the loss fell over")
        return (w * w * torch.tensor([1.0, 2.0], dtype=w.dtype)).sum() / 2

    problem = rf.Problem.from_function(loss, torch.ones(2, dtype=torch.float64))
    run = Run(RunSpec(problem, rf.optimizers.GradientDescent(0.3), ("discrete",), steps=40))
    run.step(20)
    calls, failing = 0, True
    with pytest.raises(ZeroDivisionError):
        run.start().wait(60)
    failing = False
    newest = run.recording["discrete"]["time"][-1]
    assert run.status.step == newest
    assert run.status.sentence.startswith(f"Step {newest + 1:.0f} failed")
    fork = run.fork()
    fork.start().wait(60)
    np.testing.assert_array_equal(fork.recording["discrete"]["time"], np.arange(41))


def test_what_fork_refuses(problem):
    run = Run(spec(problem))
    run.step(4)
    with pytest.raises(ArgumentError, match=r"at=9 is not usable: the run is at step 3"):
        run.fork(9)
    for at in (-1, 1.5, True, "2"):
        with pytest.raises(ArgumentError, match="at="):
            run.fork(at)
    with pytest.raises(UnknownNameError, match="did you mean 'learning_rate'"):
        run.fork(learning_rat=0.1)
    with pytest.raises(ArgumentError, match="learning_rate=-1"):
        run.fork(learning_rate=-1)
    run.submit("step", {"n": 1}).result(30)


def test_a_simulation_that_cannot_be_copied_runs_all_the_same(plan):
    made = plan(steps=20)
    simulation = made.simulation

    def stubborn():
        refusing = simulation()

        def fork():
            raise RunError("This run cannot be forked, since it has a lock.")

        refusing.fork = fork
        return refusing

    made.simulation = stubborn
    run = Run(made)
    assert run.start().wait(30).state == "finished"
    for at in (None, 3):
        with pytest.raises(RunError, match="has a lock"):
            run.fork(at)


def test_fork_while_it_runs_and_both_go_on_together(problem):
    run = Run(spec(problem, steps=150)).start()
    while run.status.step < 10:
        run.wait(0.01)
    fork = run.fork().start()
    early = run.fork(3).start()
    for one in (run, fork, early):
        assert one.wait(120).state == "finished"
    assert_same(run.recording, fork.recording)
    assert_same(run.recording, early.recording)


def test_a_listener_may_fork(plan):
    run, forks = Run(plan(steps=5)), []
    run.on_change(lambda: forks.append(run.fork()) if run.status.state == "paused" else None)
    run.step(2)
    run.stop()
    assert [fork.status.step for fork in forks] == [1]


def test_reset_to_another_start(problem):
    run = Run(spec(problem, steps=10))
    run.step(3)
    start = [0.1 * i for i in range(problem.dim)]
    run.submit("reset", {"start": start}).result(30)
    expected = rf.simulate(problem.starting_at(start), GD(0.2), steps=10, progress=False)
    assert_same(expected, finished(run))
    run.reset()
    assert_same(expected, finished(run))
    assert_same(rf.simulate(problem, GD(0.2), steps=10, progress=False), finished(Run(spec(problem, steps=10))))


@pytest.mark.parametrize(
    ("start", "error", "words"),
    [
        ([1.0, 2.0], ArgumentError, "start has 2 numbers: give one for each"),
        ([float("nan")], ArgumentError, r"start=\[nan\] is not usable"),
        ([], ArgumentError, r"start=\[\] is not usable"),
        ("here", ArgumentError, "start='here'"),
        ([True], ArgumentError, "start="),
        (3, ArgumentError, "start=3"),
        (np.array([np.inf]), ProblemError, r"start\[0\] = inf"),
    ],
)
def test_a_start_that_does_not_fit_loses_nothing(problem, start, error, words):
    run = Run(spec(problem))
    run.step(4)
    with pytest.raises(error, match=words):
        run.reset(start)
    assert (run.status.state, len(run.recording["discrete"]), run.history) == ("paused", 4, ())
    assert run.number == 1


def test_a_start_at_which_nothing_moves_loses_nothing():
    run = Run(RunSpec(rf.problems.quadratic(w0=1.0), GD(0.3), ("discrete",), steps=10))
    run.step(4)
    with pytest.raises(ProblemError, match="exactly zero"):
        run.reset([0.0])
    assert run.step(2).state == "paused"
    assert len(run.recording["discrete"]) == 6
