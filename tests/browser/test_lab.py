"""The fixtures themselves: a notebook without any widget runs by the menu."""

from __future__ import annotations

from pathlib import Path

import nbformat
from playwright.sync_api import expect

from .notebook import Opener


def test_a_notebook_runs_by_the_menu(opener: Opener, tmp_path: Path) -> None:
    plain = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(6 * 7)", id="a")])
    plain.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(plain, tmp_path / "plain.ipynb")
    notebook = opener(tmp_path / "plain.ipynb")
    notebook.run_all()
    notebook.finished()
    expect(notebook.page.locator(".jp-OutputArea-output").first).to_have_text("42")
    assert notebook.execute("print('beside the cells')") == "beside the cells"
