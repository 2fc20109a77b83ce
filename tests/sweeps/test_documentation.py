"""What docs/sweeps.md shows works."""

import re
from pathlib import Path

import rodflow_widgets
from rodflow_widgets.store import sweeps
from rodflow_widgets.sweeps import written

PAGE = Path(rodflow_widgets.__file__).parents[1] / "docs" / "sweeps.md"


def test_the_examples_run_and_the_figures_are_those_of_the_code(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(code) == 6
    shown = {"__name__": "page"}
    for block in code:
        exec(block, shown)
    assert shown["again"].status.sentence == "Finished 2 runs: 2 finished."
    for name in (sweeps.SWEEP, sweeps.STARTS, f"{sweeps.RUNS}/0000"):
        assert f"`{name}`" in text
    assert f"format number of its own, {sweeps.FORMAT}" in text
    assert f"at most every {written.MANIFEST_SECONDS:g} s" in text
    assert f"every {written.SECONDS:g} s" in text
