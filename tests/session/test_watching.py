"""Watching a training loop: it is not disturbed, and what is measured, when and at what cost."""

from __future__ import annotations

import contextlib
import gc
import math
import os
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import rodflow_widgets
import rodflow_widgets as rf
from rodflow_widgets.session import Watch
from rodflow_widgets.session.cadence import AFTERMATH, Cadence
from rodflow_widgets.session.edges import Stays
from rodflow_widgets.session.learning_rates import LearningRates
from tests.engine.loops import LOSS, OPTIMIZERS, Restless, batch, network, train

from .watched import loop as loop
from .watched import threaded

# ---------------------------------------------------------------------- it is not disturbed


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


LEFT = """
import os, sys, torch
import rodflow_widgets as rf
torch.manual_seed(0)
x = torch.randn(20, 3)
y = x.sum(1, keepdim=True)
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
mse = torch.nn.functional.mse_loss
watch = rf.watch(model, optimizer, mse, x, y, every=1, save=sys.argv[1])
for step in range(7):
    if step == 5 and hasattr(os, "fork"):
        child = os.fork()
        if child == 0:
            sys.exit(0)
        os.waitpid(child, 0)
    optimizer.zero_grad()
    mse(model(x), y).backward()
    optimizer.step()
"""


def test_a_watch_that_nobody_has_closed_is_closed_when_the_program_ends(tmp_path: Path) -> None:
    root = Path(rodflow_widgets.__file__).parents[1]
    command = [sys.executable, "-c", LEFT, str(tmp_path / "run")]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found = rf.load(tmp_path / "run")
    assert found.status.state == "finished"
    assert found.status.sentence.startswith("Finished: 7 steps.")
    assert found["discrete"].status.state == "finished"
    assert len(found["discrete"]) == 7
    assert (tmp_path / "run" / "zarr.json").exists()


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
            if len(looks) > 1:
                assert cadence.cost(now).share <= 0.1 + 1e-9
    assert looks[0] == 0
    assert looks[1] == pytest.approx(1000 * AFTERMATH, rel=0.02)
    # What was saved up for a second look as dear as the first is spent in looks twice as often.
    assert np.diff(looks).min() >= 25 * AFTERMATH - 1
    assert np.diff(looks)[-10:].tolist() == pytest.approx([50 * AFTERMATH] * 10, abs=1.5)
    assert cadence.cost(now).share == pytest.approx(0.1, rel=0.02)


def test_a_pause_is_no_training_that_could_pay_for_looks() -> None:
    cadence = Cadence(0.1, None)
    cadence.begin(0.0)
    cadence.looked(1.0)
    cadence.paused(100.0)
    assert not cadence.due(1, 105.0)
    assert not cadence.due(1, 101.0 + 19 * AFTERMATH)
    assert cadence.due(1, 102.0 + 20 * AFTERMATH)


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
