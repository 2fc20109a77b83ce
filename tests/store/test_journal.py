import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pyarrow
import pytest
import xarray

import rodflow_widgets
from rodflow_widgets import store
from rodflow_widgets.errors import ArgumentError
from rodflow_widgets.store import journal as journals
from rodflow_widgets.vocabulary import Event, Status

from .made_up import assert_same, column, empty, recording, rows
from .waiting import Waiting, saved_up_to


def test_a_journal_follows_and_becomes_zarr(tmp_path, begin):
    rec, rng = empty(a=[column("eigenvalues"), column("wide", 3)], b=[]), np.random.default_rng(0)
    rec.status = Status("running", 0, "Running.")
    journal = begin(rec, tmp_path / "run")
    waiting, path = Waiting(journal), tmp_path / "run"
    for start in range(0, 300, 30):
        rec["a"].append(rows(rng, rec["a"], start, start + 30), {start: rng.normal(size=3)})
        rec.add_events([Event(start, "learning_rate", 0.1, np.inf)])
        rec["b"].append(rows(rng, rec["b"], start + 3, start + 33))
        waiting.until(saved_up_to(start + 32))
        assert_same(store.load(path), rec)
    found = store.look(path)
    assert (found.live, found.rows, found.status.state) == (True, 600, "running")
    with pyarrow.ipc.open_stream(path / "journal" / "0.arrow") as reader:
        table = reader.read_all()
    np.testing.assert_array_equal(np.array(table["wide"].to_pylist()), rec["a"]["wide"])
    assert table.schema.field("wide").metadata[b"meaning"] == b"the wide"
    rec.status = Status("finished", 332, "Finished.")
    journal.close()
    journal.close()
    assert journal.state() == store.JournalState(store.look(path).bytes, "Saved: 302 steps.")
    assert_same(store.load(path), rec)
    assert (store.look(path).live, (path / "journal").exists()) == (False, False)
    xarray.testing.assert_identical(xarray.open_zarr(path).load(), rec.to_xarray())


def test_what_there_is_is_on_disk_before_it_starts(tmp_path):
    rec = recording()
    journal = store.Journal(rec, tmp_path / "run")
    assert_same(store.load(tmp_path / "run"), rec)
    journal.close()
    assert_same(store.load(tmp_path / "run"), rec)


def test_large_and_late_rows_come_in_several_batches(tmp_path, begin, monkeypatch):
    rec, rng = empty(a=[column("wide", 3)]), np.random.default_rng(0)
    monkeypatch.setattr("rodflow_widgets.store.rows.BATCH_BYTES", 5 * 8 * 10)
    rec["a"].append(rows(rng, rec["a"], 0, 104))
    begin(rec, tmp_path / "run")
    with pyarrow.ipc.open_stream(tmp_path / "run" / "journal" / "0.arrow") as reader:
        assert [batch.num_rows for batch in reader] == [10] * 10 + [4]
    assert_same(store.load(tmp_path / "run"), rec)


def test_changes_and_checkpoints(tmp_path, begin):
    rec = recording()
    journal = begin(rec, tmp_path / "run")
    waiting = Waiting(journal)
    journal.note(3, "set", {"learning_rate": 0.1})
    journal.note(5, "extend", {"steps": 10})
    state, arrays = {"a": [1, {"b": None}]}, {"w": np.arange(5.0), "low": np.arange(3, dtype=np.uint16)}
    journal.offer(5, 1, lambda: (state, arrays))
    waiting.until(lambda _: len(store.checkpoints(tmp_path / "run")) == 1)
    for row in (50, 60, 70):
        journal.offer(row, 2, lambda row=row: ({"row": row}, {"w": np.full(row, 1.0)}))
    journal.close()
    assert store.changes(tmp_path / "run") == [
        store.Change(3, "set", {"learning_rate": 0.1}),
        store.Change(5, "extend", {"steps": 10}),
    ]
    found = store.checkpoints(tmp_path / "run")
    assert [(info.row, info.applied) for info in found][0 :: len(found) - 1] == [(5, 1), (70, 2)]
    assert all(info.bytes == size(tmp_path / "run", info.row) for info in found)
    loaded, tensors = store.read_checkpoint(tmp_path / "run", 5)
    assert loaded == state
    assert {name: (array.dtype, array.tolist()) for name, array in tensors.items()} == {
        name: (array.dtype, array.tolist()) for name, array in arrays.items()
    }
    with pytest.raises(ArgumentError, match="row=6 has no checkpoint"):
        store.read_checkpoint(tmp_path / "run", 6)
    with pytest.raises(ArgumentError, match="cannot be kept"):
        journal.note(3, "set", {"learning_rate": {1}})


