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


def test_installed_notebooks_are_copied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "rodflow_widgets"
    (package / "notebooks").mkdir(parents=True)
    (package / "notebooks" / lab.FIRST).write_text("first")
    monkeypatch.setattr(lab, "PACKAGE", package)
    notebook = lab.notebook(tmp_path)
    assert notebook == tmp_path / lab.COPIES / lab.FIRST
    notebook.write_text("changed by the user")
    assert lab.notebook(tmp_path).read_text() == "changed by the user"


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
