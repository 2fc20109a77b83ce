"""What docs/storage.md tells other programs to do works."""

import os
import re
from pathlib import Path

import numpy as np

import rodflow_widgets
from rodflow_widgets import store
from rodflow_widgets.store import lines, places, sealed, states, tensors

from .made_up import column, empty, rows

PAGE = Path(rodflow_widgets.__file__).parents[1] / "docs" / "storage.md"


def made():
    rec, rng = empty(rod=[], discrete=[column("wide", 2)]), np.random.default_rng(0)
    for start in (0, 30):
        for table in rec.tables:
            table.append(rows(rng, table, start, start + 30))
        yield rec


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recordings = made()
    rec = next(recordings)
    journal = store.Journal(rec, "going", seconds=60)
    next(recordings)
    journal._files.append()
    os.truncate("going/journal/0.arrow", os.stat("going/journal/0.arrow").st_size - 8)
    rec.save("finished")
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(code) == 2
    shown = {}
    for block in code:
        exec(block, shown)
    assert shown["data"]["loss"].sel(process="rod").shape == (60,)
    np.testing.assert_array_equal(shown["rows"]["loss"], rec["rod"]["loss"][:30])
    journal.close()


def test_the_limits_are_those_of_the_code():
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"at most {sealed.LARGEST >> 20} MB, {sealed.MOST:,} values and {sealed.DEEPEST} levels" in text
    assert f"At most {states.MOST} and {states.MOST_BYTES >> 20} MB are kept" in text
    assert f"at most {states.SHARE:.0%} of the time".replace("%", " %") in text
    assert f"lines {lines.LONGEST >> 10} kB, headers of tensors {tensors.LARGEST_HEADER >> 20} MB" in text
    for name in (places.RUN, places.LINES, places.JOURNAL, places.PARAMETERS, places.CHECKPOINTS, places.LOCK):
        assert f"`{name}" in text
