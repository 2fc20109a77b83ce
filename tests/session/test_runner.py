import gc
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest

import rodflow_widgets.session
from rodflow_widgets.errors import ArgumentError, RunError, UnknownNameError
from rodflow_widgets.session import Run, runner


def states(run):
    """Every state that a listener sees, in order, without repetitions."""
    seen = [run.status.state]
    run.on_change(lambda: seen.append(run.status.state) if seen[-1] != run.status.state else None)
    return seen


def test_a_run_to_its_end(plan):
    run = Run(plan(steps=500))
    seen = states(run)
    assert str(run.status) == "ready: Nothing has run yet."
    status = run.start().wait(30)
    assert seen == ["ready", "running", "finished"]
    assert str(status) == "finished: Finished: 500 steps."
    np.testing.assert_array_equal(run.recording["discrete"]["time"], np.arange(501))
    assert run.recording["discrete"].status.state == "finished"
    assert run.speed is None
    assert run.recording.seconds == run.seconds > 0


def test_the_simulation_never_runs_in_the_callers_thread(plan):
    made = plan(steps=5)
    Run(made).start().wait(30)
    assert made.made[0].threads == {"rodflow-run"}


def test_start_returns_before_the_first_step_and_wait_can_give_up(plan):
    gate = threading.Semaphore(0)
    run = Run(plan(steps=3, gate=gate)).start()
    assert run.wait(0.0).state in ("ready", "running")
    gate.release(4)
    assert run.wait(30).state == "finished"


def test_step_makes_exactly_n(plan):
    run = Run(plan(steps=20))
    assert run.step(5).state == "paused"
    assert len(run.recording["discrete"]) == 5
    run.step()
    assert len(run.recording["discrete"]) == 6
    assert run.step(15).state == "finished"
    assert len(run.recording["discrete"]) == 21


def test_pause_holds_between_two_steps_and_resume_goes_on(plan):
    gate = threading.Semaphore(0)
    run = Run(plan(steps=9, gate=gate)).start()
    paused = run.submit("pause", {})
    gate.release()
    paused.result(30)
    held = len(run.recording["discrete"])
    assert run.status.state == "paused"
    assert held <= 1
    assert run.pause().state == "paused"
    gate.release(20)
    run.resume()
    assert run.wait(30).state == "finished"
    assert len(run.recording["discrete"]) == 10


def test_a_paused_run_has_no_thread_and_can_be_collected(plan):
    run = Run(plan())
    run.step(3)
    thread = run._thread
    if thread is not None:
        thread.join(30)
    reference = weakref.ref(run)
    del run
    gc.collect()
    assert reference() is None


def test_set_is_checked_at_once_and_applied_between_steps(plan):
    run = Run(plan())
    run.step(3)
    with pytest.raises(ArgumentError, match=r"learning_rate=-1"):
        run.set(learning_rate=-1)
    (event,) = run.set(learning_rate=1.0)
    assert (event.step, event.old, event.new) == (3, 0.5, 1.0)
    assert run.values == {"learning_rate": 1.0}
    assert run.recording.events == (event,)
    run.resume()
    run.wait(30)
    weights = np.sqrt(2 * run.recording["discrete"]["loss"])
    np.testing.assert_allclose(weights[1:5] / weights[:4], [0.75, 0.75, 0.75, 0.5])


def test_an_exception_in_mid_run_reaches_wait_and_keeps_the_rows(plan):
    run = Run(plan(fail_at=7)).start()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError, match="fell over") as caught:
            run.wait(30)
        assert "advance" in {entry.name for entry in caught.traceback}
    assert run.status.state == "error"
    assert run.status.sentence == "Step 7 failed: ZeroDivisionError: the loss fell over"
    assert "raise ZeroDivisionError" in run.failure.traceback
    assert len(run.recording["discrete"]) == 7
    with pytest.raises(RunError, match=r"has failed cannot be resumed.*reset"):
        run.resume()


