from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from rodflow_widgets.cli import lab
from rodflow_widgets.cli.main import main


def test_the_notebooks_of_the_clone_are_opened(tmp_path: Path) -> None:
    notebook = lab.notebook(tmp_path)
    assert notebook.name == "01_quickstart.ipynb"
    assert notebook.parent.name == "notebooks"
    assert not (tmp_path / lab.COPIES).exists()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The notebooks of a package that lies in no clone, and a working folder elsewhere."""
    package = tmp_path / "site-packages" / "rodflow_widgets"
    for name in (lab.FIRST, "02_sweeps.ipynb", "data/points.csv", ".ipynb_checkpoints/02_sweeps-checkpoint.ipynb"):
        path = package / "notebooks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name} of this version")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(lab, "PACKAGE", package)
    return package / "notebooks"


def test_installed_notebooks_are_copied_once(installed: Path) -> None:
    here = Path.cwd()
    notebook = lab.notebook(here)
    assert notebook == here / lab.COPIES / lab.FIRST
    notebook.write_text("changed by the user")
    assert lab.notebook(here).read_text() == "changed by the user"
    assert (here / lab.COPIES / "02_sweeps.ipynb").read_text() == "02_sweeps.ipynb of this version"


def test_copies_of_a_new_version_join_those_that_were_changed(installed: Path, capsys) -> None:
    folder = Path.cwd() / lab.COPIES
    assert main(["lab", "--copy-only"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"copied  {folder / name}" for name in (lab.FIRST, "02_sweeps.ipynb", "data/points.csv")
    ]
    (folder / "02_sweeps.ipynb").write_text("changed by the user")
    (installed / "02_sweeps.ipynb").write_text("new")
    (installed / "03_new.ipynb").write_text("new")
    assert main(["lab", "--copy-only"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"copied  {folder / '03_new.ipynb'}",
        *(f"stays   {folder / name}" for name in (lab.FIRST, "02_sweeps.ipynb", "data/points.csv")),
    ]
    assert (folder / "02_sweeps.ipynb").read_text() == "changed by the user"


@pytest.mark.parametrize(("user", "extra"), [(0, ["--allow-root"]), (1000, [])])
@pytest.mark.parametrize("before", [[], ["--"]])
def test_flags_are_passed_on(
    monkeypatch: pytest.MonkeyPatch, user: int, extra: list[str], before: list[str], tmp_path: Path
) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr("subprocess.call", lambda command: called.append(command) or 0)
    monkeypatch.setattr(lab, "notebook", lambda here: Path("a.ipynb"))
    flags = ["--no-browser", "--port", "8899", "--ServerApp.open_browser=False", "--version"]
    assert main(["lab", *before, *flags]) == 0
    assert called == [[sys.executable, "-m", "jupyterlab", *extra, "a.ipynb", *flags]]


def test_flags_of_jupyterlab_are_not_for_other_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["list", "--no-browser"])
    assert "unrecognized arguments: --no-browser" in capsys.readouterr().err


def test_without_jupyterlab(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["lab"]) == 1
    assert "pip install 'rodflow_widgets[lab]'" in capsys.readouterr().err
