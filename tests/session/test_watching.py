"""Watching a training loop: it is not disturbed, commands reach it, and what goes wrong in a look stays there."""

from __future__ import annotations

import contextlib
import gc
import itertools
import math
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

import rodflow_widgets as rf
from rodflow_widgets.errors import ArgumentError, ProblemError, RunError, UnknownNameError
from rodflow_widgets.session import Watch
from rodflow_widgets.session.cadence import AFTERMATH, Cadence
from rodflow_widgets.session.edges import Stays
from rodflow_widgets.session.learning_rates import LearningRates
from tests.engine.loops import LOSS, OPTIMIZERS, batch, network, train


@pytest.fixture
def loop() -> Callable[..., Any]:
    """A model in float64, its optimizer and a watch of both."""

    def make(name: str = "SGD", model: nn.Module | None = None, **options: Any) -> tuple[nn.Module, Any, Watch]:
        kind, arguments = OPTIMIZERS[name]
        model = network() if model is None else model
        optimizer = kind(model.parameters(), **arguments)
        given = {"every": 1, **options}
        return model, optimizer, Watch(model, optimizer, given.pop("loss", LOSS), *batch(), **given)

    return make


# ---------------------------------------------------------------------- it is not disturbed


class Restless(nn.Module):
    """Dropout, batch normalisation of which a part is frozen, and two layers that share a weight."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.first, self.norm, self.frozen = nn.Linear(5, 5), nn.BatchNorm1d(5), nn.BatchNorm1d(5)
        self.drop, self.second, self.head = nn.Dropout(0.4), nn.Linear(5, 5, bias=False), nn.Linear(5, 3)
        self.second.weight = self.first.weight
        self.frozen.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.drop(torch.tanh(self.second(self.frozen(self.norm(self.first(x)))))))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_is_the_same_bit_for_bit_with_a_watch_and_without(name: str) -> None:
    x, y = batch(dtype=torch.float32)

    def trained(watched: bool) -> list[torch.Tensor]:
        kind, options = OPTIMIZERS[name]
        model = Restless()
        optimizer = kind(
            [{"params": list(model.parameters())[:2], "lr": 1e-3}, {"params": list(model.parameters())[2:]}], **options
        )
        model.train()
        model.frozen.eval()
        torch.manual_seed(5)
        watch = Watch(model, optimizer, LOSS, x[:16], y[:16], every=1) if watched else contextlib.nullcontext()
        with watch:
            for _ in range(12):
                chosen = torch.randint(len(x), (8,))
                optimizer.zero_grad()
                LOSS(model(x[chosen]), y[chosen]).backward()
                optimizer.step()
                assert [module.training for module in model.modules()] == [True, True, True, False, True, True, True]
        if isinstance(watch, Watch):
            assert len(watch.recording["discrete"]) == 12
            assert np.isfinite(watch.recording["discrete"]["sharpness_ratio"]).all()
        grads = [torch.zeros(1) if p.grad is None else p.grad for p in model.parameters()]
        return [*model.state_dict().values(), *grads, torch.get_rng_state()]

    for one, other in zip(trained(True), trained(False), strict=True):
        assert torch.equal(one, other)


def test_a_step_without_a_look_touches_no_tensor(loop: Callable[..., Any]) -> None:
    """No operation of torch runs in the hooks, so nothing can wait for the device."""
    model, optimizer, watch = loop("Adam", every=1000)

    class Counted(TorchDispatchMode):
        def __init__(self) -> None:
            super().__init__()
            self.calls = 0

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            self.calls += 1
            return func(*args, **(kwargs or {}))

    for _ in train(model, optimizer, batch(), 2):
        pass
    with Counted() as counted:
        for _ in range(50):
            watch._before(optimizer, (optimizer,), {})
            watch._after(optimizer, (optimizer,), {})
    assert counted.calls == 0
    assert watch.step == 52
    watch.close()


def test_nothing_is_left_on_the_optimizer(loop: Callable[..., Any]) -> None:
    model, optimizer, watch = loop()
    with watch:
        for _ in train(model, optimizer, batch(), 3):
            pass
    assert not optimizer._optimizer_step_pre_hooks
    assert not optimizer._optimizer_step_post_hooks
    held = weakref.ref(watch)
    del watch
    gc.collect()
    assert held() is None


def test_a_loop_that_is_stopped_in_a_hook_goes_on(loop: Callable[..., Any]) -> None:
    model, optimizer, watch = loop()
    for step in train(model, optimizer, batch(), 6):
        if step == 2:
            future = threaded(lambda: watch.submit("stop", {}))
    future.result(5)
    assert watch.status.state == "stopped"
    assert watch.status.step == 2
    assert "training went on" in watch.status.sentence
    assert len(watch.recording["discrete"]) == 2
    watch.close()
    assert watch.status.state == "stopped"
    assert not optimizer._optimizer_step_pre_hooks


def threaded(act: Callable[[], Any]) -> Any:
    """What `act` returns on another thread, or raises."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(act()))
    thread.start()
    thread.join(20)
    assert found
    return found[0]


