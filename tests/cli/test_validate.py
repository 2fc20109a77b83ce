from __future__ import annotations

from pathlib import Path

import pytest

from rodflow_widgets.cli.main import main


def test_chosen_cells_are_run_once_and_written_as_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, path = tmp_path / "cells", tmp_path / "validation.md"
    arguments = ["validate", "--only", "exact/maps", "--seeds", "0", "--out", str(out), "--write", str(path)]
    assert main(arguments) == 0
    assert "exact/maps" in capsys.readouterr().out
    text = path.read_text(encoding="utf-8")
    for name in ("gradient descent", "heavy ball", "Nesterov momentum", "RMSProp", "Adam", "NAdam"):
        assert f"| {name} beside torch.optim" in text
    assert "**no**" not in text
    (cell,) = out.glob("*.json")
    made = cell.stat().st_mtime_ns
    assert main([*arguments[:-2], "--quiet"]) == 0
    assert (out / "validation.md").read_text(encoding="utf-8") == text
    assert cell.stat().st_mtime_ns == made


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "nothing/*"], "--only 'nothing/*' fits no cell"),
        (["--seeds", "0,x"], "--seeds '0,x' are not usable"),
        (["--seeds", "0,0"], "give different whole numbers"),
        (["--write", "missing/page.md"], "--write 'missing/page.md' cannot be written"),
        (["--write", "."], "--write '.' cannot be written"),
        (["--out", "file"], "--out 'file' cannot be used"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert main(["validate", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
