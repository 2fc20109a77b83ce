"""What others have put into the folder of a run stays there."""

import os
from pathlib import Path

import numpy as np
import pytest

from rodflow_widgets import store

from .made_up import assert_same, recording


def once(path):
    """A run with a checkpoint, closed."""
    journal = store.Journal(recording(), path, seconds=60)
    journal._keeper.put(10, 0, {"row": 10}, {"w": np.ones(10)})
    journal.close()


def furnish(path):
    """A nested run, a folder, a file and a link, in the folder of a run."""
    recording(seed=1).save(path / "fork")
    (path / "figures").mkdir()
    (path / "figures" / "loss.svg").write_text("<svg/>")
    (path / "notes.md").write_text("notes")
    (path / "latest").symlink_to("figures")


def furnished(path):
    assert_same(store.load(path / "fork"), recording(seed=1))
    assert (path / "figures" / "loss.svg").read_text() == "<svg/>"
    assert (path / "notes.md").read_text() == "notes"
    assert (path / "latest" / "loss.svg").exists()


def names(path):
    return {entry.name for entry in path.iterdir()}


def test_what_lies_in_the_folder_of_a_run_stays_when_it_goes_on(tmp_path):
    path = tmp_path / "run"
    once(path)
    bare = names(path)
    furnish(path)
    journal = store.Journal(recording(), path, continues=10)
    furnished(path)
    assert_same(store.load(path), recording())
    assert not bare & (names(path) - {"run.json", "events.jsonl", "lock", "checkpoints", "parameters"})
    journal.close()
    furnished(path)
    assert names(path) == bare | {"fork", "figures", "notes.md", "latest"}
    assert list(tmp_path.iterdir()) == [path]


def test_arrays_that_a_kill_has_left_do_not_stay(tmp_path, monkeypatch):
    path, real = tmp_path / "run", store.closing.zarray._Writer.close
    with monkeypatch.context() as patched:
        patched.setattr(store.closing, "_remove", lambda *_: None)
        patched.setattr(store.closing.zarray._Writer, "close", lambda *_: real(*_) or 1 / 0)
        once(path)
    assert {"journal", "loss", "time", "variable_3"} <= names(path)
    furnish(path)
    (path / ".run.json.1.2.part").write_text("half")
    journal = store.Journal(recording(), path, continues=10)
    furnished(path)
    assert not {"loss", "time", "variable_3", ".run.json.1.2.part"} & names(path)
    journal.close()


def test_what_cannot_be_carried_is_left_beside(tmp_path, monkeypatch):
    path, real = tmp_path / "run", Path.rename
    once(path)
    furnish(path)
    for left in ("run-left", "run-left-2"):

        def rename(entry, target):
            if entry.name in ("figures", "notes.md"):
                raise PermissionError(13, "Permission denied")
            return real(entry, target)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "rename", rename)
            store.Journal(recording(), path, continues=10).close()
        assert names(tmp_path / left) == {"figures", "notes.md"}
        assert_same(store.load(path / "fork"), recording(seed=1))
        (path / "figures").mkdir()
        (path / "notes.md").write_text("notes")


@pytest.mark.parametrize("there", ["folder", "file"])
def test_a_kill_before_anything_was_carried_loses_nothing(tmp_path, there):
    path = tmp_path / "run"
    once(path)
    furnish(path)
    os.rename(path, tmp_path / ".run.replaced")
    if there == "folder":
        once(tmp_path / "new")
        os.rename(tmp_path / "new", path)
        store.Journal(recording(), path, continues=10).close()
        furnished(path)
        assert list(tmp_path.iterdir()) == [path]
    else:
        path.write_text("of somebody else")
        with pytest.raises(store.journal.ArgumentError, match="exists and is no run"):
            store.Journal(recording(), path, overwrite=True)
        furnished(tmp_path / "run-left")
        assert names(tmp_path) == {"run", "run-left"}


def test_a_kill_while_the_former_run_is_removed_leaves_nothing_of_it(tmp_path, monkeypatch):
    path = tmp_path / "run"

    def killed(folder, **_):
        if folder.exists():
            (folder / "lock").unlink()
            (folder / "run.json").unlink()
            raise KeyboardInterrupt

    once(path)
    furnish(path)
    with monkeypatch.context() as patched:
        patched.setattr(store.folders.shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            store.folders._clear(path.rename(tmp_path / ".run.replaced"), path, carried=True)
    assert names(tmp_path) == {".run.replaced.part"}
    once(path)
    assert list(tmp_path.iterdir()) == [path]
    assert "fork" not in names(path)
