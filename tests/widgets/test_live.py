import dataclasses
import gc
import inspect
import json
import threading
import weakref

import pytest

import rodflow_widgets as rf
from rodflow_widgets.errors import ArgumentError, RodflowError, UnknownNameError
from rodflow_widgets.widgets import Live, cells, compare
from rodflow_widgets.widgets.sender import SENDER
from rodflow_widgets.wire.messages import PROTOCOL, Branch


def feed_of(live):
    return next(iter(live._branches)).feed


@pytest.fixture
def live(make_run):
    live = Live(make_run())
    yield live
    live.close()


def test_compare_runs_and_waits():
    live = compare(rf.problems.quadratic(sharpness=2.0), rf.optimizers.GradientDescent(0.4), steps=20)
    assert live.run.wait(60).state == "finished"
    assert len(live.run.recording["discrete"]) == 21
    assert "gradient descent on" in repr(live)
    assert "finished" in repr(live)
    live.close()


def test_compare_takes_the_arguments_of_simulate():
    arguments = rf.problems.quadratic(sharpness=2.0), rf.optimizers.GradientDescent(0.4)
    live = compare(*arguments, ("discrete",), steps=5, progress=False, autostart=False)
    assert list(live.run.recording) == ["discrete"]
    live.close()
    taken, given = (list(inspect.signature(f).parameters.values()) for f in (compare, rf.simulate))
    assert [p for p in taken if p.name not in ("autostart", "panels", "unknown_keywords")] == given[:-1]


def test_compare_without_autostart_waits_for_a_start():
    arguments = rf.problems.quadratic(sharpness=2.0), rf.optimizers.GradientDescent(0.4)
    live = compare(*arguments, steps=5, autostart=False)
    assert live.run.status.state == "ready"
    live.close()


def test_bad_arguments_raise_before_anything_is_made():
    problem, optimizer = rf.problems.quadratic(sharpness=2.0), rf.optimizers.GradientDescent(0.4)
    feeds = len(SENDER._feeds)
    with pytest.raises(UnknownNameError, match="did you mean 'steps'"):
        compare(problem, optimizer, step=20)
    with pytest.raises(UnknownNameError, match="did you mean 'autostart'"):
        compare(problem, optimizer, autostrat=False)
    with pytest.raises(UnknownNameError, match="did you mean 'rod'"):
        compare(problem, optimizer, processes=("discrete", "rodd"))
    with pytest.raises(ArgumentError, match="steps"):
        compare(problem, optimizer, steps=0)
    assert len(SENDER._feeds) == feeds


def test_a_bundle_that_was_not_built_says_what_to_run(built, make_run):
    (built / "live.js").unlink()
    feeds = len(SENDER._feeds)
    with pytest.raises(RodflowError, match="npm run build"):
        Live(make_run())
    assert len(SENDER._feeds) == feeds


def test_traits_are_strings_and_plain_json(live):
    assert live._esm == "export default {}"
    assert live._css.startswith(".rodflow {}")
    json.dumps([live.branches, live.statuses], allow_nan=False)
    (branch,) = live.branches
    assert set(branch) == {field.name for field in dataclasses.fields(Branch)}
    assert (branch["id"], branch["name"], branch["spec"]["run"]) == (0, "run", 1)
    assert live.statuses["0"]["state"] == live.status == "ready"
    assert {"protocol", "branches", "statuses", "snapshot", "panels", "_esm", "_css"} <= set(live.keys)


def test_what_the_page_says_reaches_the_run(live):
    said = threading.Event()
    live.run.on_change(lambda: said.set() if live.run.status.state == "paused" else None)
    live._handle_custom_msg({"kind": "command", "client": "a", "id": "1", "name": "step", "args": {"n": 3}}, [])
    assert said.wait(30)
    assert len(live.run.recording["discrete"]) == 3


def test_messages_are_only_put_aside_in_the_callers_thread(live, monkeypatch):
    taken = []
    monkeypatch.setattr(feed_of(live), "_command", lambda *a: taken.append(threading.current_thread().name))
    pumped = threading.Event()
    monkeypatch.setattr(feed_of(live), "_say_status", lambda page, now: pumped.set() or 1e9)
    live._handle_custom_msg({"kind": "command", "client": "a", "id": "1", "name": "stop"}, [])
    assert pumped.wait(30)
    assert set(taken) <= {"rodflow-sender"}


def test_close_stops_the_run_and_keeps_the_recording():
    live = compare(rf.problems.quadratic(sharpness=2.0), rf.optimizers.GradientDescent(0.4), steps=10**6)
    run = live.run
    live.close()
    assert run.wait(60).state == "stopped"
    assert feed_of(live) not in SENDER._feeds
    live.close()


def test_a_closed_widget_is_collected(make_run):
    live = Live(make_run())
    reference = weakref.ref(live)
    live.close()
    del live
    gc.collect()
    assert reference() is None


def test_the_sender_ends_with_the_last_widget(make_run):
    live = Live(make_run())
    thread = SENDER._thread
    live.close()
    thread.join(30)
    assert not thread.is_alive()


def test_a_widget_whose_sending_failed_answers_the_next_hello(live, monkeypatch, caplog):
    failed, answered, told = threading.Event(), threading.Event(), threading.Event()

    def fail(message, **more):
        failed.set()
        raise OSError("the socket has gone")

    def work(message, **more):
        if message["method"] == "custom" and message["content"]["kind"] == "snapshot":
            answered.set()
        if (
            message["method"] == "update"
            and message["state"].get("statuses", {}).get("0", {}).get("state") == "finished"
        ):
            told.set()

    hello = {"kind": "hello", "client": "a", "protocol": PROTOCOL, "run": None, "rows": {}}
    monkeypatch.setattr(live, "_send", fail)
    live.run.start()
    assert live.run.wait(60).state == "finished"
    live._handle_custom_msg(hello, [])
    assert failed.wait(30)
    monkeypatch.setattr(live, "_send", lambda message, buffers=None: work(message))
    live._handle_custom_msg(hello, [])
    assert answered.wait(30)
    assert told.wait(30)
    assert feed_of(live) in SENDER._feeds
    assert "the socket has gone" in caplog.text


def test_a_cell_that_runs_again_closes_what_it_made(make_run, monkeypatch):
    place = ["cell", "first"]
    monkeypatch.setattr(cells, "current", lambda: tuple(place))
    old = [Live(make_run()), Live(make_run())]
    assert all(live.comm is not None for live in old)
    place[1] = "second"
    new = Live(make_run())
    assert all(live.comm is None for live in old)
    place[0] = "another cell"
    other = Live(make_run())
    assert new.comm is not None
    for live in (new, other):
        live.close()


def test_the_same_numbers_with_and_without_a_view():
    problem, options = rf.problems.valley(epsilon=0.05, zeta=0.05), {"steps": 60, "seed": 3}
    optimizer = rf.optimizers.GradientDescent(0.4)
    alone = rf.simulate(problem, optimizer, progress=False, **options)
    live = compare(problem, optimizer, **options)
    live._handle_custom_msg({"kind": "hello", "client": "a", "protocol": PROTOCOL, "run": None, "rows": {}}, [])
    live.run.wait(60)
    for table in alone.tables:
        for name in table:
            assert table[name].tobytes() == live.run.recording[table.name][name].tobytes(), (table.name, name)
    live.close()