def size(path, row):
    return sum((path / "checkpoints" / f"{row}.{kind}").stat().st_size for kind in ("json", "safetensors"))


def test_a_continuation_keeps_what_came_before(tmp_path):
    rec, path = recording(), tmp_path / "run"
    journal = store.Journal(rec, path, seconds=60)
    for i, row in enumerate((10, 20, 30)):
        journal.note(row, "set", {"learning_rate": row})
        journal._keeper.put(row, i + 1, {"row": row}, {"w": np.ones(row)})
    journal.close()
    with pytest.raises(ArgumentError, match="continues=15 is no row of a checkpoint"):
        store.Journal(rec, path, continues=15)
    assert len(store.checkpoints(path)) == 3
    again = store.Journal(rec, path, continues=20)
    for _ in range(2):
        assert [info.row for info in store.checkpoints(path)] == [10, 20]
        assert [change.row for change in store.changes(path)] == [10, 20]
        assert store.read_checkpoint(path, 20)[0] == {"row": 20}
        assert_same(store.load(path), rec)
        again.close()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("how", [{"continues": 10}, {"overwrite": True}])
def test_a_run_that_went_on_elsewhere_is_not_replaced(tmp_path, how):
    rec, path = recording(), tmp_path / "run"
    journal = store.Journal(rec, path, seconds=60)
    journal._keeper.put(10, 0, {"row": 10}, {"w": np.ones(10)})
    with pytest.raises(ArgumentError, match="being written to"):
        store.Journal(rec, path, expected=store.token(path), **how)
    journal.close()
    read = store.token(path)
    assert store.token(path) == read
    again = store.Journal(rec, path, continues=10, expected=read)
    assert store.token(path) != read
    again.note(20, "set", {"learning_rate": 0.1})
    between = store.token(path)
    again._files.append()  # which a kill now would leave, with the same run.json
    assert store.token(path) not in (read, between)
    again.close()
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    for token in (read, between):
        with pytest.raises(
            ArgumentError, match=r"run' has gone on elsewhere since it was read: rf\.resume it again\.$"
        ):
            store.Journal(rec, path, expected=token, **how)
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before
    assert list(tmp_path.iterdir()) == [path]
    store.Journal(rec, path, expected=store.token(path), **how).close()
    assert [info.row for info in store.checkpoints(path)] == ([10] if "continues" in how else [])
    with pytest.raises(ArgumentError, match=r"run\.json is missing"):
        store.Journal(rec, tmp_path / "other", expected=read, **how)
    assert list(tmp_path.iterdir()) == [path]


def test_no_checkpoint_is_ahead_of_the_rows_that_are_there(tmp_path, monkeypatch):
    rec, rng, path, real = empty(a=[]), np.random.default_rng(0), tmp_path / "run", os.fsync
    journal = store.Journal(rec, path, seconds=60)
    lasting = [False]

    def goes_on():
        step = len(rec["a"])
        rec["a"].append(rows(rng, rec["a"], step, step + 5))
        journal.offer(step + 5, 0, lambda: ({}, {}))

    def slow(handle):
        if not lasting[0]:
            goes_on()
        real(handle)

    monkeypatch.setattr(os, "fsync", slow)
    goes_on()
    for _ in range(2):
        journal._settle()
        found = store.checkpoints(path)
        assert found
        assert found[-1].row <= len(store.load(path)["a"])
        assert found[-1].row < len(rec["a"])
        journal._cadence = journals.Cadence(0.0)
    lasting[0] = True
    journal.close()
    assert store.checkpoints(path)[-1].row == len(store.load(path)["a"])


