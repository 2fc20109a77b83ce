import json
import zipfile

import numpy as np
import pytest

from rodflow_widgets import store
from rodflow_widgets.errors import ArgumentError
from rodflow_widgets.recording import Recording
from rodflow_widgets.vocabulary import Event, Status


def column(name, width=1):
    return {"name": name, "unit": "1", "meaning": name, "source": "", "width": width}


@pytest.fixture
def recording():
    columns = [column("time"), column("loss"), column("eigenvalues", 1), column("wide", 3)]
    spec = {
        "problem": {"name": "½ toy"},
        "optimizer": {"label": "gradient descent"},
        "processes": [{"name": "../rod", "columns": columns}, {"name": "empty", "columns": columns}],
    }
    rec = Recording(spec, saver=store.save)
    rng = np.random.default_rng(0)
    rows = {"time": np.arange(400.0), "loss": rng.normal(size=400), "eigenvalues": rng.normal(size=(400, 1))}
    rows["wide"] = rng.normal(size=(400, 3))
    rows["wide"][0, 1], rows["loss"][3] = np.nan, np.inf
    rec["../rod"].append(rows, {7: rng.normal(size=5)})
    rec["../rod"].status = Status("diverged", 399, "The loss passed 10⁶.")
    rec.status = Status("diverged", 399, "Diverged.")
    rec.seconds = 1.25
    rec.add_events([Event(5, "learning_rate", 0.1, 0.2), Event(9, "learning_rate", 0.2, 0.1, "undone")])
    return rec


def test_everything_comes_back_bit_for_bit(recording, tmp_path):
    loaded = store.load(recording.save(tmp_path / "run.rodflow"))
    assert loaded.spec == recording.spec
    assert (loaded.status, loaded.events, loaded.seconds) == (recording.status, recording.events, 1.25)
    for table in recording.tables:
        assert loaded[table.name].status == table.status
        for name in table:
            expected, found = table[name], loaded[table.name][name]
            assert found.tobytes() == expected.tobytes()
            assert len(table) == 0 or found.shape == expected.shape
    np.testing.assert_array_equal(loaded["../rod"].parameters[7], recording["../rod"].parameters[7])
    assert loaded.save(tmp_path / "again").exists()


def test_an_old_file_survives_a_save_that_fails(recording, tmp_path):
    path = recording.save(tmp_path / "run")
    before = path.read_bytes()
    recording.spec["broken"] = float("nan")
    with pytest.raises(ValueError, match="JSON"):
        recording.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"no run", b"PK\x03\x04 broken"])
def test_files_that_are_no_run(content, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ArgumentError, match="is no run, or is damaged"):
        store.load(path)


def test_missing_file_and_folder(recording, tmp_path):
    with pytest.raises(ArgumentError, match="is no file"):
        store.load(tmp_path / "nothing")
    with pytest.raises(ArgumentError, match="does not exist"):
        recording.save(tmp_path / "no" / "run")
    with pytest.raises(ArgumentError, match="is a folder"):
        recording.save(tmp_path)


def test_events_of_older_files_have_no_note(recording, tmp_path):
    path, older = recording.save(tmp_path / "run"), tmp_path / "older"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(older, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "run.json":
                manifest = json.loads(content)
                for event in manifest["events"]:
                    del event["note"]
                content = json.dumps(manifest)
            target.writestr(name, content)
    assert [event.note for event in store.load(older).events] == ["", ""]


def test_a_cut_or_changed_file_is_damaged(recording, tmp_path):
    path = recording.save(tmp_path / "run")
    content = bytearray(path.read_bytes())
    (tmp_path / "cut").write_bytes(content[: len(content) // 2])
    content[200] ^= 0xFF
    (tmp_path / "changed").write_bytes(content)
    for name in ("cut", "changed"):
        with pytest.raises(ArgumentError, match="damaged"):
            store.load(tmp_path / name)


def test_other_zips_and_newer_formats(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ArgumentError, match="is no run"):
        store.load(tmp_path / "other.npz")
    path = tmp_path / "newer"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("run.json", json.dumps({"mark": "rodflow_widgets run", "format": store.FORMAT + 1}))
    with pytest.raises(ArgumentError, match="update rodflow_widgets"):
        store.load(path)


def test_pickles_are_not_read(recording, tmp_path):
    path = recording.save(tmp_path / "run")
    evil = tmp_path / "evil"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(evil, "w") as target:
        for name in source.namelist():
            if name == "table0_column0.npy":
                with target.open(name, "w") as member:
                    np.lib.format.write_array(member, np.array([object()], dtype=object), allow_pickle=True)
            else:
                target.writestr(name, source.read(name))
    with pytest.raises(ArgumentError, match="damaged"):
        store.load(evil)
