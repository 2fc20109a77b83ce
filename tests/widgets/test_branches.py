"""A live view with forks, panels and traits for people."""

import json
import threading

import ipywidgets
import numpy as np
import pytest

import rodflow_widgets as rf
from rodflow_widgets.errors import ArgumentError, RunError, UnknownNameError
from rodflow_widgets.widgets import Live, bundle
from rodflow_widgets.widgets.sender import SENDER
from rodflow_widgets.wire import codec
from rodflow_widgets.wire.messages import PROTOCOL


@pytest.fixture(autouse=True)
def built(monkeypatch, tmp_path):
    (tmp_path / "live.js").write_text("export default {}")
    (tmp_path / "live.css").write_text("")
    monkeypatch.setattr(bundle, "STATIC", tmp_path)


@pytest.fixture
def live(make_run):
    live = Live(make_run(steps=60))
    yield live
    live.close()


class Heard:
    """What goes over the wire, taken where the widget sends it."""

    def __init__(self, live, monkeypatch):
        self.contents, self.buffers, self._news = [], [], threading.Condition()
        monkeypatch.setattr(live, "send", self._take)

    def _take(self, content, buffers=None):
        with self._news:
            self.contents.append(content)
            self.buffers.append(buffers)
            self._news.notify_all()

    def wait(self, wanted, seconds=30):
        found = lambda: [(c, b) for c, b in zip(self.contents, self.buffers, strict=True) if wanted(c)]  # noqa: E731
        with self._news:
            assert self._news.wait_for(found, seconds), self.contents
            return found()[0]


def say(live, **message):
    live._handle_custom_msg({"branch": 0, "client": "page", **message}, [])


def test_a_fork_begins_with_the_rows_of_its_parent_and_goes_its_own_way(live):
    live.run.step(20)
    fork = live.fork(learning_rate=0.9, name="fast")
    assert fork.wait(60).state == "finished"
    ours, theirs = live.run.recording["discrete"]["loss"], fork.recording["discrete"]["loss"]
    assert len(ours) == 20
    assert len(theirs) == 61
    assert (ours == theirs[:20]).all()
    assert live.runs == {"run": live.run, "fast": fork}
    assert [(b["id"], b["name"], b["parent"], b["step"]) for b in live.branches] == [
        (0, "run", None, None),
        (1, "fast", 0, 19),
    ]
    json.dumps([live.branches, live.statuses], allow_nan=False)


def test_a_fork_at_a_past_step(live):
    live.run.start().wait(60)
    fork = live.fork(at=30, learning_rate=0.2)
    fork.wait(60)
    assert list(live.runs) == ["run", "fork at 30"]
    assert live.fork(at=30, name=" ").name == "fork at 30 (2)"
    assert fork.recording["discrete"]["learning_rate"][40] == 0.2
    assert (fork.recording["discrete"]["loss"][:31] == live.run.recording["discrete"]["loss"][:31]).all()