def test_a_checkpoint_that_cannot_be_made_is_left_out(tmp_path, begin):
    rec = recording()
    journal = begin(rec, tmp_path / "run")
    waiting = Waiting(journal)

    def fail():
        raise ZeroDivisionError("of the engine")

    journal.offer(3, 0, fail)
    waiting.until(lambda state: "ZeroDivisionError: of the engine" in state.sentence)
    waiting.until(saved_up_to(399))
    journal.offer(9, 0, lambda: ({}, {"w": np.ones(2)}))
    journal.close()
    assert [info.row for info in store.checkpoints(tmp_path / "run")] == [9]


def test_listeners_that_fail_change_nothing(tmp_path, begin, caplog):
    rec, rng = empty(a=[]), np.random.default_rng(0)
    journal = begin(rec, tmp_path / "run")
    calls = []
    end = journal.on_change(lambda: calls.append(1) or 1 / 0)
    waiting = Waiting(journal)
    rec["a"].append(rows(rng, rec["a"], 0, 3))
    waiting.until(saved_up_to(2))
    assert calls
    assert caplog.text.count("ZeroDivisionError") == 1
    assert "A listener of the journal" in caplog.text
    end()
    before = len(calls)
    rec["a"].append(rows(rng, rec["a"], 3, 5))
    waiting.until(saved_up_to(4))
    assert len(calls) == before


