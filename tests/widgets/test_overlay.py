"""Several recorded runs in one live view."""

import threading

import pytest

import rodflow_widgets as rf
from rodflow_widgets.errors import ArgumentError
from rodflow_widgets.recording import Recording
from rodflow_widgets.session.saved import Followed
from rodflow_widgets.widgets import Live


@pytest.fixture(scope="module")
def recordings():
    problem = rf.problems.quadratic(sharpness=2.0)
    rules = [rf.optimizers.GradientDescent(rate) for rate in (0.1, 0.25, 0.5)]
    return rf.simulate_many(problem, rules, ("discrete",), steps=20, progress=False)


def names(live):
    return [(branch["id"], branch["name"], branch["kind"], branch["parent"]) for branch in live.branches]


def test_recordings_are_called_by_what_they_differ_in(recordings):
    live = rf.view(recordings)
    wanted = ["learning rate 0.1", "learning rate 0.25", "learning rate 0.5"]
    assert names(live) == [(i, name, "run", None) for i, name in enumerate(wanted)]
    assert list(live.runs) == wanted
    assert {key: status["values"]["learning_rate"] for key, status in live.statuses.items()} == {
        "0": 0.1,
        "1": 0.25,
        "2": 0.5,
    }
    assert all(branch["commands"] == [] for branch in live.branches)
    live.close()


def test_names_may_be_given(recordings, tmp_path):
    for run, folder in zip(recordings, ("slow", "fast"), strict=False):
        run.save(tmp_path / folder)
    views = [
        rf.view([tmp_path / "slow", tmp_path / "fast"]),
        rf.view({"slow": recordings[0], "fast": recordings[1]}),
        rf.view(recordings[:2], names=["slow", "fast"]),
    ]
    for live in views:
        assert list(live.runs) == ["slow", "fast"]
        live.close()


def test_all_but_the_first_may_be_taken_off(recordings):
    live = rf.view(recordings)
    live.remove("learning rate 0.25")
    assert [branch["id"] for branch in live.branches] == [0, 2]
    with pytest.raises(ArgumentError, match="is the run that the view was made for"):
        live.remove("learning rate 0.1")
    live.close()


def test_what_cannot_be_overlaid_is_refused(recordings):
    with pytest.raises(ArgumentError, match="9 runs are too many for one view, whose colours tell 8 apart"):
        rf.view(recordings * 3)
    with pytest.raises(ArgumentError, match=r"run=\[\] is not usable"):
        rf.view([])
    with pytest.raises(ArgumentError, match="run=3 is not usable: give a recording"):
        rf.view([recordings[0], 3])
    with pytest.raises(ArgumentError, match=r"names=\['a'\] are not usable: give 2"):
        rf.view(recordings[:2], names=["a"])
    with pytest.raises(ArgumentError, match="beside a mapping"):
        rf.view({"a": recordings[0]}, names=["b"])


def test_of_a_sweep_eight_runs_are_drawn(tmp_path):
    rates = [round(0.1 * i, 1) for i in range(1, 11)]
    problem, rule = rf.problems.quadratic(sharpness=0.5), rf.optimizers.GradientDescent(0.1)
    sweep = rf.sweep(problem, rule, learning_rate=rates, steps=4, progress=False, save=tmp_path / "sweep")
    for given in (sweep, tmp_path / "sweep"):
        live = rf.view(given)
        assert list(live.runs) == [f"learning rate {rate:g}" for rate in (0.1, 0.2, 0.4, 0.5, 0.6, 0.7, 0.9, 1.0)]
        assert live.branches[0]["notes"] == ["8 of the 10 runs of a sweep are drawn."]
        live.close()


def test_a_run_that_somebody_else_computes_grows_in_the_view(recordings, monkeypatch):
    whole = recordings[0]
    told, listeners, came = [], [], threading.Event()
    held = {"now": Recording(whole.spec)}
    live = Live(Followed(lambda: held["now"], "grows", lambda f: listeners.append(f) or (lambda: listeners.remove(f))))

    def heard(content, buffers=None):
        told.append(content)
        came.set()

    monkeypatch.setattr(live, "send", heard)

    def rows(run, wanted):
        """Wait until the page was sent `wanted` rows of the `run`-th recording."""
        while True:
            came.clear()
            found = [c for c in told if c["kind"] in ("frame", "snapshot") and c["run"] == run]
            if sum(block["rows"] for c in found for block in c["blocks"]) >= wanted:
                return
            assert came.wait(30), told

    live._handle_custom_msg(
        {"kind": "hello", "branch": 0, "client": "page", "protocol": live.protocol, "run": None}, []
    )
    table = whole["discrete"]
    held["now"]["discrete"].append(table.rows(0, 5))
    for listener in tuple(listeners):
        listener()
    rows(1, 5)
    held["now"] = Recording(whole.spec)  # it began again, on another machine
    held["now"]["discrete"].append(table.rows(0, 7))
    for listener in tuple(listeners):
        listener()
    rows(2, 7)
    live.close()
    assert listeners == []
