import json
import threading

import numpy as np
import pytest

import rodflow_widgets as rf
from rodflow_widgets.session import Cost, Saving
from rodflow_widgets.widgets.feed import STATUS_SECONDS, Feed
from rodflow_widgets.wire import codec
from rodflow_widgets.wire.pacer import Budget, Pacer


@pytest.fixture
def feed_to():
    """A feed to a page, whose `news` is set whenever there may be something to pump."""

    def make(run, page):
        news = threading.Event()
        feed = Feed(run, lambda: page, Pacer(Budget()), news.set)
        feed.news = news
        return feed

    return make


def agree(page, recording):
    for table in recording.tables:
        rows = table.rows(0, len(table))
        assert page.held.get(table.name, 0) == len(table)
        for name, values in rows.items():
            found = page.tables[table.name][name].reshape(values.shape)
            np.testing.assert_array_equal(found, values.astype(np.float32), err_msg=f"{table.name} {name}")


def reply(feed, page, now=0.0):
    """Pump until the kernel has answered."""
    before = page.kinds().count("reply")
    while page.kinds().count("reply") == before:
        assert feed.news.wait(30)
        feed.news.clear()
        feed.pump(now)
    return [message for message in page.messages if message["kind"] == "reply"][-1]


def test_hello_gets_everything_and_frames_go_on_from_there(make_run, feed_to, client):
    run, page = make_run(), client()
    feed = feed_to(run, page)
    run.step(10)
    feed.pump(0.0)
    assert page.messages == []
    feed.receive(page.hello())
    feed.pump(1.0)
    assert page.kinds() == ["snapshot"]
    agree(page, run.recording)
    run.step(7)
    feed.receive(page.ack())
    feed.pump(2.0)
    assert page.kinds() == ["snapshot", "frame"]
    assert [b["first_row"] for b in page.messages[1]["blocks"] if b["table"] == "discrete"] == [10]
    agree(page, run.recording)
    assert page.gaps == 0


def test_two_frames_in_flight_and_no_more(make_run, feed_to, client):
    run, page = make_run(), client()
    feed = feed_to(run, page)
    feed.receive(page.hello())
    feed.pump(0.0)
    for i in range(1, 6):
        run.step(2)
        feed.pump(float(i) / 10)
    assert page.kinds() == ["snapshot", "frame"]
    feed.receive(page.ack())
    feed.pump(0.7)
    assert page.kinds() == ["snapshot", "frame", "frame"]
    agree(page, run.recording)


def test_a_second_page_and_a_reload_see_no_gap_and_no_duplicate(make_run, feed_to, client):
    run, first, second = make_run(), client("first"), client("second")

    class Both:
        def send(self, content, buffers):
            first.send(content, buffers)
            second.send(content, buffers)

        def show(self, branch, **traits):
            pass

    feed = feed_to(run, Both())
    feed.receive(first.hello())
    feed.pump(0.0)
    run.step(5)
    feed.pump(0.1)
    run.step(3)
    feed.receive(second.hello())
    feed.receive(first.ack())
    feed.pump(0.2)
    run.step(4)
    feed.receive(first.ack())
    feed.receive(second.ack())
    feed.pump(0.3)
    feed.receive(first.ack())
    feed.receive(second.ack())
    feed.pump(0.4)
    agree(first, run.recording)
    agree(second, run.recording)
    assert (first.gaps, second.gaps) == (0, 0)


def test_commands_are_answered(make_run, feed_to, client):
    run, page = make_run(), client()
    feed = feed_to(run, page)
    run.step(6)

    def say(name, **args):
        feed.receive({"kind": "command", "client": "page", "id": name, "name": name, "args": args})
        return reply(feed, page)

    answer = say("set", learning_rate=0.6)
    assert (answer["id"], answer["ok"]) == ("set", True)
    assert answer["step"] == run.recording.events[0].step
    assert page.traits["status"]["values"] == {"learning_rate": 0.6}
    refused = say("set", learning_rate=-1.0)
    assert not refused["ok"]
    assert "learning_rate" in refused["message"]
    assert not say("sett")["ok"]
    assert not say("set", rate=1.0)["ok"]
    assert not say("step", n=0)["ok"]
    assert say("step", n=2)["ok"]
    assert len(run.recording["discrete"]) == 8
    assert say("stop")["ok"]
    assert "cannot be resumed" in say("resume")["message"]
    assert page.traits["status"]["state"] == "stopped"