def test_a_second_writer_is_refused_by_name(tmp_path, begin):
    rec, path = recording(), tmp_path / "run"
    journal = begin(rec, path)
    for overwrite in (True, False):
        with pytest.raises(ArgumentError, match="being written to"):
            store.Journal(rec, path, overwrite=overwrite)
        with pytest.raises(ArgumentError, match="being written to"):
            store.save(rec, path, overwrite=overwrite)
    with pytest.raises(ArgumentError, match=rf"by process {os.getpid()} on .* since 20\d\d-.*: give another path"):
        store.Journal(rec, path, overwrite=True)
    journal.close()
    assert not (path / "lock.json").exists()
    with pytest.raises(
        ArgumentError, match=r"holds a run already: give another path, overwrite=True .* go on with it by rf\.resume"
    ):
        store.Journal(rec, path)
    store.Journal(rec, path, overwrite=True).close()
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    broken = recording()
    broken.spec["x"] = float("nan")
    with pytest.raises(ArgumentError, match="cannot be saved as JSON"):
        store.Journal(broken, tmp_path / "run")
    for name in ("x" * 300, "nul\0"):
        with pytest.raises(ArgumentError, match="cannot be written to"):
            store.Journal(recording(), tmp_path / name)
        with pytest.raises(ArgumentError, match="cannot be read as a run"):
            store.load(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_damage_is_said_and_what_is_before_is_there(tmp_path, begin):
    rec, rng = empty(a=[]), np.random.default_rng(0)
    journal = begin(rec, tmp_path / "run", seconds=60)
    ends = []
    for start in range(0, 50, 10):
        rec["a"].append(rows(rng, rec["a"], start, start + 10))
        journal._files.flush()
        ends.append((tmp_path / "run" / "journal" / "0.arrow").stat().st_size)
    path = tmp_path / "run" / "journal" / "0.arrow"
    whole = path.read_bytes()
    for cut in (ends[2], ends[2] + 1, ends[3] - 1):
        path.write_bytes(whole[:cut])
        found = store.load(tmp_path / "run")
        np.testing.assert_array_equal(found["a"]["loss"], rec["a"]["loss"][:30])
        assert found.status.sentence.endswith("The journal of 'a' is damaged from row 30 on.")
    content = json.loads((tmp_path / "run" / "run.json").read_bytes())["content"]
    for table in content["tables"]:
        table["rows"] = 30  # as if the last flushes had not been completed
    (tmp_path / "run" / "run.json").write_bytes(store.manifest.sealed(content))
    found = store.load(tmp_path / "run")
    np.testing.assert_array_equal(found["a"]["loss"], rec["a"]["loss"][:30])
    assert "damaged" not in found.status.sentence
    path.write_bytes(whole)


def test_a_reader_never_finds_a_run_that_is_not_whole(tmp_path, begin):
    rec, rng, path = empty(a=[column("wide", 3)], b=[]), np.random.default_rng(0), tmp_path / "run"
    rec.status = Status("running", 0, "Running.")
    journal = begin(rec, path, seconds=0.001)
    over, wrong, counts = threading.Event(), [], []

    def read():
        try:
            while not over.is_set():
                found = store.load(path)
                counts.append(len(found["a"]))
                for table in found.tables:
                    for name in table:
                        np.testing.assert_array_equal(table[name], rec[table.name][name][: len(table)])
                assert "damaged" not in found.status.sentence
                assert store.look(path).rows <= 2 * len(rec["a"])
                assert len(store.checkpoints(path)) <= 16
        except BaseException as error:
            wrong.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for start in range(0, 3000, 10):
        rec["a"].append(rows(rng, rec["a"], start, start + 10))
        rec["b"].append(rows(rng, rec["b"], start, start + 10))
        if start % 500 == 0:
            journal.offer(start, 0, lambda: ({}, {"w": np.ones(3)}))
            threading.Event().wait(0.02)
    rec.status = Status("finished", 3000, "Finished.")
    journal.close()
    over.set()
    reader.join()
    assert wrong == []
    assert counts == sorted(counts)
    assert_same(store.load(path), rec)


def test_a_reader_whom_the_end_of_the_run_overtakes_reads_again(tmp_path, monkeypatch):
    rec, path, real = recording(), tmp_path / "run", store.loading._from_journal
    journal = store.Journal(rec, path, seconds=60)

    def late(*args):
        journal.close()
        real(*args)

    monkeypatch.setattr(store.loading, "_from_journal", late)
    assert_same(store.load(path), rec)


def test_a_damaged_checkpoint_is_named_when_a_run_continues(tmp_path):
    rec, path = recording(), tmp_path / "run"
    journal = store.Journal(rec, path, seconds=60)
    for row in (10, 20):
        journal._keeper.put(row, 0, {"row": row}, {"w": np.ones(row)})
    journal.close()
    for file, words in (("10.safetensors", "its checksum differs"), ("10.json", "remove that file to use the others")):
        content = bytearray((path / "checkpoints" / file).read_bytes())
        content[-9] ^= 1
        (path / "checkpoints" / file).write_bytes(content)
        with pytest.raises(ArgumentError, match=words):
            store.Journal(rec, path, continues=20)
    with pytest.raises(ArgumentError, match=r"10\.json is damaged.*remove that file"):
        store.checkpoints(path)
    assert_same(store.load(path), rec)
    (path / "checkpoints" / "10.json").unlink()
    store.Journal(rec, path, continues=20).close()
    assert [info.row for info in store.checkpoints(path)] == [20]
    assert list(tmp_path.iterdir()) == [path]


FORKING = """
import os, sys
from rodflow_widgets import store
from tests.store.made_up import recording
journal = store.Journal(recording(), sys.argv[1], seconds=0.01)
child = os.fork()
if child == 0:
    sys.exit(0)
journal.start()
os.waitpid(child, 0)
print(store.look(sys.argv[1]).live, os.path.exists(sys.argv[1] + "/journal"))
"""


def test_a_child_leaves_it_alone_and_the_end_of_the_program_closes_it(tmp_path):
    root = Path(rodflow_widgets.__file__).parents[1]
    command = [sys.executable, "-c", FORKING, str(tmp_path / "run")]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["True", "True"]
    assert store.look(tmp_path / "run").live is False
    assert_same(store.load(tmp_path / "run"), recording())
    assert (tmp_path / "run" / "zarr.json").exists()
