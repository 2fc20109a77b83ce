"""Watching a training loop: commands reach it, and what goes wrong in a look stays there."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from rodflow_widgets.errors import ArgumentError, ProblemError, RunError, UnknownNameError
from rodflow_widgets.session import Watch
from tests.engine.loops import LOSS, batch, network, train

from .watched import loop as loop
from .watched import threaded

# ---------------------------------------------------------------------- commands of other threads


def test_commands_of_another_thread_are_applied_before_the_next_step(loop: Callable[..., Any]) -> None:
    model, optimizer, watch = loop()
    with watch:
        for step in train(model, optimizer, batch(), 8):
            if step == 4:
                future = threaded(lambda: watch.submit("set", {"learning_rate": 0.05}))
                assert not future.done()
                assert optimizer.param_groups[0]["lr"] == 0.3
            if step == 5:
                (event,) = future.result(0)
                assert event.step == 4
    assert watch.recording["discrete"]["learning_rate"].tolist() == [0.3] * 4 + [0.05] * 4


def test_where_no_step_is_made_for_a_while_commands_are_applied_without_it(loop: Callable[..., Any]) -> None:
    now = itertools.count()
    model, optimizer, watch = loop(clock=lambda: 3.0 * next(now))
    for _ in train(model, optimizer, batch(), 2):
        pass
    for _ in range(5):
        watch._clock()
    future = threaded(lambda: watch.submit("set", {"learning_rate": 0.05}))
    assert future.done()
    assert optimizer.param_groups[0]["lr"] == 0.05
    watch.close()


def idle(model: Any, optimizer: Any, watch: Watch) -> None:
    """Two steps, and a long time in which none is made."""
    for _ in train(model, optimizer, batch(), 2):
        pass
    for _ in range(5):
        watch._clock()


def test_no_step_is_made_while_an_idle_command_takes_its_copy(
    loop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = itertools.count()
    model, optimizer, watch = loop(clock=lambda: 3.0 * next(now))
    idle(model, optimizer, watch)
    copying, go, real = threading.Event(), threading.Event(), Watch._on_forecast
    seen: list[list[torch.Tensor]] = []

    def slow(*args: Any, **kwargs: Any) -> Any:
        seen.append([p.detach().clone() for p in model.parameters()])
        copying.set()
        assert go.wait(20)
        seen.append([p.detach().clone() for p in model.parameters()])
        return real(*args, **kwargs)

    monkeypatch.setattr(Watch, "_on_forecast", slow)
    answers: list[Any] = []
    asking = threading.Thread(target=lambda: answers.append(watch.submit("forecast", {"steps": 5})))
    asking.start()
    assert copying.wait(20)
    training = threading.Thread(target=lambda: [*train(model, optimizer, batch(), 1)])
    training.start()
    training.join(0.3)
    assert training.is_alive()
    go.set()
    for thread in (training, asking):
        thread.join(20)
    assert all(map(torch.equal, *seen))
    assert answers[0].done()
    assert watch.step == 3
    watch.close()


@pytest.mark.parametrize(("name", "state"), [("pause", "paused"), ("stop", "stopped")])
def test_an_idle_command_that_a_step_has_waited_for_holds_for_it(
    loop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, name: str, state: str
) -> None:
    now = itertools.count()
    model, optimizer, watch = loop(clock=lambda: 3.0 * next(now))
    idle(model, optimizer, watch)
    applying, go, real = threading.Event(), threading.Event(), getattr(Watch, f"_on_{name}")

    def slow(*args: Any) -> Any:
        applying.set()
        assert go.wait(20)
        return real(*args)

    monkeypatch.setattr(Watch, f"_on_{name}", slow)
    asking = threading.Thread(target=lambda: watch.submit(name, {}))
    asking.start()
    assert applying.wait(20)
    training = threading.Thread(target=lambda: [*train(model, optimizer, batch(), 1)])
    training.start()
    training.join(0.2)
    go.set()
    asking.join(20)
    if name == "pause":
        training.join(0.3)
        assert training.is_alive()
        assert (watch.status.state, watch.step) == ("paused", 2)
        watch.submit("resume", {}).result(20)
        state = "running"
    training.join(20)
    assert watch.status.state == state
    assert watch.step == (3 if name == "pause" else 2)
    watch.close()


def test_an_idle_command_that_a_step_overtakes_waits_for_the_next(loop: Callable[..., Any]) -> None:
    now = itertools.count()
    model, optimizer, watch = loop(clock=lambda: 3.0 * next(now))
    idle(model, optimizer, watch)
    with watch._lock:
        asked: list[Any] = []
        asking = threading.Thread(target=lambda: asked.append(watch.submit("set", {"learning_rate": 0.05})))
        asking.start()
        asking.join(0.2)
        assert asking.is_alive()
        watch._inside = True  # as by a step that was quicker
    asking.join(20)
    assert not asked[0].done()
    for _ in train(model, optimizer, batch(), 1):
        pass
    assert asked[0].done()
    watch.close()


@pytest.mark.parametrize(
    ("name", "args", "kind"),
    [
        ("set", {"learning_rate": 0}, ArgumentError),
        ("set", {"learning_rate": math.nan}, ArgumentError),
        ("set", {"beta": 0.5}, ArgumentError),
        ("set", {}, ArgumentError),
        ("measure", {"share": 1.0}, ArgumentError),
        ("measure", {"every": 0}, ArgumentError),
        ("measure", {"share": 0.1, "every": 3}, ArgumentError),
        ("measure", {}, ArgumentError),
        ("measure", {"shore": 0.1}, UnknownNameError),
        ("forecast", {"steps": 0}, ArgumentError),
        ("forecast", {"steps": 10, "iterates": 2}, ArgumentError),
        ("forcast", {}, UnknownNameError),
        ("fork", {}, UnknownNameError),
    ],
)
def test_commands_that_cannot_work_say_so_at_once(loop: Callable[..., Any], name: str, args: Any, kind: Any) -> None:
    _, _, watch = loop()
    with pytest.raises(kind):
        watch.submit(name, args)
    watch.close()


def test_what_a_training_loop_cannot_do_is_refused_with_a_sentence(loop: Callable[..., Any]) -> None:
    _, _, watch = loop()
    for act in (lambda: watch.fork(), lambda: watch.start(), lambda: watch.survey("plane"), lambda: watch.problem):
        with pytest.raises(RunError, match="training loop"):
            act()
    watch.close()
    with pytest.raises(RunError, match="cannot be changed any more"):
        watch.set(learning_rate=0.1)


def test_a_pause_holds_the_loop_until_another_thread_resumes(loop: Callable[..., Any]) -> None:
    model, optimizer, watch = loop()
    states = []

    def other() -> None:
        while watch.status.state != "paused":
            time.sleep(1e-3)
        states.append(watch.status)
        watch.set(learning_rate=0.01)
        watch.resume()

    thread = threading.Thread(target=other)
    with watch:
        for step in train(model, optimizer, batch(), 6):
            if step == 3:
                thread.start()
                watch.pause()
    thread.join(10)
    assert states[0].step == 3
    assert "Paused before step 3" in states[0].sentence
    assert watch.recording["discrete"]["learning_rate"].tolist() == [0.3] * 3 + [0.01] * 3
    assert watch.status.state == "finished"


def test_an_interrupt_ends_a_pause(loop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    model, optimizer, watch = loop()

    def interrupted(timeout: float) -> None:
        raise KeyboardInterrupt

    watch.pause()
    assert watch.status.state == "paused"
    monkeypatch.setattr(watch._wake, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt), watch:
        for _ in train(model, optimizer, batch(), 6):
            pass
    assert watch.status.state == "stopped"
    assert "Interrupted at step 0" in watch.status.sentence


# ---------------------------------------------------------------------- what goes wrong


def test_an_exception_of_the_loop_is_said_and_raised(loop: Callable[..., Any]) -> None:
    model, optimizer, watch = loop()

    def loop_that_fails() -> None:
        with watch:
            for step in train(model, optimizer, batch(), 6):
                if step == 4:
                    raise ZeroDivisionError("my own")

    with pytest.raises(ZeroDivisionError, match="my own"):
        loop_that_fails()
    assert watch.status.state == "error"
    assert watch.status.sentence == "Training failed at step 4: ZeroDivisionError: my own"
    assert watch.failure is not None
    assert "my own" in watch.failure.traceback
    assert len(watch.recording["discrete"]) == 4
    assert not optimizer._optimizer_step_pre_hooks


class Failing:
    """A loss that fails in the looks of some steps: it knows them by the batch."""

    def __init__(self, error: BaseException, fails: Callable[[int], bool]) -> None:
        self.error, self.fails, self.watch = error, fails, None

    def __call__(self, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        if self.watch is not None and len(y) == 40 and self.fails(self.watch.step):
            raise self.error
        return LOSS(output, y)


def test_a_look_that_fails_is_a_row_without_numbers_and_training_goes_on(loop: Callable[..., Any]) -> None:
    loss = Failing(RuntimeError("no such kernel.\nmore"), lambda step: step in (2, 3))
    model, optimizer, watch = loop(loss=loss)
    loss.watch = watch
    model.train()
    with watch:
        for step in train(model, optimizer, batch(), 6):
            if step == 3:
                assert "The look at step 2 failed: RuntimeError: no such kernel." in watch.status.sentence
            assert model.training
    assert np.isnan(watch.recording["discrete"]["sharpness"]).tolist() == [False, False, True, True, False, False]
    assert watch.recording["discrete"]["time"].tolist() == list(range(6))
    assert watch.recording["discrete"]["learning_rate"].tolist() == [0.3] * 6
    assert watch.status.state == "finished"


def test_after_three_failures_in_a_row_it_stops_looking_until_told_otherwise(loop: Callable[..., Any]) -> None:
    loss = Failing(torch.OutOfMemoryError("CUDA out of memory"), lambda step: 2 <= step < 10)
    model, optimizer, watch = loop(loss=loss)
    loss.watch = watch
    with watch:
        for step in train(model, optimizer, batch(), 14):
            if step == 8:
                assert "Looking has ended after 3 failures: the probe batch of 40 examples does not fit" in str(
                    watch.status
                )
            if step == 11:
                watch.measure(every=1)
    assert watch.recording["discrete"]["time"].tolist() == [0, 1, 2, 3, 4, 11, 12, 13]
    assert np.isnan(watch.recording["discrete"]["loss"]).tolist() == [False] * 2 + [True] * 3 + [False] * 3


def test_training_that_is_lost_is_said_since_when(loop: Callable[..., Any]) -> None:
    model, optimizer, watch = loop()
    with watch:
        for step in train(model, optimizer, batch(), 8):
            if step == 4:
                with torch.no_grad():
                    model[0].weight.mul_(math.nan)
            if step == 7:
                assert "has not been finite since step 4" in watch.status.sentence
                assert watch.status.state == "running"
    assert watch.status.state == "diverged"
    assert "since step 4" in watch.status.sentence
    assert np.isfinite(watch.recording["discrete"]["sharpness"]).tolist() == [True] * 4 + [False] * 4


def test_an_interrupt_in_a_look_leaves_the_model_as_it_was(loop: Callable[..., Any]) -> None:
    loss = Failing(KeyboardInterrupt(), lambda step: step == 2)
    model, optimizer, watch = loop(loss=loss)
    loss.watch = watch
    model.train()
    with pytest.raises(KeyboardInterrupt), watch:
        for _ in train(model, optimizer, batch(), 6):
            pass
    assert all(module.training for module in model.modules())
    assert watch.status.state == "stopped"


def test_two_watches_of_one_optimizer_are_refused(loop: Callable[..., Any]) -> None:
    model, optimizer, watch = loop()
    with pytest.raises(RunError, match=r"close\(\) that watch first"):
        Watch(model, optimizer, LOSS, *batch())
    watch.close()
    Watch(model, optimizer, LOSS, *batch()).close()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (dict(model=3), "model=3 is not a torch.nn.Module"),
        (dict(optimizer="adam"), "no torch.optim.Optimizer"),
        (dict(loss=None), "loss=None is not callable"),
        (dict(loss=nn.MSELoss(reduction="none")), "shape"),
        (dict(inputs=torch.randn(7, 5)), "inputs hold 7 examples and targets 40"),
        (dict(inputs=torch.randn(40, 4)), "the model failed on inputs"),
        (dict(inputs=None), "inputs=None"),
        (dict(inputs=torch.full((40, 5), math.nan)), "NaN or infinity"),
        (dict(inputs=torch.empty(0, 5), targets=torch.empty(0, 3)), "empty"),
        (dict(targets=torch.randn(40)), "do not fit|does not fit"),
        (dict(share=0.0), "share=0.0"),
        (dict(share=1.0), "share=1.0"),
        (dict(every=0), "every=0"),
        (dict(eigenvalues=0), "eigenvalues=0"),
        (dict(tolerance=2.0), "tolerance=2.0"),
        (dict(hessian="exact"), "exact"),
    ],
)
def test_what_cannot_work_is_said_before_training(changes: dict[str, Any], words: str) -> None:
    model = network()
    x, y = batch()
    given = {"model": model, "optimizer": torch.optim.SGD(model.parameters(), lr=0.1), "loss": LOSS}
    given |= {"inputs": x, "targets": y, **changes}
    with pytest.raises((ArgumentError, ProblemError, UnknownNameError), match=words):
        Watch(**given)
    assert model.training


def test_an_optimizer_without_parameters_is_refused() -> None:
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.param_groups[0]["params"].clear()
    with pytest.raises(ArgumentError, match="holds no parameters"):
        Watch(model, optimizer, LOSS, *batch())
    model.requires_grad_(False)
    with pytest.raises(ProblemError, match="requires a gradient"):
        Watch(model, torch.optim.SGD(model.parameters(), lr=0.1), LOSS, *batch())
