"""A disk that is really full: two megabytes of memory."""

import threading

import numpy as np
import pytest

from rodflow_widgets import store

from .made_up import assert_same, column, empty, rows

MEGABYTES = 2


def test_the_run_goes_on_and_catches_up(small_disk):
    rec, rng = empty(a=[column("wide", 8)]), np.random.default_rng(0)
    filling = small_disk / "filling"
    filling.write_bytes(bytes(1 << 20))
    journal = store.Journal(rec, small_disk / "run", seconds=0.02)
    full, caught_up = threading.Event(), threading.Event()

    def hear():
        state = journal.state()
        if state.failing:
            full.set()
        elif full.is_set() and len(rec["a"]) and state.sentence == f"Saved up to step {len(rec['a']) - 1:,}.":
            caught_up.set()

    journal.on_change(hear)
    journal.start()
    try:
        while not full.is_set():
            rec["a"].append(rows(rng, rec["a"], len(rec["a"]), len(rec["a"]) + 100))
            full.wait(0.005)
            assert rec.nbytes < MEGABYTES << 20
        assert journal.state().sentence.startswith("The disk is full: steps up to ")
        found = store.load(small_disk / "run")
        assert 0 < len(found["a"]) < len(rec["a"])
        for name in rec["a"]:
            np.testing.assert_array_equal(found["a"][name], rec["a"][name][: len(found["a"])])
        rec["a"].append(rows(rng, rec["a"], len(rec["a"]), len(rec["a"]) + 100))
        filling.unlink()
        assert caught_up.wait(30), journal.state()
        assert_same(store.load(small_disk / "run"), rec, statuses=False)
    finally:
        journal.close()
    assert_same(store.load(small_disk / "run"), rec)


def test_a_run_that_ends_on_a_full_disk_can_be_saved_elsewhere(small_disk, tmp_path_factory):
    rec, rng = empty(a=[column("wide", 8)]), np.random.default_rng(0)
    journal = store.Journal(rec, small_disk / "run", seconds=60)
    journal.start()
    rec["a"].append(rows(rng, rec["a"], 0, (MEGABYTES << 20) // 80))
    journal.close()
    state = journal.state()
    assert state.failing
    assert (
        state.sentence == "The disk is full: steps up to 0 are saved; the run has ended, save its recording elsewhere."
    )
    assert len(store.load(small_disk / "run")["a"]) == 0
    elsewhere = rec.save(tmp_path_factory.mktemp("elsewhere") / "run")
    assert_same(store.load(elsewhere), rec)
    with pytest.raises(store.saving.ArgumentError, match="cannot be written to: No space left on device"):
        rec.save(small_disk / "again")
    assert sorted(entry.name for entry in small_disk.iterdir()) == ["run"]
