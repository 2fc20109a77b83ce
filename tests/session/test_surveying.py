"""Surveys of a run: between its steps, at a quarter of the time, without a trace in its numbers."""

import itertools
import threading
from concurrent.futures import CancelledError
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine.surveys import Survey
from rodflow_widgets.errors import ArgumentError, RunError, UnknownNameError
from rodflow_widgets.session import Run, RunSpec
from rodflow_widgets.session.surveying import KEPT, Job, Surveys

SECONDS = 60


def spec(problem=None, steps=200, **options):
    problem = problem or rf.problems.valley()
    return RunSpec(problem, rf.optimizers.GradientDescent(0.3), ("discrete", "rod", "stable"), steps=steps, **options)


def stepped(n=20, **options):
    run = Run(spec(**options))
    run.step(n)
    return run


def gone(run):
    """The worker ends when there is nothing to do."""
    thread = run._thread
    if thread is not None:
        thread.join(SECONDS)
    return run._thread is None


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Slices:
    """A topic of `count` slices of `seconds` each."""

    def __init__(self, clock, count, seconds):
        self.clock, self.count, self.seconds, self.made = clock, count, seconds, 0

    def work(self, run, kept):
        for i in range(1, self.count + 1):
            self.clock.now += self.seconds
            self.made = i
            yield Survey("slices", i, i / self.count, {}, {}, {}, kept=i)


def desk(clock, *topics):
    surveys = Surveys(lambda: SimpleNamespace(), clock)
    jobs = [Job(topic, key, None) for key, topic in enumerate(topics)]
    surveys._jobs.extend(jobs)
    return surveys, jobs


# ---------------------------------------------------------------------- the share of the time


@pytest.mark.parametrize("slice_seconds", [0.001, 0.003, 0.05, 1.0])
def test_beside_a_run_surveys_take_a_quarter_of_the_time(slice_seconds):
    clock = Clock()
    topic = Slices(clock, 10**6, slice_seconds)
    surveys, _ = desk(clock, topic)

    def step():
        clock.now += 0.01

    steps = 2000
    for _ in range(steps):
        surveys.beside(step, lambda: False)
        assert topic.made * slice_seconds <= 0.25 * clock.now + slice_seconds
    assert topic.made * slice_seconds >= 0.25 * clock.now - slice_seconds


def test_no_credit_is_saved_up_while_nothing_is_asked_for():
    clock = Clock()
    surveys, _ = desk(clock)

    def step():
        clock.now += 1.0

    for _ in range(100):
        surveys.beside(step, lambda: False)
    topic = Slices(clock, 10**6, 0.1)
    surveys._jobs.append(Job(topic, 1, None))
    surveys.beside(step, lambda: False)
    assert topic.made == 4


def test_a_command_comes_before_the_next_slice():
    clock = Clock()
    topic = Slices(clock, 10**6, 0.1)
    surveys, _ = desk(clock, topic)

    def step():
        clock.now += 100.0

    surveys.beside(step, lambda: topic.made >= 2)
    assert topic.made == 2


def test_surveys_are_made_one_after_the_other():
    clock = Clock()
    topics = Slices(clock, 3, 0.1), Slices(clock, 2, 0.1)
    surveys, jobs = desk(clock, *topics)
    for _ in range(4):
        surveys.slice()
    assert jobs[0].done.result(0).share == 1
    assert topics[1].made == 0
    while surveys.waiting:
        surveys.slice()
    assert jobs[1].done.result(0).step == 2


def test_only_the_last_things_are_kept_for_later_surveys():
    clock = Clock()
    surveys, _ = desk(clock, *(Slices(clock, 1, 0.1) for _ in range(KEPT + 3)))
    while surveys.waiting:
        surveys.slice()
    assert list(surveys._kept) == list(range(3, KEPT + 3))


# ---------------------------------------------------------------------- beside a real run


def test_the_run_is_the_same_bit_for_bit_with_surveys_going_on():
    problem = rf.problems.digits_mlp(n=60, widths=(12,))
    quiet, watched = (Run(spec(problem, 60)) for _ in range(2))
    quiet.start().wait(SECONDS)
    watched.step(3)
    asked = [
        watched.survey("plane", x="sharpest", y="oscillation", identity="p"),
        watched.survey("density"),
        watched.survey("landscape", plane="p", size=25),
    ]
    watched.start()
    asked += [watched.survey("plane", y="eigenvector 2"), watched.survey("density", process="rod")]
    watched.wait(SECONDS)
    for future in asked:
        assert future.result(SECONDS).share == 1
    for table in quiet.recording.tables:
        for name in table:
            np.testing.assert_array_equal(watched.recording[table.name][name], table[name])


def test_a_run_keeps_its_vectors_and_simulate_does_not():
    run = stepped(5)
    assert run.survey("plane").result(SECONDS).facts["last"] == 4
    assert spec().simulation().trail is None


