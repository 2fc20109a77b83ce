"""The quickstart in Jupyter Notebook 7."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from .notebook import Opener
from .test_quickstart import small_quickstart, started


def test_the_quickstart_in_notebook_7(opener: Opener, tmp_path: Path) -> None:
    notebook = opener(small_quickstart(tmp_path / "classic.ipynb", steps=20_000, waits=False), classic=True)
    assert notebook.page.evaluate("jupyterapp.name") == "Jupyter Notebook"
    live = started(notebook)
    live.button("Pause").click()
    live.state("paused")
    held = int(notebook.execute("print(live.run.status.step)"))
    live.step(held)
    assert live.times()["discrete"] == list(range(held + 1))
    expect(notebook.page.locator(".rodflow-saved[data-rodflow-picture]")).to_have_count(1)
    expect(notebook.page.locator("img.rodflow-widgets-still")).to_be_hidden()
    notebook.screenshot("notebook7")