def test_stop_keeps_the_recording_and_ends_waiting(plan):
    run = Run(plan())
    run.step(4)
    assert run.stop().sentence == "Stopped at step 3. The recording up to there is kept."
    assert run.wait().state == "stopped"
    assert run.recording["discrete"].status.state == "stopped"
    assert run.stop().state == "stopped"
    with pytest.raises(RunError, match="been stopped"):
        run.extend(3)


def test_reset_begins_again_and_keeps_what_was(plan):
    run = Run(plan(steps=10))
    first = run.recording
    run.step(4)
    run.set(learning_rate=0.1)
    assert run.reset().state == "ready"
    assert (run.number, run.recording.spec["run"], run.history) == (2, 2, (first,))
    assert (first.status.state, len(first["discrete"])) == ("stopped", 4)
    assert run.values == {"learning_rate": 0.5}
    run.reset()
    assert run.history == (first,)
    run.start().wait(30)
    assert len(run.recording["discrete"]) == 11


def test_reset_while_running(plan):
    gate = threading.Semaphore(0)
    run = Run(plan(steps=9, gate=gate)).start()
    done = run.submit("reset", {})
    gate.release(1)
    done.result(30)
    assert run.status.state == "ready"
    gate.release(20)
    assert run.start().wait(30).state == "finished"


def test_extend_a_finished_run(plan):
    run = Run(plan(steps=10)).start()
    run.wait(30)
    with pytest.raises(RunError, match=r"extend\(steps\)"):
        run.resume()
    run.extend(5)
    run.wait(30)
    assert run.steps == 15
    assert len(run.recording["discrete"]) == 16
    assert run.recording.spec["steps"] == 15
    assert run.status.sentence == "Finished: 15 steps."


def test_divergence_is_a_status(plan):
    run = Run(plan(diverge_at=5)).start()
    assert run.wait(30).state == "diverged"
    assert run.status.sentence == "The iterates diverged."
    with pytest.raises(RunError, match="reset"):
        run.extend(5)


def test_wait_without_start_says_what_to_do(plan):
    with pytest.raises(RunError, match=r"call start\(\)"):
        Run(plan()).wait()


def test_commands_are_checked(plan):
    run = Run(plan())
    with pytest.raises(UnknownNameError, match="did you mean 'pause'"):
        run.submit("pauze", {})
    with pytest.raises(ArgumentError, match="takes no arguments"):
        run.submit("stop", {"n": 1})
    for wrong in (0, 1.5, True, "2", float("nan"), float("inf")):
        with pytest.raises(ArgumentError, match="whole number"):
            run.step(wrong)
    assert run.status.state == "ready"


def test_step_while_running_is_refused(plan):
    gate = threading.Semaphore(0)
    run = Run(plan(steps=2, gate=gate)).start()
    answer = run.submit("step", {"n": 1})
    gate.release(9)
    assert "pause() it first" in str(answer.exception(30))
    assert run.wait(30).state == "finished"


def test_steps_that_are_asked_for_while_stepping_are_added(plan):
    gate = threading.Semaphore(0)
    run = Run(plan(steps=20, gate=gate))
    answers = [run.submit("step", {"n": n}) for n in (1, 1, 3)]
    gate.release(21)
    assert [answer.result(30) for answer in answers] == [(), (), ()]
    assert run.status.state == "paused"
    assert len(run.recording["discrete"]) == 5
    run.step()
    assert len(run.recording["discrete"]) == 6


def test_a_step_that_takes_long_leaves_the_command_queued(plan, monkeypatch):
    gate = threading.Semaphore(0)
    made = plan(steps=9, gate=gate)
    run = Run(made).start()
    assert made.made[0].entered.wait(30)
    with monkeypatch.context() as patch:
        patch.setattr(runner, "ANSWER_SECONDS", 0.01)
        with pytest.raises(
            RunError, match=r"pause\(\) was not applied within 0.01 seconds: a step takes longer.*queued"
        ):
            run.pause()
        with pytest.raises(RunError, match=r"set\(\) was not applied"):
            run.set(learning_rate=0.25)
        with pytest.raises(RunError, match=r"fork\(\) was not applied.*Nothing was forked: try again"):
            run.fork()
    gate.release(1)
    run.pause()
    assert run.status.state == "paused"
    assert run.values == {"learning_rate": 0.25}


