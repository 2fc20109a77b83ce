"""A process that is killed: what is on disk, and the run that goes on from there."""

from __future__ import annotations

import logging
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rodflow_widgets as rf
from rodflow_widgets import session, store
from rodflow_widgets.recording import Recording
from rodflow_widgets.session import Run
from rodflow_widgets.session.stored import last_common
from tests.session import zygote

logger = logging.getLogger(__name__)
KILLS = 50
LONGEST = 1.8
MORE = 10


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, np.ndarray, float]]:
    """Folders of runs that were killed at random moments, when each of their steps was recorded, and when they ended."""
    folder = tmp_path_factory.mktemp("killed")
    draw = random.Random(6)
    moments = [f"{draw.uniform(0.0, LONGEST):.4f}" for _ in range(KILLS)]
    here = Path(__file__).resolve().parents[2]
    subprocess.run(
        [sys.executable, "-m", "tests.session.zygote", str(folder), *moments], check=True, cwd=here, timeout=280
    )
    found = []
    for i in range(KILLS):
        with np.load(folder / f"times{i}.npz") as held:
            found.append((folder / f"run{i}", held["times"], float(held["ended"])))
    return found


def test_every_killed_run_opens_lacks_a_second_at_most_and_goes_on_to_the_same_numbers(killed):
    recordings = [rf.load(path) for path, _, _ in killed]
    lasts = [last_common(recording) for recording in recordings]
    lost = []
    for (_, times, ended), last in zip(killed, lasts, strict=True):
        recorded = [*times, ended]  # of step 1, 2, …
        lost.append(ended - recorded[min(max(last, 0), len(times))])
    assert max(lost) <= 1.0, f"seconds of work lost: {sorted(lost)[-5:]}"

    reference = zygote.begin(Run(zygote.spec()))
    reference.step(max(max(lasts) - zygote.ROWS, 0) + MORE + 1)
    whole = reference.recording
    gone_on = 0
    for (path, _, _), recording, last in zip(killed, recordings, lasts, strict=True):
        assert_same(recording, whole, last)
        if not store.checkpoints(path):
            continue  # it ended before the first was written: the recording is all that there is
        run = session.resume(path)
        # Rows that one process has on disk, or that come before a change that is there, are made again for the others.
        there = recording.status.step if last >= 0 else last
        rows = max(there + 1, zygote.ROWS if recording.events else 0)
        assert len(run.recording["discrete"]) == rows
        if rows < zygote.ROWS:
            run.step(zygote.ROWS - rows)
            rows = zygote.ROWS
        if not run.recording.events:
            assert rows == zygote.ROWS, "rows are there that were made with a change that is not"
            run.set(learning_rate=zygote.RATE)
        run.step(MORE)
        assert_same(run.recording, whole, rows + MORE - 1)
        assert run.stop().state == "stopped"
        gone_on += 1
    assert gone_on >= 0.9 * KILLS
    logger.info("%d killed, %d went on; lost %.2f s at most; last steps %s", KILLS, gone_on, max(lost), sorted(lasts))


def assert_same(one: Recording, other: Recording, until: int) -> None:
    for table in one.tables:
        rows = int(np.searchsorted(table["time"], until, side="right"))
        for name in table if rows else ():
            assert np.array_equal(table[name][:rows], other[table.name][name][:rows], equal_nan=True), (
                table.name,
                name,
            )
