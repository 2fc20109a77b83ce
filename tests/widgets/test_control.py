"""What the kernel tells a side panel, and what it does for one."""

import dataclasses
import threading
import weakref

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.session.saved import Saved
from rodflow_widgets.widgets import Live, control
from rodflow_widgets.wire.messages import PROTOCOL

HELLO = {"kind": "panel-hello", "protocol": PROTOCOL}


class Page:
    """The page's end of a comm, and the comm."""

    def __init__(self, identity="panel"):
        self.comm_id, self.heard, self.news = identity, [], threading.Condition()

    def on_msg(self, callback):
        self.receive = callback

    def on_close(self, callback):
        self.closed = callback

    def send(self, message):
        with self.news:
            self.heard.append(message)
            self.news.notify_all()

    def open(self, controlled, hello=HELLO):
        controlled.opened(self, {"content": {"data": hello}})

    def say(self, **message):
        self.receive({"content": {"data": message}})

    def see(self):
        self.say(kind="panel-seen", seq=max(message["seq"] for message in self.heard if "seq" in message))

    def until(self, condition):
        """Wait until a message heard, or to come, fulfils the condition; it is returned."""
        with self.news:
            assert self.news.wait_for(lambda: any(map(condition, self.heard)), 30), self.heard
            return next(filter(condition, self.heard))


@pytest.fixture
def controlled():
    return control.Control()


@pytest.fixture
def live(make_run, controlled):
    live = Live(make_run(optimizer=rf.optimizers.GradientDescent(0.4), steps=2_000_000))
    controlled.add(live)
    yield live
    live.close()


def entry_of(message, identity):
    return next((run for run in message.get("changed", ()) if run["id"] == identity), None)


def test_without_a_panel_there_is_no_thread_and_none_is_left_behind(live, controlled):
    live.run.start()
    assert controlled._thread is None
    page = Page()
    page.open(controlled)
    page.until(lambda message: message["kind"] == "panel-runs")
    thread = controlled._thread
    page.closed({})
    thread.join(30)
    assert not thread.is_alive()
    assert controlled._thread is None
    heard = len(page.heard)
    live.run.pause()
    assert len(page.heard) == heard


def test_a_page_that_has_gone_without_a_word_is_given_up_until_it_says_something(live):
    controlled = control.Control(gone=0.2)
    controlled.add(live)
    page = Page()
    page.open(controlled)
    thread = controlled._thread
    page.until(lambda message: message["kind"] == "panel-runs")
    thread.join(30)
    assert controlled._thread is None
    assert len(page.heard) == 1
    page.say(**HELLO)
    page.until(lambda message: message.get("seq") == 2)
    page.closed({})


def test_a_panel_hears_of_a_run_pauses_it_and_lets_it_go_on(live, controlled):
    identity = f"{live.model_id} 0"
    live.run.start()
    page = Page()
    page.open(controlled)
    first = page.until(lambda message: message["kind"] == "panel-runs")
    assert first["order"] == [identity]
    run = entry_of(first, identity)
    assert (run["view"], run["kind"], run["commands"]) == (live.model_id, "run", ["pause", "resume"])
    assert run["problem"] == live.run.recording.spec["problem"]["name"]
    page.see()
    page.say(kind="panel-command", id="a", run=identity, name="pause")
    assert page.until(lambda message: message["kind"] == "panel-reply") == {
        "id": "a",
        "ok": True,
        "message": "",
        "kind": "panel-reply",
    }
    assert live.run.status.state == "paused"
    paused = page.until(lambda message: (entry_of(message, identity) or {}).get("state") == "paused")
    assert entry_of(paused, identity)["step"] == live.run.status.step
    page.see()
    page.say(kind="panel-command", id="b", run=identity, name="resume")
    page.until(lambda message: message.get("id") == "b" and message["ok"])
    assert live.run.status.state == "running"


def test_a_page_that_says_nothing_is_told_nothing_more_until_it_says_hello(live, controlled):
    live.run.step(3)
    panel = control.Panel((page := Page()).send)
    live.run.step(3)
    described = [control.described(entry) for entry in controlled.entries]
    panel.tell(described)
    live.run.step(1)
    later = [control.described(entry) for entry in controlled.entries]
    panel.tell(later)
    assert len(page.heard) == 1
    panel.seen(0)
    panel.tell(later)
    assert len(page.heard) == 1
    panel.seen(1)
    panel.tell(later)
    panel.seen(2)
    panel.tell(later)
    assert [message["seq"] for message in page.heard] == [1, 2]
    assert page.heard[1]["changed"][0]["step"] == live.run.status.step
    panel.hello(PROTOCOL)
    panel.tell(later)
    assert len(page.heard) == 3
    assert page.heard[2]["changed"] == page.heard[1]["changed"]