# ---------------------------------------------------------------------- what it says


def test_it_counts_rows_steps_and_says_how_it_ended(loop: Callable[..., Any]) -> None:
    model, optimizer, watch = loop(every=3)
    assert watch.status.state == "ready"
    with watch:
        for step in train(model, optimizer, batch(), 10):
            if step == 5:
                assert watch.status.state == "running"
    assert watch.recording["discrete"]["time"].tolist() == [0, 3, 6, 9]
    assert watch.status.state == "finished"
    assert watch.status.step == 10
    assert watch.status.sentence.startswith("Finished: 10 steps. Last seen below its edge (ratio ")
    assert watch.steps is None
    assert watch.recording.spec["steps"] is None
    assert watch.recording.seconds > 0
    assert "probe batch of 40 examples" in " ".join(watch.notes)
    assert "Training takes other batches" in " ".join(watch.notes)


def test_it_says_since_when_training_is_at_its_edge_and_when_it_left(loop: Callable[..., Any]) -> None:
    model, optimizer, watch = loop()
    ratios = []
    with watch:
        for step in train(model, optimizer, batch(), 120):
            if step == 20:
                rate = optimizer.param_groups[0]["lr"]
                watch.set(learning_rate=1.05 * rate / watch.recording["discrete"]["sharpness_ratio"][-1])
            if step == 60:
                assert watch.edge == 20
                assert "At its edge since step 20" in watch.status.sentence
                watch.set(learning_rate=rate / 10)
        ratios = watch.recording["discrete"]["sharpness_ratio"]
    assert ratios[20] > 1
    assert ratios[60] < 0.9
    assert watch.stays == ((20, 60),)
    assert watch.edge is None
    assert "which it left at step 60" in watch.status.sentence


def test_stays_begin_at_0975_and_end_below_09() -> None:
    stays = Stays()
    for step, ratio in enumerate([0.5, math.nan, 0.97, 0.98, 1.3, 0.91, math.nan, 0.89, 0.95, 0.975]):
        stays.saw(step, ratio)
    assert stays.all == ((3, 7), (9, None))
    assert stays.since == 9


def test_what_the_loop_says_of_its_loss_is_recorded(loop: Callable[..., Any]) -> None:
    model, optimizer, watch = loop()
    x, y = batch()

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = LOSS(model(x[:7]), y[:7])
        loss.backward()
        return loss

    with watch:
        losses = [float(optimizer.step(closure).detach()) for _ in range(3)]
        losses += [float(optimizer.step(closure=closure).detach()) for _ in range(2)]
        for _ in train(model, optimizer, batch(), 1):
            watch.tell(torch.tensor(3.5, requires_grad=True))
    assert watch.recording["discrete"]["training_loss"].tolist() == [*losses, 3.5]


def test_listeners_hear_of_rows_and_of_the_end(loop: Callable[..., Any]) -> None:
    model, optimizer, watch = loop()
    heard, before_return = [], []
    watch.on_change(lambda: heard.append((len(watch.recording["discrete"]), watch.status.state)))
    watch.on_change(lambda: before_return.append(watch.status.state), before_return=True)
    with watch:
        for _ in train(model, optimizer, batch(), 3):
            pass
    assert {(1, "running"), (2, "running"), (3, "running"), (3, "finished")} <= set(heard)
    assert before_return == ["finished"]


# ---------------------------------------------------------------------- when it looks, and what that costs


def test_by_share_it_looks_as_often_as_that_allows() -> None:
    cadence, now, looks = Cadence(0.1, None), 0.0, []
    cadence.begin(now)
    for step in range(4000):
        now += 0.01
        if cadence.due(step, now):
            took = 0.5 if not looks else 0.05
            now += took
            cadence.looked(took)
            looks.append(step)
            if len(looks) > 2:  # nobody knows what the second will take
                assert cadence.cost(now).share <= 0.1 + 1e-9
    assert looks[0] == 0
    assert looks[1] == pytest.approx(500 * AFTERMATH, rel=0.02)
    assert np.diff(looks)[2:].tolist() == pytest.approx([50 * AFTERMATH] * (len(looks) - 3), abs=1)
    assert cadence.cost(now).share == pytest.approx(0.1, rel=0.02)


