import json
import subprocess
import sys
import zipfile

import numpy as np
import pyarrow
import pytest
import xarray
import zarr

from rodflow_widgets import store
from rodflow_widgets.errors import ArgumentError, RunError
from rodflow_widgets.store import zarray
from rodflow_widgets.store.sealed import sealed

from .made_up import assert_same, column, empty, recording, rows


def test_everything_comes_back_bit_for_bit(tmp_path):
    rec = recording()
    path = rec.save(tmp_path / "run")
    loaded = store.load(path)
    assert_same(loaded, rec)
    assert_same(store.load(loaded.save(tmp_path / "again")), rec)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["again", "run"]
    assert not (path / "journal").exists()


@pytest.mark.parametrize("times", [0, 1, 7, 8, 9])
def test_chunks_of_the_time_axis(times, tmp_path, monkeypatch):
    monkeypatch.setattr(zarray, "CHUNK_TIMES", 4)
    rec, rng = empty(a=[column("wide", 2)], b=[]), np.random.default_rng(times)
    rec["a"].append(rows(rng, rec["a"], 0, times))
    rec["b"].append(rows(rng, rec["b"], 6, max(6, times)))
    path = rec.save(tmp_path / "run")
    assert_same(store.load(path), rec)
    xarray.testing.assert_identical(xarray.open_zarr(path).load(), rec.to_xarray())


def test_xarray_opens_what_to_xarray_shows(tmp_path):
    rec = recording()
    path = rec.save(tmp_path / "run")
    opened = xarray.open_zarr(path)
    xarray.testing.assert_identical(opened.load(), rec.to_xarray())
    assert opened["loss"].attrs == {"units": "1", "long_name": "the loss", "source": "a test"}
    assert opened["variable_3"].attrs["column"] == "a/../b"
    assert opened["wide"].sel(process="discrete", time=3).shape == (3,)
    assert int(opened["recorded"].sel(process="../rod").sum()) == 395
    assert opened["loss"].encoding["chunks"] == (1, 400)


def test_zarr_itself_reads_every_array(tmp_path):
    rec = recording()
    group, shown = zarr.open_group(rec.save(tmp_path / "run"), mode="r"), rec.to_xarray()
    assert group.metadata.zarr_format == 3
    assert set(group.array_keys()) == set(shown.variables)
    for name, array in group.arrays():
        np.testing.assert_array_equal(array[...], shown[name].values.astype(array.dtype))


def test_columns_that_are_absent_take_no_space(tmp_path):
    rec = empty(a=[column("only_a")], b=[column("only_b")])
    rng = np.random.default_rng(0)
    for table in rec.tables:
        table.append(rows(rng, table, 0, 10_000))
    path = rec.save(tmp_path / "run")
    assert sorted(entry.name for entry in (path / "only_a" / "c").iterdir()) == ["0"]
    assert sorted(entry.name for entry in (path / "only_b" / "c").iterdir()) == ["1"]


def test_times_without_a_common_axis_stay_a_journal(tmp_path):
    rec, rng = empty(a=[]), np.random.default_rng(0)
    rec["a"].append(rows(rng, rec["a"], 0, 5))
    rec["a"].append(rows(rng, rec["a"], 2, 9))
    with pytest.raises(RunError, match="does not increase"):
        rec.to_xarray()
    path = rec.save(tmp_path / "run")
    assert_same(store.load(path), rec)
    with pyarrow.ipc.open_stream(path / "journal" / "0.arrow") as reader:
        np.testing.assert_array_equal(reader.read_all()["loss"], rec["a"]["loss"])


def test_what_exists_is_refused(tmp_path):
    rec, other = recording(), recording(seed=1)
    path = rec.save(tmp_path / "run")
    with pytest.raises(ArgumentError, match="holds a run already: give another path, overwrite=True"):
        other.save(path)
    assert_same(store.load(path), rec)
    assert_same(store.load(other.save(path, overwrite=True)), other)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").touch()
    (tmp_path / "file").write_text("mine")
    for name in ("file", "folder"):
        with pytest.raises(ArgumentError, match="exists and is no run: give another path"):
            rec.save(tmp_path / name, overwrite=True)
    with pytest.raises(ArgumentError, match="cannot be written to"):
        rec.save(tmp_path / "file" / "run")
    (tmp_path / "empty").mkdir()
    for name in ("empty", "new/er"):
        assert_same(store.load(rec.save(tmp_path / name)), rec)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["empty", "file", "folder", "new", "run"]


def test_an_old_run_survives_a_save_that_fails(tmp_path):
    rec, other = recording(), recording()
    path = rec.save(tmp_path / "run")
    for broken in (float("nan"), {1, 2}, "\ud800"):
        other.spec["broken"] = broken
        with pytest.raises(ArgumentError, match="cannot be saved as JSON"):
            other.save(path, overwrite=True)
        assert_same(store.load(path), rec)
    assert list(tmp_path.iterdir()) == [path]