def test_only_what_changed_is_sent(live, make_run, controlled):
    other = Live(make_run())
    controlled.add(other)
    live.run.step(2)
    panel = control.Panel((page := Page()).send)
    panel.tell([control.described(entry) for entry in controlled.entries])
    other.run.step(1)
    panel.seen(1)
    panel.tell([control.described(entry) for entry in controlled.entries])
    assert [len(message["changed"]) for message in page.heard] == [2, 1]
    other.close()
    panel.seen(2)
    panel.tell([control.described(entry) for entry in controlled.entries])
    assert page.heard[2]["order"] == [f"{live.model_id} 0"]
    assert page.heard[2]["changed"] == []


def test_what_cannot_be_done_is_answered(live, controlled):
    page = Page()
    page.open(controlled)
    live.run.stop()
    for serial, (run, name) in enumerate(
        [("none", "pause"), (f"{live.model_id} 0", "stop"), (f"{live.model_id} 0", "pause")]
    ):
        page.say(kind="panel-command", id=str(serial), run=run, name=name)
        reply = page.until(lambda message, serial=serial: message.get("id") == str(serial))
        assert not reply["ok"]
    assert "cannot be paused" in reply["message"]
    page.closed({})


def test_another_protocol_is_refused_in_words(live, controlled):
    page = Page()
    page.open(controlled, {**HELLO, "protocol": PROTOCOL + 1})
    reply = page.until(lambda message: message["kind"] == "panel-reply")
    assert not reply["ok"]
    assert f"protocol {PROTOCOL + 1}" in reply["message"]
    assert not [message for message in page.heard if message["kind"] == "panel-runs"]
    page.closed({})


def test_the_line_is_the_ratio_thinned_with_gaps_where_nothing_is(live):
    live.run.step(200)
    (entry,) = live.listed()
    described = control.described(entry)
    ratios = live.run.recording["discrete"]["sharpness_ratio"]
    rows = np.unique(np.linspace(0, len(ratios) - 1, control.POINTS).round().astype(int))
    assert len(described.line) == control.POINTS
    np.testing.assert_allclose(
        [np.nan if value is None else value for value in described.line],
        np.where(np.isfinite(ratios[rows]), ratios[rows], np.nan),
        rtol=1e-3,
    )
    assert described.ratio == [value for value in described.line if value is not None][-1]
    assert (described.step, described.steps) == (live.run.status.step, live.run.steps)
    empty = dataclasses.replace(entry, run=Saved(rf.Recording(live.run.recording.spec)))
    assert (control.described(empty).line, control.described(empty).ratio) == ([], None)


def test_forks_and_loops_are_listed_and_saved_runs_are_not(make_run, controlled):
    live = Live(make_run())
    live.run.step(2)
    live.fork(name="other", learning_rate=0.3).wait(60)
    viewed = rf.view(live.run.recording)
    model = torch.nn.Linear(2, 1)
    watch = rf.watch(
        model, torch.optim.SGD(model.parameters(), 0.1), torch.nn.MSELoss(), torch.ones(4, 2), torch.ones(4, 1)
    )
    for lister in (live, viewed, watch):
        controlled.add(lister)
    assert [(entry.kind, entry.name, bool(entry.view)) for entry in controlled.entries] == [
        ("run", "run", True),
        ("fork", "other", True),
        ("loop", "loop", False),
    ]
    shown = watch.live
    controlled.add(shown)
    assert [(entry.kind, entry.view) for entry in controlled.entries][2:] == [("loop", shown.model_id)]
    watch.close()
    for view in (live, viewed, shown):
        view.close()
    assert controlled.entries == []


def test_nothing_is_kept_alive(make_run, controlled):
    live = Live(make_run())
    controlled.add(live)
    held = weakref.ref(live)
    live.close()
    del live
    import gc

    gc.collect()
    assert held() is None
    assert controlled.entries == []