@pytest.mark.parametrize(
    ("optimizer", "changes"),
    [
        (rf.optimizers.GradientDescent(0.4), {"learning_rate": 0.7}),
        (rf.optimizers.HeavyBall(0.4, beta=0.9), {"beta": 0.95}),
        (rf.optimizers.Adam(0.01), {"beta1": 0.8}),
        (rf.optimizers.Adam(0.01), {"learning_rate": 0.02, "eps": 1e-3}),
        (rf.optimizers.NAdam(0.01), {"momentum_decay": 1.0}),
    ],
)
def test_the_status_carries_the_edge_of_this_step_and_these_values(make_run, feed_to, client, optimizer, changes):
    run, page = make_run(optimizer=optimizer, processes=("discrete",)), client()
    feed = feed_to(run, page)
    run.step(6)
    feed.pump(0.0)
    status = page.traits["status"]
    recorded = run.recording["discrete"]["edge_threshold"]
    assert status["edge_factor"] / status["values"]["learning_rate"] == pytest.approx(recorded[-1], rel=1e-12)

    run.set(**changes)
    feed.pump(0.01)
    status, changed = page.traits["status"], optimizer.replace(**changes)
    assert status["values"] == changed.values
    now = status["edge_factor"] / status["values"]["learning_rate"]
    assert now == pytest.approx(changed.edge_threshold(6), rel=1e-12)

    # From the first step that uses them on, the recorded edge is that of the changed hyperparameters.
    run.step(10)
    events = run.recording.events
    assert {event.name for event in events} == set(changes)
    for row, threshold in enumerate(run.recording["discrete"]["edge_threshold"]):
        used = changed if row >= events[0].step else optimizer
        assert threshold == pytest.approx(used.edge_threshold(row + 1), rel=1e-12)


def test_status_at_once_on_a_new_state_and_once_a_second_else(make_run, feed_to, client):
    run, page = make_run(steps=400, processes=("discrete",)), client()
    feed, shown = feed_to(run, page), []
    page.show = lambda branch, **traits: shown.append(traits["status"]["step"]) if "status" in traits else None
    for i in range(100):
        run.step(1)
        feed.pump(i / 100)
    assert 1 <= len(shown) <= 2
    run.stop()
    feed.pump(1.0)
    assert shown[-1] == 99


def test_what_a_run_says_of_itself_is_told_when_it_is_another(make_run, feed_to, client, monkeypatch):
    run, page, shown = make_run(), client(), []
    feed = feed_to(run, page)
    page.show = lambda branch, **traits: shown.append(traits)
    feed.receive(page.hello())
    feed.pump(0.0)
    assert [list(what) for what in shown] == [["status"]]
    run.notes = ("Measured on the batch.",)
    feed.pump(0.1)
    feed.pump(0.2)
    assert [list(what) for what in shown[1:]] == [["spec"]]
    told: dict[str, object] = {}
    monkeypatch.setattr(type(run), "cost", property(lambda _: told.get("cost")))
    monkeypatch.setattr(type(run), "saving", property(lambda _: told.get("saving")))
    for time, cost, saving, says in (
        (0.3, Cost(0.05, 0.1, None), None, True),
        (0.4, Cost(0.06, 0.1, None), None, False),
        (0.5, Cost(0.06, 0.2, None), None, True),
        (0.6, Cost(0.06, 0.2, 10), Saving("runs/eos", 10, "Saved up to step 3."), True),
        (0.7, Cost(0.07, 0.2, 10), Saving("runs/eos", 20, "Saved up to step 3."), False),
        (0.75, Cost(0.07, 0.2, 10), Saving("runs/eos", 20, "Saved up to step 7."), True),  # while it holds still
        (0.8, Cost(0.07, 0.2, 10), Saving("runs/eos", 20, "No space left.", failing=True), True),
    ):
        told |= {"cost": cost, "saving": saving}
        before = len(shown)
        feed.pump(time)
        assert len(shown) - before == says, "shares, bytes and steps change all the time, and are told once a second"
    assert shown[-1]["status"]["cost"] == {"share": 0.07, "limit": 0.2, "every": 10}
    assert shown[-1]["status"]["saving"]["failing"]


