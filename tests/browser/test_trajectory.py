"""The Trajectory view in a real JupyterLab: contours from the kernel, another start by hand, the plane of a network."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from .live import COLOURS, LiveView
from .notebook import Opener

VALLEY = """import rodflow_widgets as rf
live = rf.compare(rf.problems.valley(), rf.optimizers.GradientDescent(0.4), processes=("discrete", "rod"), steps=150)
live"""
NETWORK = """import rodflow_widgets as rf
problem = rf.problems.digits_mlp((8, 8), n=100)
live = rf.compare(problem, rf.optimizers.GradientDescent(0.6), processes=("discrete", "rod"), steps=60)
live"""


def shown(opener: Opener, folder: Path, code: str, steps: int) -> tuple[LiveView, Locator]:
    """The view of a run that has made `steps` steps."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code, id="live")])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "trajectory.ipynb")
    page = opener(folder / "trajectory.ipynb")
    page.run_all()
    live = LiveView(page)
    live.step(steps)
    live.root.get_by_role("tab", name="Trajectory").click()
    return live, live.root.locator(".rf-trajectory")


def test_the_start_of_a_valley_is_dragged_and_the_run_begins_there(opener: Opener, tmp_path: Path) -> None:
    live, view = shown(opener, tmp_path, VALLEY, 150)
    expect(view.locator(".rf-subtitle")).to_have_text(re.compile("^contours .* above −0"), timeout=20_000)
    live.frames()
    assert live.painted(COLOURS["light"]["rod"])[0] > 100
    handle = view.get_by_role("button", name=re.compile(r"Start at x = 0\.0500, y = 5\.60"))
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = live.notebook.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 40, y + 60, steps=4)
    mouse.up()
    expect(live.root).to_have_attribute("data-run", "2", timeout=20_000)
    live.step(20)
    first = [live.hook(f"column('discrete', 'coordinates', {part})[0]") for part in (0, 1)]
    assert 0.05 < first[0] < 0.4
    assert 4.8 < first[1] < 5.6
    said = live.notebook.execute("print(*live.run.recording['discrete']['coordinates'][0])")
    assert [float(part) for part in said.split()] == pytest.approx(first, rel=1e-5)


def test_the_plane_of_a_network_gets_its_contours_on_demand(opener: Opener, tmp_path: Path) -> None:
    live, view = shown(opener, tmp_path, NETWORK, 60)
    title = view.locator(".rf-panel-title").first
    expect(title).to_have_text("Plane through the midpoint of step 60", timeout=20_000)
    expect(view.locator(".rf-plane-words")).to_have_text(re.compile(r"^The plane holds [\d.]+\s%"))
    view.get_by_role("button", name="Contours of the loss").click()
    expect(title).to_have_text("Loss in a plane through the midpoint of step 60", timeout=60_000)
    expect(view.locator(".rf-plane-share")).to_have_text("", timeout=60_000)
    live.root.press("Escape")
    view.press("ArrowLeft")
    expect(title).to_have_text("Loss in a plane through the midpoint of step 59", timeout=60_000)
    view.get_by_label("Direction of y").select_option("sharpest")
    expect(view).to_have_attribute("aria-label", re.compile("sharpest"), timeout=60_000)
