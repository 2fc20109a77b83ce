"""Disks that are full, slow or broken, as the calls of the system tell it."""

import errno
import os
import threading
import time

import numpy as np
import pytest

from rodflow_widgets import store
from rodflow_widgets.store import journal as journals
from rodflow_widgets.vocabulary import Event

from .made_up import assert_same, empty, recording, rows
from .waiting import Waiting, saved_up_to


def test_a_full_disk_is_said_and_caught_up(tmp_path, begin, monkeypatch):
    rec, rng = empty(a=[], b=[]), np.random.default_rng(0)
    rec["a"].append(rows(rng, rec["a"], 0, 100))
    journal = begin(rec, tmp_path / "run")
    waiting, real, room = Waiting(journal), os.write, [150]

    def write(handle, data):
        if room[0] is None:
            return real(handle, data)
        if room[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = real(handle, data[: room[0]])
        room[0] -= count
        return count

    monkeypatch.setattr(os, "write", write)
    rec["b"].append(rows(rng, rec["b"], 0, 50))
    rec["a"].append(rows(rng, rec["a"], 100, 200))
    waiting.until(lambda state: state.failing)
    assert any(
        s.sentence.startswith("The disk is full: steps up to") and "saved; trying again in" in s.sentence
        for s in waiting.said
    )
    found = store.load(tmp_path / "run")
    assert (len(found["a"]), len(found["b"])) == (100, 0)
    room[0] = None
    waiting.until(saved_up_to(199))
    assert_same(store.load(tmp_path / "run"), rec)
    assert not journal.state().failing


@pytest.mark.parametrize("call", ["fsync", "replace", "ftruncate"])
def test_every_refusal_of_the_disk_is_survived(call, tmp_path, begin, monkeypatch):
    rec, rng = empty(a=[]), np.random.default_rng(0)
    journal = begin(rec, tmp_path / "run")
    waiting, real, left = Waiting(journal), getattr(os, call), [5]
    write, torn = os.write, [call == "ftruncate"]

    def refuse(*args):
        left[0] -= 1
        if left[0] >= 0:
            raise OSError(errno.EIO, "Input/output error")
        return real(*args)

    def tear(handle, data):
        if torn[0] and len(data) > 500:
            torn[0] = False
            write(handle, data[:100])
            raise OSError(errno.EIO, "Input/output error")
        return write(handle, data)

    monkeypatch.setattr(os, "write", tear)
    monkeypatch.setattr(os, call, refuse)
    monkeypatch.setattr(journals, "LONGEST_PAUSE", 0.02)
    rec["a"].append(rows(rng, rec["a"], 0, 100), {5: np.ones(3)})
    rec.add_events([Event(3, "learning_rate", 0.1, 0.2)])
    waiting.until(lambda state: state.failing)
    waiting.until(saved_up_to(99))
    assert_same(store.load(tmp_path / "run"), rec)
    assert any("Input/output error" in state.sentence for state in waiting.said)


def test_a_disk_that_stays_full_ends_as_a_journal(tmp_path, begin, monkeypatch):
    rec = recording()
    journal = begin(rec, tmp_path / "run")

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("rodflow_widgets.store.closing.zarray.write", full)
    journal.close()
    assert journal.state().sentence == "Saved: 399 steps, as a journal, since they could not be written as Zarr."
    assert_same(store.load(tmp_path / "run"), rec)
    assert not store.look(tmp_path / "run").live


def test_nobody_waits_for_the_disk(tmp_path, begin, monkeypatch):
    rec, rng = empty(a=[]), np.random.default_rng(0)
    journal = begin(rec, tmp_path / "run")
    waiting, blocked, go, real = Waiting(journal), threading.Event(), threading.Event(), os.fsync

    def fsync(handle):
        blocked.set()
        assert go.wait(30)
        return real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    made = rows(rng, rec["a"], 0, 10)
    rec["a"].append(made)
    assert blocked.wait(20)
    began = time.perf_counter()
    for start in range(10, 1000, 10):
        rec["a"].append({**made, "time": np.arange(start, start + 10)})
        journal.note(start, "set", {})
        journal.offer(start, 0, lambda: ({}, {}))
    assert time.perf_counter() - began < 1
    end = time.monotonic() + 20
    while len(store.load(tmp_path / "run")["a"]) < 1000 and time.monotonic() < end:
        time.sleep(0.01)
    assert len(store.load(tmp_path / "run")["a"]) == 1000  # a process that is killed now has lost nothing
    assert not any(state.sentence == "Saved up to step 999." for state in waiting.said)
    go.set()
    waiting.until(saved_up_to(999))
    journal.close()
    assert_same(store.load(tmp_path / "run"), rec)


def test_a_system_without_a_further_thread_slows_it_down_only(tmp_path, begin, monkeypatch):
    rec, rng, real = empty(a=[]), np.random.default_rng(0), threading.Thread.start
    journal = begin(rec, tmp_path / "run")
    waiting, refused = Waiting(journal), []

    def start(thread):
        if thread.name == "rodflow-journal-disk":
            refused.append(thread)
            raise RuntimeError("can't start new thread")
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    rec["a"].append(rows(rng, rec["a"], 0, 10))
    journal.offer(9, 0, lambda: ({}, {}))
    waiting.until(saved_up_to(9))
    assert refused
    assert not any(state.failing for state in waiting.said)
    journal.close()
    assert_same(store.load(tmp_path / "run"), rec)
    assert [info.row for info in store.checkpoints(tmp_path / "run")] == [9]
    store.Journal(rec, tmp_path / "run", overwrite=True).close()


def test_closing_ends_what_its_thread_has_left(tmp_path, monkeypatch):
    rec, rng = empty(a=[]), np.random.default_rng(0)
    journal, dead = store.Journal(rec, tmp_path / "run", seconds=0.01), threading.Event()

    monkeypatch.setattr(journal, "_work", dead.set)
    journal.start()
    assert dead.wait(20)
    rec["a"].append(rows(rng, rec["a"], 0, 10))
    for _ in range(2):
        journal.close()
        assert_same(store.load(tmp_path / "run"), rec)
        assert journal.state().sentence == "Saved: 9 steps."
    store.Journal(rec, tmp_path / "run", overwrite=True).close()


def test_what_the_disk_has_lost_is_written_again(tmp_path, monkeypatch):
    rec, rng, path = empty(a=[]), np.random.default_rng(0), tmp_path / "run"
    rec["a"].append(rows(rng, rec["a"], 0, 50))
    rec.add_events([Event(0, "learning_rate", 0.1, 0.2)])
    journal = store.Journal(rec, path, seconds=60)
    files = [path / "journal" / "0.arrow", path / "events.jsonl"]
    safe, real = [file.stat().st_size for file in files], os.fsync
    rec["a"].append(rows(rng, rec["a"], 50, 100))
    rec.add_events([Event(60, "learning_rate", 0.2, 0.3)])

    def fail(handle):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output error"):
        journal._files.flush()
    for file, size in zip(files, safe, strict=True):
        with file.open("r+b") as opened:  # as a system may that could not write its pages
            opened.seek(size)
            opened.write(bytes(file.stat().st_size - size))
    monkeypatch.setattr(os, "fsync", real)
    rec["a"].append(rows(rng, rec["a"], 100, 120))
    journal._files.flush()
    assert_same(store.load(path), rec)
    journal.close()
    assert_same(store.load(path), rec)