def test_a_pause_is_no_training_that_could_pay_for_looks() -> None:
    cadence = Cadence(0.1, None)
    cadence.begin(0.0)
    cadence.looked(1.0)
    cadence.paused(100.0)
    assert not cadence.due(1, 105.0)
    assert cadence.due(1, 102.0 + 10 * AFTERMATH)


def test_the_cadence_can_be_changed_in_mid_run(loop: Callable[..., Any]) -> None:
    model, optimizer, watch = loop(every=5)
    with watch:
        for step in train(model, optimizer, batch(), 20):
            if step == 10:
                watch.measure(every=2)
            if step == 16:
                watch.measure(share=1e-9)
    assert watch.recording["discrete"]["time"].tolist() == [0, 5, 10, 12, 14]
    assert watch.cost.limit == 1e-9
    assert watch.cost.every is None
    assert watch.cost.share > 0


# ---------------------------------------------------------------------- the learning rate


def test_the_learning_rate_is_set_for_all_groups_by_the_same_factor() -> None:
    model = network()
    halves = list(model.parameters())
    optimizer = torch.optim.SGD([{"params": halves[:2]}, {"params": halves[2:], "lr": 0.02}], lr=0.1, momentum=0.9)
    with Watch(model, optimizer, LOSS, *batch(), every=1) as watch:
        for step in train(model, optimizer, batch(), 6):
            if step == 3:
                (event,) = watch.set(learning_rate=0.2)
    assert [group["lr"] for group in optimizer.param_groups] == [0.2, pytest.approx(0.04)]
    assert (event.step, event.old, event.new) == (3, 0.1, 0.2)
    assert watch.events == (event,)
    assert watch.recording["discrete"]["learning_rate"].tolist() == [0.1] * 3 + [0.2] * 3
    assert watch.values == {"learning_rate": 0.2}
    # The edge of torch's heavy ball in torch's own learning rate.
    assert watch.edge_factor == pytest.approx(2 * 1.9)


def test_a_learning_rate_that_is_a_tensor_is_set_in_place() -> None:
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=torch.tensor(0.1))
    held = optimizer.param_groups[0]["lr"]
    with Watch(model, optimizer, LOSS, *batch(), every=1) as watch:
        for step in train(model, optimizer, batch(), 4):
            if step == 2:
                watch.set(learning_rate=0.25)
    assert optimizer.param_groups[0]["lr"] is held
    assert float(held) == 0.25
    assert [(event.step, event.new) for event in watch.events] == [(2, 0.25)]


def test_a_scheduler_of_steps_is_an_event_a_change(loop: Callable[..., Any]) -> None:
    model, optimizer, watch = loop(every=50)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 30, 0.5)
    with watch:
        for _ in train(model, optimizer, batch(), 100):
            if watch.step:
                scheduler.step()
    assert [event.new for event in watch.events] == pytest.approx([0.15, 0.075, 0.0375])
    assert {event.note for event in watch.events} == {"by the training loop"}


def rates(values: list[float]) -> list[tuple[int, float, float]]:
    seen = LearningRates(values[0])
    events = [event for step, value in enumerate(values) for event in seen.seen(step, value)]
    assert [event.step for event in events] == sorted(event.step for event in events)
    return [(event.step, event.old, event.new) for event in events]


def test_a_rate_that_moves_smoothly_is_its_start_and_its_rest() -> None:
    cosine = [0.05 * (1 + math.cos(math.pi * min(step, 400) / 400)) for step in range(500)]
    assert rates(cosine) == [(1, cosine[0], cosine[1]), (400, cosine[1], cosine[400])]
    warm_up = [1e-3 * min(step + 1, 100) for step in range(200)]
    assert [step for step, _, _ in rates(warm_up)] == [1, 99]


def test_a_jump_of_a_rate_that_moves_is_an_event() -> None:
    falling = [0.1 * 0.999**step * (0.1 if step >= 200 else 1) for step in range(300)]
    found = rates(falling)
    assert [step for step, _, _ in found] == [1, 200]
    assert found[1][2] == pytest.approx(0.1 * found[1][1], rel=0.01)


def test_a_rate_that_is_set_while_it_moves_is_an_event_of_its_own() -> None:
    seen = LearningRates(0.1)
    events = [event for step in range(1, 50) for event in seen.seen(step, 0.1 + 1e-4 * step)]
    (event,) = seen.set(50, 0.5)
    assert len(events) == 1
    assert (event.step, event.new, event.note) == (50, 0.5, "")
    assert seen.seen(50, 0.5) == []


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

    def __init__(self, error: Exception, fails: Callable[[int], bool]) -> None:
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
    loss = Failing(KeyboardInterrupt(), lambda step: step == 2)  # type: ignore[arg-type]
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


# ---------------------------------------------------------------------- forecasts


