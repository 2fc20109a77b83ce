"""What goes wrong in one run is told in a sentence, keeps its rows, and leaves other runs as they would have been."""

import _thread

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.session import Run, RunSpec

STEPS = 60
PROCESSES = ("discrete", "rod")
MEMORY = "CUDA out of memory. Tried to allocate 2.00 GiB."


def raising(error):
    def fail(value):
        raise error

    return fail


class Failing:
    """½(3a² + b²), until it was called `calls` times."""

    def __init__(self, then, calls):
        self.then, self.left = then, calls

    def __call__(self, w):
        self.left -= 1
        value = 0.5 * (3 * w[0] ** 2 + w[1] ** 2)
        return value if self.left >= 0 else self.then(value)


def failing(then, calls=200):
    problem = rf.Problem.from_function(Failing(then, calls), torch.ones(2, dtype=torch.float64))
    return Run(RunSpec(problem, rf.optimizers.GradientDescent(0.66), PROCESSES, steps=10**6))


@pytest.fixture(scope="module")
def spec():
    problem = rf.problems.digits_mlp(widths=(8,), n=60, seed=0)
    return RunSpec(problem, rf.optimizers.GradientDescent(0.4), PROCESSES, steps=STEPS)


@pytest.fixture(scope="module")
def expected(spec):
    run = Run(spec)
    run.start().wait(120)
    return run.recording


def whole(recording, expected):
    for table in expected.tables:
        for name in table:
            np.testing.assert_array_equal(recording[table.name][name], table[name], f"{table.name} {name}")


def rows_of(run):
    """Rows of the iterates, which are those of every step up to the last one."""
    times = run.recording["discrete"]["time"]
    np.testing.assert_array_equal(times, np.arange(len(times)))
    assert np.all(np.isfinite(run.recording["discrete"]["loss"]))
    return len(times)


@pytest.mark.parametrize(
    ("error", "name"),
    [(ValueError("there is no batch 12"), "ValueError"), (torch.OutOfMemoryError(MEMORY), "OutOfMemoryError")],
    ids=["exception", "out of memory"],
)
def test_what_the_loss_raises_in_mid_run_is_told_and_another_run_goes_on(spec, expected, error, name):
    run, other = failing(raising(error)), Run(spec)
    other.start()
    with pytest.raises(type(error), match=str(error)) as caught:
        run.start().wait(120)
    assert "fail" in {entry.name for entry in caught.traceback}, "the traceback does not lead to the user's code"
    rows = rows_of(run)
    assert rows > 20
    assert str(run.status) == f"error: Step {rows} failed: {name}: {error}"
    assert run.failure.message == str(error)
    assert len(run.recording["rod"]) == rows - 2
    assert other.wait(120).state == "finished"
    whole(other.recording, expected)
    assert rf.simulate(spec.problem, spec.optimizer, PROCESSES, steps=3, progress=False).status.state == "finished"


@pytest.mark.parametrize("calls", range(396, 404))
def test_a_row_that_only_some_processes_could_make_is_no_row(calls):
    run = failing(raising(ValueError("there is no batch 12")), calls)
    with pytest.raises(ValueError, match="no batch"):
        run.start().wait(120)
    rows = rows_of(run)
    assert run.status.sentence.startswith(f"Step {rows} failed")
    assert run.status.step == rows - 1
    np.testing.assert_array_equal(run.recording["rod"]["time"], np.arange(2, rows))


def test_nan_in_mid_run_is_told_and_another_run_goes_on(spec, expected):
    run, other = failing(lambda value: value * torch.nan), Run(spec)
    other.start()
    status = run.start().wait(120)
    rows = rows_of(run)
    assert rows > 20
    assert status.state == "diverged"
    assert status.sentence.startswith(f"The iterates diverged at step {rows}: the loss was no longer finite; the last")
    assert run.failure is None
    assert other.wait(120).state == "finished"
    whole(other.recording, expected)


def test_an_interrupt_while_waiting_leaves_all_runs_as_they_are(spec, expected):
    runs = [Run(spec), Run(spec)]
    stop = runs[0].on_change(lambda: _thread.interrupt_main() if len(runs[0].recording["discrete"]) > 10 else None)
    for run in runs:
        run.start()
    with pytest.raises(KeyboardInterrupt):
        runs[0].wait(120)
    stop()
    for run in runs:
        while True:
            try:
                assert run.wait(120).state == "finished"
            except KeyboardInterrupt:  # another that was under way when the listener was taken off
                continue
            break
        whole(run.recording, expected)
