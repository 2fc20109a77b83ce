"""Watching a training loop: forecasts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.errors import RunError
from rodflow_widgets.session import Watch
from tests.engine.loops import LOSS, OPTIMIZERS, Restless, batch, network, train

from .watched import loop as loop


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