def test_a_page_whose_answer_was_lost_is_asked_again_with_one_row(make_run, feed_to, client):
    run, page = make_run(steps=400), client()
    feed = feed_to(run, page)
    feed.receive(page.hello())
    feed.pump(0.0)
    now = 0.0
    for _ in range(12):  # frames that nobody answers, until no more may go
        now += 0.5
        run.step(3)
        feed.pump(now)
    sent = len(page.messages)
    assert 0 < feed.pump(now) <= 5.0
    assert page.held["discrete"] < len(run.recording["discrete"])
    now += 5.0
    feed.pump(now)
    assert len(page.messages) == sent + 1
    (rows,) = {block["rows"] for block in page.messages[-1]["blocks"]}
    assert rows == 1
    assert page.messages[-1]["ack"]
    assert feed.pump(now + 1.0) == pytest.approx(4.0)
    feed.receive(page.ack())
    feed.pump(now + 1.1)
    agree(page, run.recording)


@pytest.mark.parametrize("schedule", [None, rf.schedules.Cosine(30, 0.1)])
def test_steps_that_follow_one_another_fast_are_told_now_and_then(make_run, feed_to, client, schedule):
    run, page, shown = make_run(schedule=schedule), client(), []
    feed = feed_to(run, page)
    page.show = lambda branch, **traits: shown.append(traits["status"]["step"]) if "status" in traits else None
    run.step(9)
    for i in range(5):
        run.step()
        wait = feed.pump(0.03 * i)
    assert shown == [9]
    assert wait == pytest.approx(STATUS_SECONDS - 0.12)
    feed.pump(STATUS_SECONDS)
    assert shown == [9, 13]
    assert feed.pump(STATUS_SECONDS + 0.01) == float("inf")


def test_snapshot_trait_when_the_run_holds_still(make_run, feed_to, client):
    run, page = make_run(steps=3000, processes=("discrete",)), client()
    feed = feed_to(run, page)
    feed.pump(0.0)
    assert "snapshot" not in page.traits
    run.step(2500)
    feed.pump(1.0)
    header, buffers = codec.unpack(page.traits["snapshot"])
    assert (header["to"], header["thinned"], header["total_rows"]["discrete"]) == ("", True, 2500)
    rows = codec.decode_block(header["blocks"][0], buffers[0])["time"]
    assert len(rows) <= 1200
    assert (rows[0], rows[-1]) == (0, 2499)
    del page.traits["snapshot"]
    feed.pump(2.0)
    assert "snapshot" not in page.traits
    run.set(learning_rate=0.3)
    feed.pump(3.0)
    assert [event["new"] for event in codec.unpack(page.traits["snapshot"])[0]["events"]] == [0.3]


def test_snapshot_trait_never_overtakes_frames(make_run, feed_to, client):
    run, page = make_run(), client()
    feed = feed_to(run, page)
    feed.receive(page.hello())
    feed.pump(0.0)
    run.step(2)
    feed.pump(0.1)
    del page.traits["snapshot"]
    run.step(2)
    feed.pump(0.2)
    assert "snapshot" not in page.traits
    feed.receive(page.ack())
    feed.pump(0.3)
    assert codec.unpack(page.traits["snapshot"])[0]["total_rows"]["discrete"] == 4


def test_reset_is_a_new_run(make_run, feed_to, client):
    run, page = make_run(), client()
    feed = feed_to(run, page)
    feed.receive(page.hello())
    run.step(5)
    feed.pump(0.0)
    run.reset()
    run.step(3)
    page.held, page.tables = {}, {}
    feed.receive({**page.hello(), "run": 2})
    feed.pump(1.0)
    assert page.traits["spec"]["run"] == 2
    assert page.run == 2
    agree(page, run.recording)


