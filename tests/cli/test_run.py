from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import rodflow_widgets as rf
from rodflow_widgets.cli.main import main
from rodflow_widgets.engine.registry import PROBLEMS
from rodflow_widgets.version import __version__


def test_a_run_writes_picture_table_and_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "folder"
    arguments = ["--problem", "quartic", "--learning-rate", "2.5", "--steps", "60", "--out", str(out)]
    assert main(["run", *arguments]) == 0
    assert (out / "report.png").read_bytes().startswith(b"\x89PNG")
    report = (out / "report.md").read_text(encoding="utf-8")
    printed = capsys.readouterr().out
    for label in ("iterates", "rod flow", "stable flow"):
        assert f"| {label}" in report
        assert f"| {label}" in printed
    assert "learning rate 2.5; 60 steps" in report
    recording = rf.load(out)
    assert recording["discrete"]["time"][-1] == 60
    assert recording.spec["optimizer"]["values"] == {"learning_rate": 2.5}


def test_the_options_of_problem_and_run_arrive(tmp_path: Path) -> None:
    arguments = [
        "--set",
        "widths=8,8",
        "--set",
        "n=60",
        "--dtype",
        "float32",
        "--processes",
        "discrete,stable",
        "--steps",
        "6",
        "--eigenvalues",
        "2",
        "--seed",
        "3",
        "--start",
        "1",
        "--quiet",
    ]
    assert main(["run", *arguments, "--out", str(tmp_path / "out")]) == 0
    recording = rf.load(tmp_path / "out")
    assert recording.spec["problem"]["dtype"] == "float32"
    assert recording.spec["problem"]["dim"] == 64 * 8 + 8 + 8 * 8 + 8 + 8 * 10 + 10
    assert recording.spec["seed"] == 3
    assert list(recording) == ["discrete", "stable"]
    assert recording["discrete"]["eigenvalues"].shape[1] == 2


def test_the_same_command_gives_the_same_numbers(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert main(["run", "--set", "widths=8", "--steps", "20", "--quiet", "--out", str(tmp_path / name)]) == 0
    first, second = (rf.load(tmp_path / name) for name in ("a", "b"))
    for process in first:
        for column in first[process].columns:
            assert first[process][column].tobytes() == second[process][column].tobytes()


def test_divergence_is_a_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--problem", "quadratic", "--learning-rate", "30", "--steps", "400", "--processes", "discrete"]
    assert main(["run", *arguments, "--out", str(tmp_path / "out")]) == 0
    assert "diverged" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--problem", "digit_mlp"], "did you mean 'digits_mlp'"),
        (["--optimizer", "Adamant"], "optimizer 'Adamant' is unknown"),
        (["--processes", "discrete,rood"], "rood"),
        (["--learning-rate", "-1"], "learning_rate=-1.0"),
        (["--steps", "0"], "steps"),
        (["--set", "width=8"], "did you mean 'widths'"),
        (["--set", "nonsense"], "NAME=VALUE"),
        (["--seed", "-1"], "seed=-1"),
        (["--seed", str(2**32)], f"seed={2**32}"),
        (["--set", "seed=first"], "seed='first'"),
        (["--set", "dtype=float16"], "dtype='float16'"),
        (["--problem", "quadratic", "--set", "dtype=3"], "dtype=3"),
        (["--set", "activation=[1]"], "[1]"),
        (["--set", "loss={}"], "{}"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["run", *arguments, "--out", str(out)]) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.err.count("\n") == 1
    assert not out.exists()


def test_a_file_where_the_folder_should_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["run", "--out", str(tmp_path / "file")]) == 2
    assert "exists and is no run" in capsys.readouterr().err


def test_a_value_that_a_problem_trips_over_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(PROBLEMS, "picky", lambda size=1: rf.problems.quartic(w0=1.0 / size))
    assert main(["run", "--problem", "picky", "--set", "size=[1]", "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "'picky' cannot be made with size=[1] (unsupported operand" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("below", ["file/below", "file/below/deep"])
def test_a_folder_that_cannot_be_made_is_found_before_the_run(
    below: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("rodflow_widgets.session.recorder.Driver.advance", lambda self: pytest.fail("it was run"))
    assert main(["run", "--problem", "quartic", "--out", str(tmp_path / below)]) == 2
    error = capsys.readouterr().err
    assert "cannot be written to" in error
    assert error.count("\n") == 1


def test_the_data_are_kept_where_the_picture_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("rodflow_widgets.cli.run.PICTURE", "nowhere/report.png")
    assert main(["run", "--problem", "quartic", "--steps", "8", "--quiet", "--out", str(tmp_path / "out")]) == 1
    assert "report.png" in capsys.readouterr().err
    assert rf.load(tmp_path / "out")["discrete"]["time"][-1] == 8


def test_the_dtype_may_be_set_like_any_option(tmp_path: Path) -> None:
    arguments = ["--problem", "quartic", "--set", "dtype=float32", "--steps", "4", "--quiet"]
    assert main(["run", *arguments, "--out", str(tmp_path / "out")]) == 0
    assert rf.load(tmp_path / "out").spec["problem"]["dtype"] == "float32"


def test_hyperparameters_are_set_by_their_names(tmp_path: Path) -> None:
    arguments = ["--problem", "quartic", "--optimizer", "adam", "--set", "beta1=0.8", "--learning-rate", "0.05"]
    assert (
        main(["run", *arguments, "--processes", "discrete", "--steps", "4", "--quiet", "--out", str(tmp_path / "out")])
        == 0
    )
    values = rf.load(tmp_path / "out").spec["optimizer"]["values"]
    assert values == {"learning_rate": 0.05, "beta1": 0.8, "beta2": 0.99, "eps": 1e-8}


def test_list_names_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    for name in (
        "digits_mlp",
        "quartic",
        "GradientDescent",
        "rod-covariance",
        "rod-paper",
        "stable",
        "--learning-rate",
        "--set widths=32,32",
        "a whole number of at least 1 and at most 1797",
        "tanh, silu, gelu, softplus or relu",
        "an even number of at least 2, per step",
    ):
        assert name in printed


def test_the_console_script() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rodflow_widgets.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"rodflow_widgets {__version__}"
