"""A training loop in a live view: its rows, its learning rate, and its forecasts as branches."""

import json
import threading
import time

import pytest
import torch
from torch import nn

import rodflow_widgets as rf
from rodflow_widgets.errors import RunError, UnknownNameError
from rodflow_widgets.widgets.sender import SENDER
from rodflow_widgets.wire.messages import PROTOCOL
from tests.engine.loops import LOSS, batch, network, train


def until(true, seconds=30):
    """Wait for another thread."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(2e-3)


@pytest.fixture
def loop():
    made = []

    def make(**options):
        model = network()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
        watch = rf.watch(model, optimizer, LOSS, *batch(), **{"every": 1, **options})
        made.append(watch)
        return model, optimizer, watch

    yield make
    for watch in made:
        watch.live.close()
        watch.close()


class Page:
    """What a page hears of a view, and says to it."""

    def __init__(self, live, monkeypatch):
        self.live, self.contents = live, []
        monkeypatch.setattr(live, "send", lambda content, buffers=None: self.contents.append(content))
        self.say(kind="hello", protocol=PROTOCOL, run=None, rows={})

    def say(self, **message):
        self.live._handle_custom_msg({"branch": 0, "client": "page", **message}, [])

    def command(self, identity, name, **args):
        self.say(kind="command", id=identity, name=name, args=args)

    def reply(self, identity):
        def found():
            return [c for c in self.contents if c["kind"] == "reply" and c["id"] == identity]

        until(found)
        return found()[0]


def test_the_view_shows_what_a_watch_is(loop):
    model, optimizer, watch = loop()
    live = watch.live
    assert live is watch.live
    assert live.run is watch
    branch = live.branches[0]
    assert branch["commands"] == ["set", "forecast", "measure", "pause", "resume", "stop"]
    assert "probe batch of 40 examples" in branch["notes"][0]
    assert branch["spec"]["steps"] is None
    assert live.learning_rate == 0.3
    with watch:
        for _ in train(model, optimizer, batch(), 5):
            pass
    until(lambda: live.status == "finished")
    assert live.step == 5
    assert live.statuses["0"]["steps"] is None
    assert live.statuses["0"]["cost"]["every"] == 1
    assert live.statuses["0"]["cost"]["share"] > 0
    json.dumps([live.branches, live.statuses], allow_nan=False)


def test_the_learning_rate_of_the_view_drives_the_optimizer(loop):
    model, optimizer, watch = loop()
    live = watch.live
    with watch:
        for step in train(model, optimizer, batch(), 6):
            if step == 2:
                live.learning_rate = 0.1
            if step == 4:
                optimizer.param_groups[0]["lr"] = 0.05
    assert watch.recording["discrete"]["learning_rate"].tolist() == [0.3, 0.3, 0.1, 0.1, 0.05, 0.05]
    assert [(event.step, event.new, event.note) for event in watch.events] == [
        (2, 0.1, ""),
        (4, 0.05, "by the training loop"),
    ]
    until(lambda: live.learning_rate == 0.05)


def test_a_page_steers_the_loop_from_other_threads(loop, monkeypatch):
    model, optimizer, watch = loop()
    page = Page(watch.live, monkeypatch)
    with watch:
        for step in train(model, optimizer, batch(), 8):
            if step == 3:
                page.command("a", "set", learning_rate=0.2)
                page.command("b", "measure", share=0.5)
                page.command("c", "set", learning_rate=-1)
                page.command("d", "fork")
                until(lambda: len(watch._queue) == 2)
    assert page.reply("a")["ok"]
    assert page.reply("a")["step"] == 3
    assert page.reply("b")["ok"]
    assert "learning_rate=-1" in page.reply("c")["message"]
    assert "training loop" in page.reply("d")["message"]
    assert optimizer.param_groups[0]["lr"] == 0.2
    assert watch.cost.limit == 0.5


def test_a_forecast_is_a_branch_over_what_then_happens(loop, monkeypatch):
    model, optimizer, watch = loop()
    live = watch.live
    page = Page(live, monkeypatch)
    asked = []
    with watch:
        for step in train(model, optimizer, batch(), 12):
            if step == 4:
                asked.append(watch.forecast(6))
            if step == 7:
                page.command("f", "forecast", steps=5)
                until(lambda: watch._queue)
    assert page.reply("f")["ok"]
    assert page.reply("f")["step"] == 7
    for run in list(live.runs.values())[1:]:
        run.wait(60)
    assert list(live.runs) == ["run", "forecast at 4", "forecast at 7"]
    assert live.runs["forecast at 4"] is asked[0]
    assert [(b["kind"], b["parent"], b["step"]) for b in live.branches[1:]] == [("forecast", 0, 4), ("forecast", 0, 7)]
    assert "noise of minibatches" in live.branches[1]["notes"][1]
    assert asked[0].recording["rod"]["time"].tolist() == list(range(4, 11))
    live.remove("forecast at 7")
    assert list(live.runs) == ["run", "forecast at 4"]


def test_a_forecast_of_a_forecast_is_refused(loop, monkeypatch):
    _, _, watch = loop()
    page = Page(watch.live, monkeypatch)
    watch.forecast(3).wait(60)
    page.say(branch=1, kind="command", id="x", name="forecast", args={"steps": 3})
    assert "There is no forecast of 'forecast at 0'" in page.reply("x")["message"]


def test_closing_the_view_ends_watching_and_not_training(loop):
    model, optimizer, watch = loop()
    for step in train(model, optimizer, batch(), 6):
        if step == 3:
            watch.live.close()
    assert watch.status.state == "stopped"
    assert watch.status.step == 3


def test_forecasts_go_on_without_a_view(loop):
    _, _, watch = loop()
    watch.live.close()
    with pytest.raises(RunError):
        watch.set(learning_rate=0.2)
    assert watch.forecast(3).wait(60).state == "finished"


def test_a_watch_displays_itself_as_the_live_view(loop, monkeypatch):
    _, _, watch = loop()
    published = []
    monkeypatch.setattr("IPython.display.publish_display_data", lambda data, *rest, **more: published.append(data))
    watch._ipython_display_()
    assert "application/vnd.jupyter.widget-view+json" in published[0]
    assert "Live: SGD on Sequential, 57 parameters" in repr(watch.live)


def test_what_no_watch_takes_is_refused(loop):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(UnknownNameError, match="did you mean 'share'"):
        rf.watch(model, optimizer, nn.MSELoss(), *batch(), shore=0.1)
    with pytest.raises(UnknownNameError, match="did you mean 'loss'"):
        rf.watch(model, optimizer, nn.MSELoss(), *batch(), panels=["los"])
    rf.watch(model, optimizer, nn.MSELoss(), *batch()).close()


def test_the_picture_of_a_finished_watch_can_be_drawn(loop):
    from rodflow_widgets.figures import picture

    model, optimizer, watch = loop(eigenvalues=2)
    with watch:
        for step in train(model, optimizer, batch(), 30):
            if step == 10:
                watch.set(learning_rate=0.4)
    assert picture(watch.recording).startswith(b"\x89PNG")


def test_the_sender_has_nothing_left(loop):
    _, _, watch = loop()
    watch.live.close()
    until(lambda: watch.live._branches[0].feed not in SENDER._feeds)
    assert threading.active_count() < 20
