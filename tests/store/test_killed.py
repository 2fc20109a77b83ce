"""A process that writes a run is killed at any moment, and what it has written opens."""

import contextlib
import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import rodflow_widgets
from rodflow_widgets import store
from rodflow_widgets.errors import ArgumentError

from .made_up import assert_same, recording

ROOT = Path(rodflow_widgets.__file__).parents[1]
AT_ONCE = 10
LATEST = 1.5
ENDLESS = 10**9
logger = logging.getLogger(__name__)


class Child:
    """A process of the nursery, and what it has said."""

    def __init__(self, nursery, folder, **job):
        self.pipe, self.said = folder / "pipe", b""
        os.mkfifo(self.pipe)
        self._read = os.open(self.pipe, os.O_RDONLY | os.O_NONBLOCK)
        nursery.stdin.write(json.dumps({**job, "pipe": str(self.pipe)}) + "\n")
        nursery.stdin.flush()
        self.process = int(nursery.stdout.readline())
        os.set_blocking(self._read, True)

    def until(self, word):
        while word.encode() not in self.said:
            data = os.read(self._read, 65536)
            assert data, f"the child ended after {self.said!r}"
            self.said += data

    def kill(self):
        """Kill it, and return when that was and up to which step it had said that all is saved."""
        now = time.monotonic()
        with contextlib.suppress(ProcessLookupError):  # it has come to its end
            os.kill(self.process, signal.SIGKILL)
        while data := os.read(self._read, 65536):
            self.said += data
        os.close(self._read)
        saved = [int(line.split()[1]) for line in self.said.splitlines() if line.startswith(b"saved")]
        return now, max(saved, default=-1)


@pytest.fixture(scope="module")
def nursery():
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.store.nursery"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) as process:
        yield process
        process.stdin.close()


def children(nursery, tmp_path, count, **job):
    for i in range(count):
        folder = tmp_path / str(i)
        folder.mkdir()
        yield Child(nursery, folder, path=str(folder / "run"), **job), folder / "run"


def check(found, saved):
    """The rows are the first ones of what was computed, and as many as were said to be saved."""
    for table, factor in ((found["a"], 2), (found["b"], 3)):
        steps = np.arange(len(table), dtype=float)
        np.testing.assert_array_equal(table["time"], steps)
        np.testing.assert_array_equal(table["loss"], factor * steps)
        assert len(table) > saved
    assert [event.step for event in found.events] == list(range(0, 1024 * len(found.events), 1024))
    assert len(found.events) >= (saved + 1) // 1024
    for step, vector in found["a"].parameters.items():
        np.testing.assert_array_equal(vector, np.arange(step, step + 16))


def test_fifty_kills_at_random_moments(nursery, tmp_path):
    moments = random.Random(6)
    lost, counts = [], []
    for wave in range(50 // AT_ONCE):
        folder = tmp_path / str(wave)
        folder.mkdir()
        running = list(children(nursery, folder, AT_ONCE, work="journal", rows=ENDLESS))
        for child, _ in running:
            child.until("begun")
        began = time.monotonic()
        for moment in sorted(moments.uniform(0, LATEST) for _ in running):
            time.sleep(max(0.0, began + moment - time.monotonic()))
            child, path = running.pop(moments.randrange(len(running)))
            killed, saved = child.kill()
            found = store.load(path)
            check(found, saved)
            clock = found["a"]["clock"]
            counts.append(len(clock))
            lost.append(killed - clock[-1] if len(clock) else 0.0)
            assert found.status.state == "stopped"
            assert "process ended" in found.status.sentence
            assert not store.look(path).live
            for info in store.checkpoints(path):
                state, arrays = store.read_checkpoint(path, info.row)
                assert state == {"row": info.row}
                np.testing.assert_array_equal(arrays["w"], np.full(1000, float(info.row)))
            changes = store.changes(path)
            assert [change.row for change in changes] == [256 * i for i in range(len(changes))]
    assert len(lost) == 50
    assert sum(count > 0 for count in counts) >= 30
    assert max(lost) <= 1.0
    said = "50 of 50 opened; %s to %s rows a process; lost at most %.2f s, median %.2f s"
    logger.info(said, min(counts), max(counts), max(lost), np.median(lost))


def test_kills_while_zarr_takes_the_place_of_the_journal(nursery, tmp_path):
    moments, held = random.Random(7), []
    for i, (child, path) in enumerate(children(nursery, tmp_path, 30, work="journal", rows=160)):
        child.until("closed" if i % 10 == 9 else "closing")
        time.sleep(moments.uniform(0, 0.15) if i % 10 else 0)
        child.kill()
        found = store.load(path)
        check(found, -1)
        stage = "zarr" if not (path / "journal").exists() else "both" if (path / "zarr.json").exists() else "journal"
        held.append((stage, len(found["a"]) == 160))
        assert not store.look(path).live
    assert {stage for stage, _ in held} >= {"journal", "zarr"}
    assert all(whole for stage, whole in held if stage != "journal")
    logger.info("30 of 30 opened: %s", Counter(held))


def test_kills_while_one_run_replaces_another(nursery, tmp_path):
    moments, either = random.Random(8), [recording(seed=0), recording(seed=1)]
    for child, path in list(children(nursery, tmp_path, AT_ONCE, work="replace")):
        child.until("begun")
        time.sleep(moments.uniform(0, 0.1))
        child.kill()
        found = store.load(path)
        second = found["discrete"]["loss"][0] != either[0]["discrete"]["loss"][0]
        assert_same(found, either[1 if second else 0])
        recording(seed=2).save(path, overwrite=True)
        assert sorted(entry.name for entry in path.parent.iterdir()) == ["pipe", "run"]


def test_the_lock_of_a_process_that_was_killed_is_taken_over(nursery, tmp_path):
    ((child, path),) = children(nursery, tmp_path, 1, work="journal", rows=ENDLESS)
    child.until("saved")
    assert store.look(path).live
    with pytest.raises(ArgumentError, match=f"is being written to by process {child.process} on "):
        store.Journal(recording(), path, overwrite=True)
    os.kill(child.process, signal.SIGSTOP)
    with pytest.raises(ArgumentError, match=f"is being written to by process {child.process} on "):
        store.save(recording(), path, overwrite=True)
    os.kill(child.process, signal.SIGCONT)
    child.kill()
    assert (path / "lock.json").exists()
    assert not store.look(path).live
    with pytest.raises(ArgumentError, match="holds a run already: give another path, overwrite=True"):
        store.Journal(recording(), path)
    journal = store.Journal(recording(), path, overwrite=True)
    assert store.look(path).live
    journal.close()
    assert_same(store.load(path), recording())