@pytest.fixture
def double() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize("name", [*OPTIMIZERS, "AdamW with decay"])
def test_the_forecast_of_a_full_batch_loop_is_what_happens(name: str, double: None) -> None:
    kind, options = OPTIMIZERS.get(name, (torch.optim.AdamW, dict(lr=1e-2, betas=(0.9, 0.99), weight_decay=0.5)))
    model = network()
    optimizer = kind(model.parameters(), **options)
    at, steps = 40, 60
    with Watch(model, optimizer, LOSS, *batch(), every=1, tolerance=1e-8) as watch:
        for step in train(model, optimizer, batch(), at + steps + 1):
            if step == at:
                run = watch.forecast(steps, iterates=True)
    run.wait(60)
    seen, told = watch.recording["discrete"], run.recording
    assert told["rod"]["time"].tolist() == told["discrete"]["time"].tolist() == list(range(at, at + steps + 1))
    assert told["discrete"]["loss"] == pytest.approx(seen["loss"][at:], rel=1e-12)
    assert told["discrete"]["edge_threshold"] == pytest.approx(seen["edge_threshold"][at:], rel=1e-12)
    # A rod at time t is at the midpoint of two iterates, and predicts the mean of their losses.
    mean = (seen["loss"][at:-1] + seen["loss"][at + 1 :]) / 2
    assert told["rod"]["predicted_loss"][:-1] == pytest.approx(mean, rel=1e-3)
    assert told["rod"]["sharpness_ratio"] == pytest.approx(seen["sharpness_ratio"][at:], rel=3e-2)
    assert told.spec["parent"] == {"name": "run", "step": at}
    assert "noise of minibatches" in " ".join(run.notes)


def test_training_goes_on_while_a_forecast_runs_and_neither_disturbs_the_other() -> None:
    x, y = batch(dtype=torch.float32)

    def trained(forecasting: bool) -> tuple[list[torch.Tensor], Any]:
        model = Restless()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        torch.manual_seed(5)
        run = None
        with Watch(model, optimizer, LOSS, x, y, every=1000) as watch:
            for step in range(60):
                chosen = torch.randint(len(x), (8,))
                optimizer.zero_grad()
                LOSS(model(x[chosen]), y[chosen]).backward()
                optimizer.step()
                if forecasting and step == 10:
                    run = watch.forecast(30)
            if run is not None:
                run.wait(60)
                losses = run.recording["rod"]["loss"]
                again = watch.forecast(5)
                again.wait(60)
                assert again.recording["rod"]["loss"][0] != losses[0]
        return [*model.state_dict().values(), torch.get_rng_state()], run

    (with_it, run), (without, _) = trained(True), trained(False)
    assert all(torch.equal(one, other) for one, other in zip(with_it, without, strict=True))
    assert run.status.state == "finished"
    assert list(run.recording) == ["rod"]
    assert run.recording["rod"]["time"][[0, -1]].tolist() == [11, 41]


def test_a_forecast_can_be_asked_for_before_the_first_step_and_after_the_last(loop: Callable[..., Any]) -> None:
    model, optimizer, watch = loop("Adam")
    early = watch.forecast(10).wait(60)
    with watch:
        for _ in train(model, optimizer, batch(), 5):
            pass
    late = watch.forecast(10)
    late.wait(60)
    assert early.state == "finished"
    assert late.recording["rod"]["time"][0] == 5


def test_listeners_hear_of_forecasts(loop: Callable[..., Any]) -> None:
    _, _, watch = loop()
    heard: list[Any] = []
    forget = watch.on_forecast(heard.append)
    run = watch.forecast(5)
    forget()
    watch.forecast(5).wait(60)
    run.wait(60)
    assert heard == [run]
    watch.close()


def test_a_model_that_cannot_be_copied_has_no_forecast_and_trains_on(loop: Callable[..., Any]) -> None:
    model, optimizer, watch = loop()
    model.lock = threading.Lock()
    with watch:
        for step in train(model, optimizer, batch(), 4):
            if step == 2:
                with pytest.raises(RunError, match="cannot be copied"):
                    watch.forecast(5)
    assert watch.status.state == "finished"


def test_recordings_are_like_those_of_any_run(loop: Callable[..., Any], tmp_path: Any) -> None:
    model, optimizer, watch = loop(eigenvalues=2)
    with watch:
        for _ in train(model, optimizer, batch(), 4):
            pass
    loaded = rf.load(watch.recording.save(tmp_path / "watched"))
    assert loaded["discrete"]["eigenvalues"].shape == (4, 2)
    assert loaded.spec["steps"] is None
    assert loaded.status == watch.status
    assert list(watch.recording.to_pandas("discrete").columns)[:2] == ["loss", "grad_norm"]
