"""`rodflow ls`, `show`, `report` and `resume` on runs on disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rodflow_widgets as rf
from rodflow_widgets.cli.main import main

SMALL = ["--set", "widths=6", "--set", "n=40", "--processes", "discrete", "--quiet"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert main(["run", *SMALL, "--steps", "12", "--out", str(tmp_path / "deep" / "first")]) == 0
    assert main(["run", *SMALL, "--steps", "8", "--optimizer", "Adam", "--out", str(tmp_path / "second")]) == 0
    return tmp_path


def test_ls_lists_what_is_below(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "gradient descent on digits MLP" in lines[1]
    assert str(folder / "deep" / "first") in lines[1]
    assert "Adam on digits MLP" in lines[2]
    assert "finished" in lines[2]
    (folder / "empty").mkdir()
    assert main(["ls", str(folder / "empty")]) == 0
    assert "There is no run" in capsys.readouterr().out


def test_show_says_what_a_run_holds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(folder / "second")]) == 0
    said = capsys.readouterr().out
    assert "Finished: 8 steps." in said
    assert "| iterates" in said
    assert "checkpoints before rows 0" in said
    assert main(["show", str(folder / "none")]) == 2


def test_report_is_one_page_without_a_network(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(folder / "second")]) == 0
    page = (folder / "second" / "report.html").read_text(encoding="utf-8")
    assert "<h1>Adam on digits MLP" in page
    assert "data-rodflow-picture" in page
    assert "data-rodflow-bundle" in page
    for outside in ("http://", 'src="//', "<link"):
        assert outside not in page.replace("http://www.w3.org/", "")
    assert main(["report", str(folder / "second"), "--out", str(folder / "no" / "page.html")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_run_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "rodflow_widgets.cli",
        "run",
        *SMALL,
        "--steps",
        "100000",
        "--out",
        str(tmp_path / "run"),
    ]
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if len(rf.load(tmp_path / "run")["discrete"]) > 20:
                break
        except rf.errors.ArgumentError:
            pass
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    first = rf.load(tmp_path / "run")
    assert first.status.state == "stopped"
    command = [sys.executable, "-m", "rodflow_widgets.cli", "resume", str(tmp_path / "run")]
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    until = time.monotonic() + 60
    while time.monotonic() < until and len(rf.load(tmp_path / "run")["discrete"]) < len(first["discrete"]) + 20:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    second = rf.load(tmp_path / "run")
    assert len(second["discrete"]) >= len(first["discrete"]) + 20
    count = len(first["discrete"])
    assert second["discrete"]["loss"][:count].tobytes() == first["discrete"]["loss"].tobytes()
    assert (second["discrete"]["time"] == range(len(second["discrete"]))).all()


def test_an_existing_run_is_kept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = ["run", *SMALL, "--steps", "5", "--out", str(folder / "second")]
    assert main(again) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main([*again, "--overwrite"]) == 0
    assert rf.load(folder / "second").status.step == 5