def test_large_backlogs_go_in_pieces(make_run, client):
    run, page = make_run(steps=3000, processes=("discrete",)), client()
    budget = Budget(rate=1e6, burst=20_000)
    feed = Feed(run, lambda: page, Pacer(budget), lambda: None)
    feed.receive(page.hello())
    feed.pump(0.0)
    run.step(2000)
    now, waits = 0.0, []
    while (wait := feed.pump(now)) < 60:
        waits.append(wait)
        feed.receive(page.ack())
        now += max(wait, 0.001)
    agree(page, run.recording)
    frames = [message for message in page.messages if message["kind"] == "frame"]
    assert max(block["rows"] for frame in frames for block in frame["blocks"]) < 500


def test_everything_sent_is_json_without_nan(make_run, feed_to, client):
    run, page = make_run(), client()
    feed = feed_to(run, page)
    feed.receive(page.hello())
    run.step(3)
    feed.pump(0.0)
    json.dumps([page.messages, page.traits["status"]], allow_nan=False)


def test_messages_that_make_no_sense_are_left_out(make_run, feed_to, client, caplog):
    run, page = make_run(), client()
    feed = feed_to(run, page)
    run.step(3)
    for message in (None, "hello", {"kind": "ack", "client": "page"}, {"kind": "ack", "seq": "two"}, {"kind": 3}):
        feed.receive(message)
    feed.receive({"kind": "command", "client": "page", "id": "1", "name": "set", "args": "all"})
    feed.receive({"kind": "command", "client": "page", "id": "2", "name": ["set"], "args": [1]})
    feed.receive(page.hello())
    feed.pump(0.0)
    agree(page, run.recording)
    replies = [message for message in page.messages if message["kind"] == "reply"]
    assert [(message["id"], message["ok"]) for message in replies] == [("1", False), ("2", False)]
    assert caplog.text.count("A message of a page was left out") == 4


def test_after_a_failed_send_nothing_is_sent_until_a_page_is_heard_of(make_run, feed_to, client):
    run, page = make_run(), client()
    feed, works = feed_to(run, page), [True]

    def through(send):
        def sent(*arguments, **named):
            if not works[0]:
                raise OSError("the socket has gone")
            send(*arguments, **named)

        return sent

    page.send, page.show = through(page.send), through(page.show)
    feed.receive(page.hello())
    feed.pump(0.0)
    feed.receive({"kind": "command", "client": "page", "id": "7", "name": "step", "args": {"n": 4}})
    works[0] = False
    feed.pump(1.0)
    while not feed._replies:
        assert feed.news.wait(30)
        feed.news.clear()
    with pytest.raises(OSError, match="socket"):
        feed.pump(2.0)
    feed.lost()
    assert feed.pump(3.0) == float("inf")
    works[0] = True
    before = len(page.messages)
    assert feed.pump(4.0) == float("inf")
    assert len(page.messages) == before
    feed.receive(page.hello())
    feed.pump(5.0)
    agree(page, run.recording)
    assert [message["id"] for message in page.messages if message["kind"] == "reply"] == ["7"]
    assert page.traits["status"]["state"] == "paused"
    assert codec.unpack(page.traits["snapshot"])[0]["total_rows"]["discrete"] == 4


def test_a_page_of_another_version_is_told_so(make_run, feed_to, client):
    run, old, page = make_run(), client("old"), client()
    feed = feed_to(run, old)
    feed.receive({**old.hello(), "protocol": 0})
    feed.receive({"kind": "command", "client": "old", "id": "1", "name": "step", "args": {"n": 4}})
    feed.pump(0.0)
    assert old.kinds() == ["reply", "reply"]
    for message, identity in zip(old.messages, ("old", "1"), strict=True):
        assert (message["id"], message["ok"]) == (identity, False)
        assert message["message"].startswith("This page speaks protocol 0, the kernel 4: reload the page")
    assert run.status.state == "ready"
    feed = feed_to(run, page)
    feed.receive({**page.hello(), "protocol": 0})
    feed.receive(page.hello())
    run.step(2)
    feed.pump(1.0)
    agree(page, run.recording)


def test_a_page_that_has_gone_is_left_alone(make_run):
    feed = Feed(make_run(), lambda: None, Pacer(Budget()), lambda: None)
    feed.receive({"kind": "hello", "client": "a"})
    assert feed.pump(0.0) > 1e9
