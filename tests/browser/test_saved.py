"""A notebook that was run and saved, where no kernel is: it is drawn by the front end, once with all its code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from nbformat.sign import NotebookNotary
from playwright.sync_api import Browser, Locator, Page, expect

from .live import COLOURS
from .notebook import SCREENSHOTS, Opener

VIEW = """import rodflow_widgets as rf
{name} = rf.compare(rf.problems.digits_mlp((8, 8), n=100), rf.optimizers.GradientDescent({rate}), steps=60)
{name}"""
RATES = {"first": 0.4, "second": 0.3, "third": 0.2}
PICTURE, CODE = r'data-rodflow-picture=\\"\\"', r'data-rodflow-bundle=\\"[0-9a-f]{16}\\"'
QUIET = "A saved picture: the cursor and the read-out work, and nothing is computed."


def three_views(path: Path) -> Path:
    """A notebook with three views, each of which is waited for."""
    cells = []
    for name, rate in RATES.items():
        cells.append(nbformat.v4.new_code_cell(VIEW.format(name=name, rate=rate), id=name))
        cells.append(nbformat.v4.new_code_cell(f"{name}.run.wait()", id=f"{name}-waits"))
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
    return path


def count_parts(path: Path) -> tuple[int, int]:
    """Pictures in a notebook, and front ends."""
    text = path.read_text(encoding="utf-8")
    return len(re.findall(PICTURE, text)), len(re.findall(CODE, text))


def interactive(page: Page, index: int, places: str = "div.rodflow-widgets-still") -> Locator:
    """A saved picture that follows the pointer, and says that it is saved."""
    place = page.locator(places).nth(index)
    place.scroll_into_view_if_needed()
    root = place.locator(".rodflow")
    expect(root).to_be_visible(timeout=30_000)
    expect(root).to_have_attribute("data-state", "saved")
    expect(root.locator(".rf-notice")).to_contain_text(QUIET)
    expect(root.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    readout = root.locator("[data-panel=loss] [data-process=discrete] .rf-value")
    newest = readout.inner_text()
    root.locator("canvas").first.hover(position={"x": 200, "y": 40})
    expect(readout).not_to_have_text(newest)
    step = root.evaluate("root => root.rodflow.cursor()")
    assert 0 < step < 60
    expect(root.locator(".rf-legend-head b").first).to_have_text(f"step {step}")
    return root


def painted(root: Locator, colour: str) -> int:
    """Pixels of a colour on the first canvas."""
    count: int = root.locator("canvas").first.evaluate(
        """(canvas, colour) => {
          const wanted = [0, 2, 4].map(i => parseInt(colour.slice(i, i + 2), 16));
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          let count = 0;
          for (let i = 0; i < data.length; i += 4)
            if (wanted.every((value, k) => Math.abs(data[i + k] - value) <= 12)) count++;
          return count;
        }""",
        colour,
    )
    return count


def test_a_saved_notebook_is_interactive_without_a_kernel_and_on_a_page_of_its_own(
    opener: Opener, browser: Browser, tmp_path: Path
) -> None:
    notebook = opener(three_views(tmp_path / "three.ipynb"), extension=False)
    notebook.run_all()
    notebook.finished()
    notebook.until("document.querySelectorAll('script[data-rodflow-picture]').length === 3")
    assert notebook.page.locator(".rodflow").count() == 3  # the live ones: pictures beside them are not drawn
    notebook.save()
    assert count_parts(notebook.path) == (3, 1)

    saved = nbformat.read(notebook.path, as_version=4)
    saved.metadata = {"kernelspec": {"name": "gone", "display_name": "Gone", "language": "gone"}}
    for cell in saved.cells:
        cell.metadata.pop("trusted", None)
    nbformat.write(saved, tmp_path / "saved.ipynb")

    # Not trusted, its scripts do not run: the PNG stays.
    stranger = opener(tmp_path / "saved.ipynb", kernel="none", extension=False)
    picture = stranger.page.locator("img.rodflow-widgets-still").first
    expect(picture).to_be_visible(timeout=30_000)
    assert picture.evaluate("image => image.naturalWidth") >= 960
    expect(stranger.page.locator(".rodflow")).to_have_count(0)

    notary = NotebookNotary(data_dir=str(notebook.server.data))
    notary.sign(saved)
    notary.store.close()
    reader = opener(tmp_path / "saved.ipynb", kernel="none", theme="JupyterLab Dark", height=1400, extension=False)
    for index in range(3):
        root = interactive(reader.page, index)
    expect(root).to_have_attribute("data-theme", "dark")
    assert painted(root, COLOURS["dark"]["rod"]) > 40
    expect(reader.page.locator("img.rodflow-widgets-still").first).to_be_hidden()
    reader.screenshot("saved-dark")

    # A page that nbconvert makes of it, from the disk and with no network.
    html, _ = HTMLExporter().from_notebook_node(saved)
    (tmp_path / "saved.html").write_text(html, encoding="utf-8")
    with opened_offline(browser, tmp_path / "saved.html") as page:
        for index in range(3):
            root = interactive(page, index)
        assert painted(root, COLOURS["light"]["rod"]) > 40
        page.screenshot(path=SCREENSHOTS / "saved-nbconvert.png", full_page=True)


class opened_offline:
    """A page from the disk; only what needs the network may fail on it."""

    def __init__(self, browser: Browser, path: Path) -> None:
        self.context = browser.new_context(viewport={"width": 1200, "height": 1300}, offline=True)
        self.page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("console", lambda message: self._heard(message))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.goto(path.as_uri())

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning") and not re.search("ERR_INTERNET_DISCONNECTED", message.text):
            self.problems.append(message.text)

    def __enter__(self) -> Page:
        return self.page

    def __exit__(self, *raised: object) -> None:
        self.context.close()
        if raised[0] is None:
            assert self.problems == []
