"""The explorer of a sweep in a real JupyterLab: brush, read what is under the pointer, compare."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from .live import LiveView
from .notebook import Opener, written

CODE = """import rodflow_widgets as rf
rates = [0.75, 1.06, 1.5, 2.12, 3.0, 4.24, 6.0]
sweep = rf.sweep(
    rf.problems.quartic(), rf.optimizers.GradientDescent(0.1), learning_rate=rates, steps=300, progress=False, wait=False
)
explorer = rf.SweepExplorer(sweep)
explorer"""
DIVERGED = "path[style*='fill: rgb(133, 139, 148)']"
SHARPNESS = 1  # canvas of the live view
CURVES = ["858b94", "b0126b", "007c89"]  # of the run that is looked at, and of the second and third


def test_a_brush_selects_runs_and_opens_them_overlaid(opener: Opener, tmp_path: Path) -> None:
    notebook = opener(written(tmp_path / "sweep.ipynb", CODE), width=1400, height=1500)
    notebook.run_all()
    page = notebook.page
    root = page.locator(".rodflow-sweep")
    expect(root.locator("[role=status]").first).to_contain_text("Finished 7 runs", timeout=60_000)
    expect(root.locator(".rodflow-sweep-map image.heatmap")).to_have_count(6)
    notebook.until("document.querySelector('.rodflow-sweep').dataset.seq")
    notebook.until(f"document.querySelector(\".rodflow-sweep-map {DIVERGED}\")?.getAttribute('d').length > 20")

    # Figures say to everybody what they show, and the pointer reads recorded values.
    for name in ("map", "final", "reached"):
        figure = root.get_by_role("img", name=re.compile("runs")).and_(root.locator(f".rodflow-sweep-{name}"))
        expect(figure).to_have_count(1)
    plot = root.locator(".rodflow-sweep-map .plotarea_events")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    row = box["height"] / 7
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 4.5 * row)
    tip = page.locator(".rodflow-sweep-tip")
    expect(tip).to_contain_text("learning rate 1.5")
    said = re.search(r"steps (\d+) to (\d+): sharpness / edge ([\d.]+)", tip.inner_text())
    assert said is not None
    first, last, ratio = said.groups()
    kept = f"print(round(float(sweep.recordings[2]['discrete']['sharpness_ratio'][{first}:{int(last) + 1}].max()), 3))"
    assert abs(float(notebook.execute(kept)) - float(ratio)) <= 0.0011
    page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 0.5 * row)
    expect(tip).to_contain_text("learning rate 6")
    expect(tip).to_contain_text("diverged before")

    # A brush over three rows of the map: the other brushes, the slider and the kernel have the same runs.
    page.mouse.move(box["x"] + 200, box["y"] + 2.7 * row)
    page.mouse.down()
    page.mouse.move(box["x"] + 240, box["y"] + 5.8 * row, steps=5)
    page.mouse.up()
    compare = root.get_by_role("button", name="Compare 3 runs")
    expect(compare).to_be_visible()
    assert notebook.execute("print(explorer.selected)") == "(1, 2, 3)"
    expect(root.locator(".rodflow-sweep-final .selection")).to_have_attribute("width", re.compile(r"^\d{2,3}\."))

    compare.click()
    live = LiveView(notebook)
    live.step(300)
    chips = live.root.locator(".rf-branch-name")
    expect(chips).to_have_text(["learning rate 1.06", "learning rate 1.5", "learning rate 2.12"])
    live.frames()
    assert all(live.painted(colour)[SHARPNESS] > 100 for colour in CURVES)
    assert live.painted("7a4a1e")[SHARPNESS] == 0  # of a fourth
    assert live.of_branch(2, "discrete", "sharpness_ratio")[-1] > 1
    notebook.screenshot("sweep-light", root)

    # A brush on a chart selects as well, and a click beside it selects none.
    chart = root.locator(".rodflow-sweep-reached .plotarea_events").bounding_box()
    assert chart is not None
    page.mouse.move(chart["x"] + 5, chart["y"] + 40)
    page.mouse.down()
    page.mouse.move(chart["x"] + chart["width"] * 2 / 7, chart["y"] + 60, steps=5)
    page.mouse.up()
    expect(root.get_by_role("button", name="Compare 2 runs")).to_be_visible()
    root.get_by_role("button", name="Select none").click()
    expect(root.get_by_role("button", name="Compare 7 runs")).to_be_visible()
