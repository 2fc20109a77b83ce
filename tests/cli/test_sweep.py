"""`rodflow sweep`, and what `ls`, `show` and `resume` say of the folder of a sweep."""

from __future__ import annotations

from pathlib import Path

import pytest

import rodflow_widgets as rf
from rodflow_widgets.cli.main import main

SMALL = ["quartic", "GradientDescent", "--steps", "12", "--quiet"]


def test_a_sweep_is_run_listed_shown_and_gone_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "sweep"
    asked = ["quartic", "heavy-ball", "--learning-rate", "0.1:0.4:3", "--vary", "beta=0.5", "--seeds", "1,2"]
    assert main(["sweep", *asked, "--set", "S=2", "--steps", "12", "--out", str(place)]) == 0
    said = capsys.readouterr().out
    assert "Finished 6 runs: 6 finished." in said
    assert str(place) in said
    sweep = rf.load(place)
    assert sweep.axes == {
        "learning_rate": (0.1, pytest.approx(0.2), pytest.approx(0.4)),
        "beta": (0.5,),
        "seed": (1, 2),
    }
    assert "S = 2" in sweep.recordings[0].spec["problem"]["name"]
    assert main(["ls", str(tmp_path)]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) == 2
    assert "sweep of 6, heavy ball" in listed[1]
    assert main(["show", str(place)]) == 0
    shown = capsys.readouterr().out
    assert "learning rate  beta  seed" in shown
    assert shown.count("finished  ") >= 6
    assert main(["resume", str(place)]) == 0
    assert "Finished 6 runs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--learning-rate", "fast"], "--learning-rate 'fast' is not usable: give numbers"),
        (["--seeds", "0.5"], "--seeds '0.5' is not usable: give whole numbers"),
        (["--vary", "learning_rate"], "--vary 'learning_rate' is not usable"),
        (["--vary", "bta=0.1"], "hyperparameter 'bta' is unknown"),
        (["--learning-rate", "0.1", "--set", "learning_rate=2"], "learning_rate is varied"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", *SMALL, *arguments, "--out", str(tmp_path / "sweep")]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "sweep").exists()


def test_what_is_for_single_runs_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = str(tmp_path / "sweep")
    assert main(["sweep", *SMALL, "--out", place]) == 0
    assert main(["resume", place, "--steps", "5"]) == 2
    assert "the runs of a sweep have the steps" in capsys.readouterr().err
    assert main(["report", place]) == 2
    assert "its runs are runs/0000" in capsys.readouterr().err