def test_names_are_free_and_branches_are_edited_and_removed(live):
    live.run.step(5)
    first, second = live.fork(), live.fork()
    assert list(live.runs) == ["run", "fork at 4", "fork at 4 (2)"]
    live.edit("fork at 4", name="a", colour="#123456", hidden=True)
    assert [(b["name"], b["colour"], b["hidden"]) for b in live.branches][1] == ("a", "#123456", True)
    assert first.name == "a"
    live.remove("a")
    assert list(live.runs) == ["run", "fork at 4 (2)"]
    assert first.wait(60).state in ("stopped", "finished")
    assert second.wait(60).state == "finished"
    assert set(live.statuses) == {"0", "2"}
    assert len(SENDER._feeds) == 2


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda live: live.fork(at=99), ArgumentError, "the run is at step 4"),
        (lambda live: live.fork(at=-1), ArgumentError, "at=-1"),
        (lambda live: live.fork(learning_rate=-1), ArgumentError, "learning_rate=-1"),
        (lambda live: live.fork(of="nobody"), UnknownNameError, "branch 'nobody' is unknown"),
        (lambda live: live.edit("run", nam="b"), UnknownNameError, "did you mean 'name'"),
        (lambda live: live.edit("run", name=" "), ArgumentError, "give 1 to 60 characters"),
        (lambda live: live.edit("run", colour="red"), ArgumentError, "'#c63b08'"),
        (lambda live: live.edit("run", colour=None), ArgumentError, "colour=None"),
        (lambda live: live.remove("run"), ArgumentError, "close the view instead"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(live, act, error, words):
    live.run.step(5)
    before = live.branches
    with pytest.raises(error, match=words):
        act(live)
    assert live.branches == before
    assert len(SENDER._feeds) == 1


def test_a_page_forks_and_hears_of_it_and_of_a_refusal(live, monkeypatch):
    live.run.step(5)
    heard = Heard(live, monkeypatch)
    say(live, kind="command", id="1", name="fork", args={"at": 2, "learning_rate": 0.3, "name": "low"})
    reply, _ = heard.wait(lambda c: c["kind"] == "reply" and c["id"] == "1")
    assert (reply["ok"], reply["step"]) == (True, 2)
    assert live.branches[1]["name"] == "low"
    say(live, kind="command", id="2", name="fork", args={"at": 70})
    reply, _ = heard.wait(lambda c: c["kind"] == "reply" and c["id"] == "2")
    assert not reply["ok"]
    assert "at=70" in reply["message"]
    live.runs["low"].wait(60)
    hello = {"kind": "hello", "protocol": PROTOCOL, "run": None, "rows": {}}
    say(live, **{**hello, "branch": 1})
    snapshot, _ = heard.wait(lambda c: c["kind"] == "snapshot")
    assert (snapshot["branch"], snapshot["total_rows"]["discrete"]) == (1, 61)


def test_what_a_page_says_of_branches_is_done_in_its_order_and_answered(live, monkeypatch):
    live.fork(name="first")
    heard = Heard(live, monkeypatch)
    for i in range(20):
        say(live, kind="command", branch=1, id=str(i), name="edit", args={"name": f"{i}"})
    say(live, kind="command", branch=1, id="gone", name="remove")
    reply, _ = heard.wait(lambda c: c["kind"] == "reply" and c["id"] == "gone")
    assert reply["ok"]
    answers = [(c["id"], c["ok"]) for c in heard.contents if c["kind"] == "reply"]
    assert answers == [*((str(i), True) for i in range(20)), ("gone", True)]
    assert list(live.runs) == ["run"]


def test_a_page_asks_for_a_survey_and_gets_its_numbers_before_the_answer(live, monkeypatch):
    live.run.step(30)
    heard = Heard(live, monkeypatch)
    args = {"topic": "landscape", "x": [-1.0, 1.0], "size": 5}
    say(live, kind="command", id="s", name="survey", args=args)
    heard.wait(lambda c: c["kind"] == "reply" and c["id"] == "s" and c["ok"])
    kinds = [c["kind"] for c in heard.contents]
    assert kinds.index("survey") < kinds.index("reply")
    message, buffers = heard.wait(lambda c: c["kind"] == "survey" and c["share"] == 1)
    assert (message["topic"], message["arrays"]) == ("landscape", [{"name": "loss", "shape": [5]}])
    assert len(buffers[0]) == 20
    json.dumps(message, allow_nan=False)
    say(live, kind="command", id="t", name="survey", args={"topic": "landscap"})
    refused, _ = heard.wait(lambda c: c["kind"] == "reply" and c["id"] == "t")
    assert "did you mean 'landscape'" in refused["message"]


def test_a_page_asks_for_a_plane_along_a_direction_of_ones_own(make_run, monkeypatch):
    live = Live(make_run(rf.problems.digits_mlp((4,), n=20), steps=60))
    live.run.step(20)
    along = live.run.problem.w0
    live.add_direction("from zero", along)
    assert live.directions == ["from zero"]
    heard = Heard(live, monkeypatch)
    args = {"topic": "plane", "x": "from zero", "y": "travel", "step": 10}
    say(live, kind="command", id="p", name="survey", args=args)
    message, buffers = heard.wait(lambda c: c["kind"] == "survey")
    assert (message["words"]["x"], message["step"]) == ("from zero", 10)
    names = [array["name"] for array in message["arrays"]]
    shown = np.frombuffer(buffers[names.index("discrete/coordinates")], dtype="<f4").reshape(-1, 2)
    w = live.run._recorder.simulation.trail.window(10)
    unit = along / along.norm()
    times = np.frombuffer(buffers[names.index("discrete/time")], dtype="<f4")
    expected = float((w[0] - (w[0] + w[1]) / 2) @ unit)
    assert shown[times.tolist().index(10.0), 0] == pytest.approx(expected, rel=1e-4)
    for name, vector in (("travel", along), ("eigenvector 3", along), (" ", along), ("short", along[:-1])):
        with pytest.raises(ArgumentError):
            live.add_direction(name, vector)
    assert live.directions == ["from zero"]
    live.close()


def test_the_snapshot_holds_all_branches(live):
    live.run.step(10)
    fork = live.fork(at=3)
    fork.wait(60)
    kept = threading.Event()
    live.observe(lambda change: len(_snapshots(change["new"])) == 2 and kept.set(), "snapshot")
    if len(_snapshots(live.snapshot)) < 2:
        assert kept.wait(30)
    assert [header["branch"] for header in _snapshots(live.snapshot)] == [0, 1]


def _snapshots(data):
    """Headers of the snapshots that stand one after the other."""
    found = []
    while data:
        header, buffers = codec.unpack(data)
        found.append(header)
        data = data[len(codec.pack_header(header)) + sum(map(len, buffers)) :]
    return found


def test_traits_for_people_follow_the_run(live):
    seen, done = [], threading.Event()
    live.observe(lambda change: seen.append(change["new"]), "status")
    live.observe(lambda change: change["new"] == "finished" and done.set(), "status")
    live.run.start().wait(60)
    assert done.wait(30)
    assert (seen[-1], live.step) == ("finished", 60)
    assert live.learning_rate == 0.4


def test_the_learning_rate_is_steered_by_a_linked_slider_and_follows_the_run(live):
    slider = ipywidgets.FloatSlider(min=0, max=2, value=0.4)
    ipywidgets.link((slider, "value"), (live, "learning_rate"))
    slider.value = 0.7
    assert live._asked.result(30)[0].new == 0.7
    told = threading.Event()
    live.observe(lambda change: change["new"] == 0.5 and told.set(), "learning_rate")
    live.run.set(learning_rate=0.5)
    assert told.wait(30)
    assert slider.value == 0.5
    assert live.run.values["learning_rate"] == 0.5
    assert [event.new for event in live.run.recording.events] == [0.7, 0.5]


def test_a_learning_rate_that_cannot_work_leaves_trait_and_run_as_they_were(live):
    with pytest.raises(ArgumentError, match="learning_rate=-3"):
        live.learning_rate = -3
    assert live.learning_rate == live.run.values["learning_rate"] == 0.4


def test_it_stands_in_boxes(live):
    box = ipywidgets.HBox([live, ipywidgets.IntText()])
    assert box.children[0] is live
    box.close()


@pytest.mark.parametrize(
    ("panels", "error", "words"),
    [
        (["los"], UnknownNameError, "panel 'los' is unknown: did you mean 'loss'"),
        ([], ArgumentError, "name at least one panel"),
        (["loss", "loss"], ArgumentError, "none twice"),
    ],
)
def test_unknown_panels_are_refused_before_anything_runs(panels, error, words):
    feeds = len(SENDER._feeds)
    with pytest.raises(error, match=words):
        rf.compare(rf.problems.quadratic(sharpness=2.0), rf.optimizers.GradientDescent(0.4), panels=panels)
    assert len(SENDER._feeds) == feeds


def test_panels_are_kept_in_their_order(make_run):
    live = Live(make_run(), panels=("sharpness", "trajectory", "loss"))
    assert live.panels == ["sharpness", "trajectory", "loss"]
    live.close()


def test_closing_ends_every_branch(make_run):
    live = Live(make_run(steps=10**6))
    live.run.start()
    fork = live.fork()
    live.close()
    assert {run.wait(60).state for run in (live.run, fork)} == {"stopped"}
    assert SENDER._feeds == []


def test_a_view_that_closes_while_a_fork_is_made_has_none(live, monkeypatch):
    made = []

    def fork(**args):
        made.append(type(live.run).fork(live.run, **args))
        live.close()
        return made[-1]

    monkeypatch.setattr(live.run, "fork", fork)
    with pytest.raises(RunError, match="closed"):
        live.fork()
    assert made[0].status.state == "ready"
    assert SENDER._feeds == []
    assert list(live.runs) == ["run"]


def test_what_is_told_of_a_branch_that_goes_at_that_moment_is_left_out(live):
    branch = live._branches.add(live.run.fork(), None, 0, 0)

    class Turn:
        def __enter__(self):
            live._branches.remove(branch.id)

        def __exit__(self, *error):
            pass

    live._turn, turn = Turn(), live._turn
    live.show(branch.id, status=live.statuses["0"], snapshot=b"of a branch that has gone")
    live._turn = turn
    assert list(live.statuses) == ["0"]
    assert b"gone" not in live.snapshot


def test_an_observer_that_fails_keeps_nothing_from_the_page(live, monkeypatch, caplog):
    def fail(change):
        raise ZeroDivisionError("an observer fell over")

    told = threading.Event()
    live.observe(lambda change: change["new"] == 0.3 and told.set(), "learning_rate")
    live.observe(fail, ["step", "learning_rate"])
    heard = Heard(live, monkeypatch)
    live.run.start().wait(60)
    say(live, kind="hello", protocol=PROTOCOL, run=None, rows={})
    heard.wait(lambda c: c["kind"] == "snapshot")
    live.run.extend(5)
    heard.wait(lambda c: c["kind"] == "frame")
    live.run.wait(60)
    assert live.run.set(learning_rate=0.3)
    assert told.wait(30)
    assert (live.step, live.status) == (65, "finished")
    assert caplog.text.count("An observer of 'step' failed") == 1
    assert "silent" not in caplog.text


def test_a_learning_rate_is_refused_where_nothing_would_use_it(live):
    live.run.stop()
    with pytest.raises(RunError, match="stopped cannot be changed"):
        live.learning_rate = 0.7
    assert live.learning_rate == live.run.values["learning_rate"] == 0.4


def test_a_view_that_was_closed_says_so(live, capsys):
    live.close()
    with pytest.raises(RunError, match="closed"):
        live.fork()