@pytest.mark.parametrize("state", ["ready", "paused", "finished", "stopped"])
def test_a_run_that_holds_still_is_surveyed_to_the_end(state):
    run = Run(spec(steps=30))
    if state == "paused":
        run.step(10)
    elif state != "ready":
        run.start().wait(SECONDS)
    if state == "stopped":
        run = stepped(10)
        run.stop()
    assert run.status.state == state
    parts = []
    seen = run.survey("landscape", parts.append, x=[-1, 1], y=[4, 6], size=21).result(SECONDS)
    assert seen.share == 1
    assert len(parts) > 1
    assert parts[-1] is seen
    assert run.status.state == state
    assert gone(run)


def test_a_running_run_goes_on_while_it_is_surveyed():
    run = Run(spec(steps=10**6)).start()
    seen = run.survey("landscape", x=[-1, 1], y=[4, 6]).result(SECONDS)
    assert np.isfinite(seen.arrays["loss"]).all()
    assert run.status.state == "running"
    step = run.status.step
    again = run.survey("landscape", x=[-1, 1], y=[4, 6], size=9).result(SECONDS)
    assert again.step > step
    run.stop()


def test_planes_are_given_as_surveys_or_by_identity():
    run = stepped(20)
    plane = run.survey("plane", identity=17)
    by_identity = run.survey("landscape", plane=17, size=5).result(SECONDS)
    by_survey = run.survey("landscape", plane=plane.result(SECONDS), size=5).result(SECONDS)
    np.testing.assert_array_equal(by_identity.arrays["loss"], by_survey.arrays["loss"])


# ---------------------------------------------------------------------- what goes wrong


def test_what_can_never_work_is_refused_at_once():
    run = stepped(3)
    with pytest.raises(UnknownNameError, match="did you mean 'plane'"):
        run.survey("plan")
    with pytest.raises(UnknownNameError, match="argument of density 'stepp'"):
        run.survey("density", stepp=1)
    with pytest.raises(ArgumentError, match="size=202"):
        run.survey("landscape", size=202)
    assert run.status.state == "paused"


def test_a_failing_survey_fails_alone():
    broken = threading.Event()

    def loss(w):
        if broken.is_set():
            raise ZeroDivisionError("the loss fell over")
        return (w**2).sum()

    run = Run(spec(rf.Problem.from_function(loss, [1.0, 2.0]), 40))
    run.step(5)
    with pytest.raises(ArgumentError, match="step=30 is not kept"):
        run.survey("plane", step=30).result(SECONDS)
    broken.set()
    with pytest.raises(ZeroDivisionError, match="fell over"):
        run.survey("landscape").result(SECONDS)
    broken.clear()
    assert run.failure is None
    assert run.start().wait(SECONDS).state == "finished"


@pytest.mark.parametrize(("order", "words"), [("stop", "was stopped before"), ("reset", "was reset before")])
def test_stop_and_reset_end_surveys_with_a_word(order, words):
    run = stepped(5)
    inside, go = threading.Event(), threading.Event()

    def hold(part):
        inside.set()
        assert go.wait(SECONDS)

    first = run.survey("landscape", hold, x=[-1, 1], y=[4, 6])
    second = run.survey("plane")
    assert inside.wait(SECONDS)
    done = run.submit(order, {})
    go.set()
    done.result(SECONDS)
    for future in (first, second):
        with pytest.raises(RunError, match=words):
            future.result(SECONDS)
    assert gone(run)
    run.survey("landscape", x=[-1, 1], y=[4, 6], size=3).result(SECONDS)


def test_a_reset_forgets_planes():
    run = stepped(5)
    run.survey("plane", identity=1).result(SECONDS)
    run.reset()
    with pytest.raises(ArgumentError, match="plane=1 is not kept"):
        run.survey("landscape", plane=1).result(SECONDS)
    with pytest.raises(ArgumentError, match="Begin the run"):
        run.survey("plane").result(SECONDS)


def test_a_cancelled_survey_ends():
    run = stepped(5)
    inside, go = threading.Event(), threading.Event()
    parts = []

    def hold(part):
        parts.append(part)
        inside.set()
        assert go.wait(SECONDS)

    future = run.survey("landscape", hold, x=[-1, 1], y=[4, 6])
    assert inside.wait(SECONDS)
    assert future.cancel()
    go.set()
    with pytest.raises(CancelledError):
        future.result(SECONDS)
    assert gone(run)
    assert len(parts) == 1


def test_a_listener_that_fails_ends_neither_survey_nor_run(caplog):
    run = stepped(5)
    calls = itertools.count()

    def listener(part):
        next(calls)
        raise ValueError("a page fell over")

    assert run.survey("landscape", listener, size=9).result(SECONDS).share == 1
    assert next(calls) == 1
    assert "a page fell over" in caplog.text
    assert run.status.state == "paused"


def test_a_simulation_without_a_problem_is_not_surveyed(plan):
    run = Run(plan())
    with pytest.raises(RunError, match="survey"):
        run.survey("plane")
    assert run.start().wait(SECONDS).state == "finished"


def test_no_random_number_of_torch_is_drawn():
    run = stepped(12, problem=rf.problems.digits_mlp(n=40, widths=(6,)))
    before = torch.get_rng_state()
    for topic in ("plane", "density"):
        run.survey(topic).result(SECONDS)
    assert torch.equal(before, torch.get_rng_state())
