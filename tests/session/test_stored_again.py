"""Runs on disk that several go on with, that are changed after their end, or of which nobody holds any more."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

import rodflow_widgets as rf
from rodflow_widgets import session, store
from rodflow_widgets.errors import ArgumentError, RunError
from rodflow_widgets.session import Run, RunSpec
from rodflow_widgets.session.keeping import Destination

from .test_stored import GD, assert_same, network, spec


def plain(**options):
    return RunSpec(network(), GD(0.5), ("discrete",), **{"steps": 40, **options})


def finished(run):
    run.start().wait(60)
    return run


def test_work_of_somebody_else_in_the_folder_is_not_overwritten(tmp_path):
    run = finished(Run(plain(), Destination(tmp_path / "run")))
    other = session.resume(tmp_path / "run", network(), steps=60)
    other.set(learning_rate=0.3)
    finished(other)
    with pytest.raises(ArgumentError, match=r"has gone on elsewhere .* rf\.resume"):
        run.extend(10)
    assert (run.steps, run.status.state, len(run.recording["discrete"])) == (40, "finished", 41)
    assert_same(rf.load(tmp_path / "run"), other.recording)
    assert_same(finished(session.resume(tmp_path / "run", network(), steps=5)).recording, other.recording, until=100)


def test_a_change_after_the_end_is_there_for_those_who_go_on(tmp_path):
    run = finished(Run(plain(), Destination(tmp_path / "run")))
    run.set(learning_rate=0.35)
    assert rf.load(tmp_path / "run").events == run.recording.events
    again = finished(session.resume(tmp_path / "run", network(), steps=20))
    alone = finished(Run(plain()))
    alone.set(learning_rate=0.35)
    alone.extend(20)
    alone.wait(60)
    assert_same(again.recording, alone.recording)
    with pytest.raises(ArgumentError, match="has gone on elsewhere"):
        run.extend(20)


def test_changes_before_and_after_the_end_are_all_made_again(tmp_path):
    run = Run(plain(), Destination(tmp_path / "run"))
    run.step(10)
    run.set(learning_rate=0.4)
    run.resume()
    run.wait(60)
    run.set(learning_rate=0.35)
    run.extend(40)
    run.wait(60)
    run.extend(8)
    run.wait(60)
    assert [change.command for change in store.changes(tmp_path / "run")] == ["set", "set", "extend", "extend"]
    for step in (5, 30, 62, 85):
        fork = session.fork(tmp_path / "run", network(), at_step=step)
        finished(fork)
        until = {5: 8, 30: 38}.get(step, 88)  # changes that came later are left out
        assert_same(fork.recording, run.recording, until=until)


def test_rows_far_apart_go_on_at_the_step_where_it_was(tmp_path):
    whole = Run(plain(every=7))
    run = Run(plain(every=7), Destination(tmp_path / "run"))
    run.step(4)
    whole.step(4)
    run.stop()
    again = session.resume(tmp_path / "run", network())
    assert again.status.step == 3
    for one in (again, whole):
        one.set(learning_rate=0.3)
        finished(one)
    assert_same(again.recording, whole.recording)
    assert again.recording.events == whole.recording.events


def test_what_cannot_work_leaves_no_lock_and_no_folder(tmp_path):
    finished(Run(plain(), Destination(tmp_path / "run")))
    for steps in (0, "10"):
        for more in ({}, {"at_step": 20}):
            with pytest.raises(ArgumentError, match="steps="):
                session.resume(tmp_path / "run", network(), steps=steps, **more)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert finished(session.resume(tmp_path / "run", network(), steps=5)).status.step == 45


def test_forks_at_one_step_at_once_have_folders_of_their_own(tmp_path):
    run = Run(plain(), Destination(tmp_path / "run"))
    run.step(20)
    forks, together = [], threading.Barrier(4)

    def fork():
        together.wait(30)
        forks.append(run.fork(at=9))

    threads = [threading.Thread(target=fork) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({fork.saving.path for fork in forks}) == 4
    run.stop()
    for fork in forks:
        fork.stop()


def test_a_reset_that_has_no_folder_leaves_the_run_as_it_was(tmp_path, monkeypatch):
    run = Run(plain(), Destination(tmp_path / "run"))
    run.step(8)

    def refused(*args, **options):
        raise ArgumentError("path='…' cannot be written to: No space left on device.")

    with monkeypatch.context() as patch:
        patch.setattr(store, "Journal", refused)
        with pytest.raises(ArgumentError, match="No space left"):
            run.reset()
    assert (run.number, run.status.state, run.status.step) == (1, "paused", 7)
    run.step(3)
    run.stop()
    assert len(rf.load(tmp_path / "run")["discrete"]) == 11


def test_a_run_that_nobody_holds_gives_its_folder_up(tmp_path):
    run = Run(plain(), Destination(tmp_path / "run"))
    run.step(5)
    assert store.look(tmp_path / "run").live
    threads = {thread for thread in threading.enumerate() if thread.name.startswith("rodflow-journal")}
    assert threads
    del run
    gc.collect()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert len(rf.load(tmp_path / "run")["discrete"]) == 5


def test_a_listener_may_stop_the_run_while_it_is_written_down(tmp_path):
    run = Run(spec(GD(0.5)), Destination(tmp_path / "run"))
    stopped = []

    def stop():
        if run.status.step > 10 and not stopped:
            stopped.append(run.stop())

    run.on_change(stop)
    run.start()
    assert run.wait(20).state == "stopped"
    assert np.array_equal(rf.load(tmp_path / "run")["discrete"]["loss"], run.recording["discrete"]["loss"])
    with pytest.raises(RunError, match="been stopped"):
        run.set(learning_rate=0.1)


def test_vectors_that_were_lost_are_measured_again(tmp_path):
    run = Run(plain(snapshots=range(0, 40, 5)), Destination(tmp_path / "run"))
    run.step(24)
    run.stop()
    recording = rf.load(tmp_path / "run")
    assert set(recording["discrete"].parameters) == {0, 5, 10, 15, 20}
    assert session.stored.last_common(recording) == 23
    assert session.stored.last_common(without(recording, 10)) == 9


def without(recording, step):
    """The same recording with its parameter vectors up to `step` alone."""
    other = rf.Recording(recording.spec)
    for table in recording.tables:
        held = {s: w for s, w in table.parameters.items() if s < step}
        other[table.name].append(table.rows(0, len(table)), held)
        other[table.name].status = table.status
    other.status = recording.status
    return other