def test_a_replacement_that_was_broken_off_is_taken_back(tmp_path):
    rec, other = recording(), recording(seed=1)
    path = rec.save(tmp_path / "run")
    path.rename(tmp_path / ".run.replaced")
    assert_same(store.load(path), rec)
    with pytest.raises(ArgumentError, match="holds a run already"):
        other.save(path)
    assert_same(store.load(path), rec)
    assert list(tmp_path.iterdir()) == [path]


def test_what_the_killed_left_aside_is_removed(tmp_path):
    part = tmp_path / ".run.abc.part"
    part.mkdir()
    (part / "lock").touch()
    path = recording().save(tmp_path / "run")
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_run(tmp_path):
    with pytest.raises(ArgumentError, match="there is nothing of that name"):
        store.load(tmp_path / "nothing")
    with pytest.raises(ArgumentError, match=r"run\.json is missing"):
        store.load(tmp_path)
    with zipfile.ZipFile(tmp_path / "older", "w") as archive:
        archive.writestr("run.json", "{}")
    with pytest.raises(ArgumentError, match="one file, as an older version of rodflow_widgets wrote them"):
        store.load(tmp_path / "older")
    (tmp_path / "text").write_text("mine")
    with pytest.raises(ArgumentError, match="is no folder"):
        store.look(tmp_path / "text")


def test_a_run_is_found_from_within_and_by_the_home_of_its_owner(tmp_path, monkeypatch):
    rec = recording()
    (rec.save(tmp_path / "run") / "within").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for here, path in (("run", "."), ("run/within", ".."), ("", "~/run"), ("run", "../run/.")):
        monkeypatch.chdir(tmp_path / here)
        assert_same(store.load(path), rec)
        assert store.look(path).rows == 792
        assert store.token(path) == store.token(tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run")
    (found,), wrong = store.find(".")
    assert (found.rows, wrong) == (792, [])
    (tmp_path / "run" / "run.json").unlink()
    with pytest.raises(ArgumentError, match=r"path='\.' cannot be read as a run: run\.json is missing"):
        store.load(".")
    with pytest.raises(ArgumentError, match="cannot be read as a run"):
        store.load("/")


@pytest.mark.parametrize("path", [None, 3, "", b"run", True])
def test_what_is_no_path_is_refused(path):
    for work in (store.load, store.look, store.changes, store.token, recording().save):
        with pytest.raises(ArgumentError, match=r"^path=.* is not usable: give the path of the folder of a run"):
            work(path)
    with pytest.raises(ArgumentError, match="is not usable"):
        store.Journal(recording(), path)


def test_a_newer_format_is_named(tmp_path):
    path = recording().save(tmp_path / "run")
    content = json.loads((path / "run.json").read_bytes())["content"]
    (path / "run.json").write_bytes(sealed({**content, "format": store.FORMAT + 1, "more": 1}))
    for read in (store.load, store.look, store.checkpoints, store.changes):
        with pytest.raises(ArgumentError, match="has format 3, newer than 2: update rodflow_widgets"):
            read(path)


def test_look_is_a_summary(tmp_path):
    path = recording().save(tmp_path / "run")
    found = store.look(path)
    assert (found.name, found.optimizer, found.steps, found.rows) == ("½ toy", "gradient descent", 400, 792)
    assert (str(found.status), found.checkpoints, found.live) == ("diverged: Diverged.", 0, False)
    assert found.bytes == sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


@pytest.mark.parametrize("state", ["ready", "running", "paused"])
def test_a_run_that_was_left_before_its_end_is_not_told_as_going_on(tmp_path, state):
    rec, rng = empty(a=[], b=[]), np.random.default_rng(0)
    rec["a"].append(rows(rng, rec["a"], 0, 10))
    rec["b"].status = store.loading.Status("diverged", 3, "Lost.")
    rec.status = rec["a"].status = store.loading.Status(state, 9, "It goes.")
    journal = store.Journal(rec, tmp_path / "left")
    for found in (store.look(tmp_path / "left"), store.load(tmp_path / "left")):
        assert found.status == rec.status
    journal.close()
    left = "stopped: Its process ended at about step 9, before the run did."
    copied = "stopped: It was saved at step 9, while it went."
    for path, words in ((tmp_path / "left", left), (rec.save(tmp_path / "copied"), copied)):
        found = store.load(path)
        assert [str(found.status), str(found["a"].status)] == [words] * 2
        assert found["b"].status == rec["b"].status
        assert store.look(path).status == found.status
        assert not store.look(path).live
        assert (path / "zarr.json").exists()
        assert_same(store.load(found.save(tmp_path / "again", overwrite=True)), found)


def test_importing_the_store_is_light():
    heavy = "{'torch', 'zarr', 'pyarrow', 'safetensors', 'xarray', 'filelock', 'jsonschema'}"
    code = f"import sys, rodflow_widgets.store; print(*{heavy} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