def test_a_command_that_was_cancelled_is_left_out_and_the_run_goes_on(plan):
    gate = threading.Semaphore(0)
    made = plan(steps=4, gate=gate)
    run = Run(made).start()
    assert made.made[0].entered.wait(30)
    pause, change = run.submit("pause", {}), run.submit("set", {"learning_rate": 0.25})
    assert pause.cancel()
    gate.release(5)
    assert change.result(30)
    assert run.wait(30).state == "finished"


@pytest.mark.parametrize("state", ["stopped", "diverged", "error"])
def test_set_is_refused_where_nothing_would_use_it(plan, state):
    run = Run(plan(diverge_at=3 if state == "diverged" else None, fail_at=3 if state == "error" else None))
    run.step(2)
    run.resume() if state != "stopped" else run.stop()
    try:
        run.wait(30)
    except ZeroDivisionError:
        assert state == "error"
    assert run.status.state == state
    with pytest.raises(RunError, match=r"cannot be changed: reset\(\) begins again"):
        run.set(learning_rate=0.25)
    assert run.recording.events == ()
    assert run.values == {"learning_rate": 0.5}


def test_set_after_the_last_step_is_for_the_steps_of_extend(plan):
    run = Run(plan(steps=5)).start()
    run.wait(30)
    run.set(learning_rate=0.25)
    run.extend(2)
    run.wait(30)
    assert run.values == {"learning_rate": 0.25}


@pytest.mark.parametrize("failure", [ValueError("a broken listener"), SystemExit("a broken listener")])
def test_a_listener_that_fails_is_logged_once_and_harms_nothing(plan, caplog, failure):
    def broken():
        raise failure

    run, heard = Run(plan(steps=9)), []
    run.on_change(broken)
    run.on_change(lambda: heard.append(run.status.state))
    run.step(2)
    run.set(learning_rate=0.25)
    assert run.start().wait(30).state == "finished"
    assert heard[-1] == "finished"
    assert caplog.text.count("Traceback") == caplog.text.count("a broken listener\n") == 1
    assert run.failure is None
    run.extend(3)
    assert run.wait(30).step == 12


def test_what_fails_before_wait_returns_does_not_hide_how_the_run_ended(plan, caplog):
    def broken():
        raise ValueError("no picture today")

    run = Run(plan(steps=3))
    run.on_change(broken, before_return=True)
    assert run.start().wait(30).state == "finished"
    assert "no picture today" in caplog.text
    run = Run(plan(fail_at=2))
    run.on_change(broken, before_return=True)
    with pytest.raises(ZeroDivisionError, match="fell over"):
        run.start().wait(30)


def test_a_listener_may_give_commands(plan):
    run = Run(plan(steps=5))
    run.on_change(lambda: run.stop() if run.status.state == "paused" else None)
    run.step(2)
    assert run.wait(30).state == "stopped"


def test_a_listener_can_be_removed(plan):
    run, calls = Run(plan(steps=5)), []
    remove = run.on_change(lambda: calls.append(1))
    remove()
    run.start().wait(30)
    assert calls == []


LEAVE_WHILE_RUNNING = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("fake", sys.argv[1])
fake = sys.modules["fake"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fake)
from rodflow_widgets.session import Run
run = Run(fake.FakePlan(steps=10**9)).start()
while not len(run.recording["discrete"]):
    run.wait(0.01)
print("leaving")
"""


def test_a_running_thread_does_not_keep_the_interpreter():
    fake = Path(__file__).with_name("conftest.py")
    root = Path(rodflow_widgets.session.__file__).parents[2]
    command = [sys.executable, "-c", LEAVE_WHILE_RUNNING, str(fake)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "leaving\n", "")
