"""Several live views, sliders of others and boxes on one page; and what the mouse does to one view."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from .live import LiveView
from .notebook import Opener, written

STEPS = 150
RATE, BURST = 40_000, 8_000
PAIR = f"""import ipywidgets
import rodflow_widgets as rf
from rodflow_widgets.widgets.sender import SENDER
budget, spent, sent = SENDER.budget, [], []
usual, spend = (budget.rate, budget.burst), budget.spend
budget.rate, budget.burst = {RATE}, {BURST}

def spy(size, now):
    spent.append((now, size))
    spend(size, now)

def spied(live):
    send = live.send
    def counted(content, buffers=None):
        sent.append(sum(map(len, buffers or [])))
        send(content, buffers)
    live.send = counted
    return live

budget.spend = spy
problem = rf.problems.digits_mlp((8, 8), n=100)
pair = [
    spied(rf.compare(problem, rf.optimizers.GradientDescent(rate), ("discrete", "rod"), steps={STEPS}, autostart=False))
    for rate in (0.4, 0.6)
]
ipywidgets.VBox(pair)"""
LINKED = """import ipywidgets
import rodflow_widgets as rf
problem = rf.problems.digits_mlp((8, 8), n=100)
panels = ["sharpness", "trajectory", "learning_rate"]
live = rf.compare(problem, rf.optimizers.GradientDescent(0.4), ("discrete", "rod"), steps=20_000, panels=panels)
rate = ipywidgets.FloatLogSlider(value=0.4, base=10, min=-2, max=1, step=0.01, readout_format=".4f")
ipywidgets.link((rate, "value"), (live, "learning_rate"))
step = ipywidgets.IntText()
ipywidgets.jslink((live, "step"), (step, "value"))
live.layout.width = "50%"
ipywidgets.VBox([ipywidgets.HBox([rate, step]), ipywidgets.HBox([live, ipywidgets.HTML("beside it")])])"""


def test_two_views_arrive_complete_on_one_budget(opener: Opener, tmp_path: Path) -> None:
    notebook = opener(written(tmp_path / "pair.ipynb", PAIR), height=2100)
    notebook.run_all()
    views = [LiveView(notebook, index) for index in range(2)]
    try:
        for live in views:
            live.button("Run").click()
        for live in views:
            live.step(1)
        assert notebook.execute("print(*(live.run.status.state for live in pair))") == "running running"
        for live in views:
            live.state("finished")
            live.step(STEPS)
            times = live.times()
            assert times == {"discrete": list(range(STEPS + 1)), "rod": list(range(2, STEPS + 1))}
        spent, total = json.loads(notebook.execute("import json; print(json.dumps([spent, sum(sent)]))"))
    finally:
        notebook.execute("budget.rate, budget.burst = usual; del budget.spend")
    began = spent[0][0]
    largest = max(size for _, size in spent)
    sofar = 0
    for now, size in spent:
        sofar += size
        # A frame may overdraw what is there, and the next one waits until it is paid off.
        assert sofar <= RATE * (now - began) + BURST + largest
    assert total <= sofar, "something was sent that no budget was asked for"
    assert sofar > 3 * BURST, "too little was sent to say anything"


def test_one_view_among_others_and_under_the_mouse(opener: Opener, tmp_path: Path) -> None:
    notebook = opener(written(tmp_path / "linked.ipynb", LINKED), width=1600, height=1500)
    notebook.run_all()
    live, page = LiveView(notebook), notebook.page
    live.step(60)

    # A slider of ipywidgets steers the run and follows it; a number follows its step in the page.
    handle = page.locator(".noUi-handle")
    handle.focus()
    handle.press("PageUp")
    notebook.until("document.querySelector('.rodflow').rodflow.client.status.values.learning_rate > 0.41")
    readout = page.locator(".widget-readout")
    slid = float(readout.inner_text())
    assert slid > 0.41
    assert float(notebook.execute("print(live.run.values['learning_rate'])")) == pytest.approx(slid, abs=1e-4)
    live.root.locator(".rf-figure").first.focus()
    page.keyboard.press("}")
    expect(readout).not_to_have_text(f"{slid:.4f}")
    assert float(readout.inner_text()) == pytest.approx(1.2 * slid, rel=0.02)
    live.button("Pause").click()
    live.state("paused")
    held = notebook.execute("print(live.run.status.step)")
    live.step(int(held))
    expect(page.locator(".widget-text input")).to_have_value(held)

    order = """figure => [...figure.children].map(child => child.dataset.panel ?? child.className.split(" ").at(-1))"""
    figure = live.root.locator(".rf-figure").first
    assert figure.evaluate(order) == ["sharpness", "rf-trajectory", "learning_rate"]

    # It takes the room that it is given.
    room = live.root.evaluate("root => root.closest('.jp-OutputArea-output').clientWidth")
    narrow = width(live.root)
    assert narrow == pytest.approx(room / 2, abs=8)
    assert live.root.evaluate("root => root.scrollWidth - root.clientWidth") <= 1
    expect(live.root).to_have_attribute("data-size", "narrow")
    drawn = width(live.root.locator("canvas").first)
    notebook.execute("live.layout.width = '85%'")
    notebook.until(f"document.querySelector('.rodflow').clientWidth > {narrow + 100}", seconds=5)
    live.frames()
    assert width(live.root) == pytest.approx(0.85 * room, abs=8)
    assert width(live.root.locator("canvas").first) > drawn
    expect(live.root).to_have_attribute("data-size", "wide")
    assert max(live.painted("c63b08")) > 40
    assert live.root.evaluate("root => root.scrollWidth - root.clientWidth") <= 1

    zoomed(live)
    folded(live)
    notebook.screenshot("linked", page.locator(".jp-OutputArea-output").first)


def zoomed(live: LiveView) -> None:
    """A drag over the steps shows those alone, and a double click all again."""
    chart = live.root.locator("[data-panel=sharpness] .rf-chart")
    newest = live.times()["discrete"][-1]
    # A run of which 20,000 steps are to be made shows some more steps than there are.
    far = under(live, chart, 0.3)
    first = under(live, chart, 0.1)
    assert 0 < first < far <= newest
    box = chart.bounding_box()
    assert box is not None
    mouse, y = live.notebook.page.mouse, box["y"] + 60
    mouse.move(across(box, 0.1), y)
    mouse.down()
    mouse.move(across(box, 0.2), y, steps=4)
    mouse.move(across(box, 0.3), y, steps=4)
    expect(live.root.locator("[data-panel=sharpness] .rf-band")).to_be_visible()
    mouse.up()
    live.frames()
    assert under(live, chart, 0.001) == pytest.approx(first, abs=1)
    assert under(live, chart, 0.999) == pytest.approx(far, abs=1)
    assert max(live.painted("c63b08")) > 40
    mouse.dblclick(across(box, 0.5), y)
    live.frames()
    assert under(live, chart, 0.1) == first


def across(box: dict[str, float], share: float) -> float:
    """Place at a share of the plot of a chart, which lies between its labels and its margin."""
    return box["x"] + 56 + share * (box["width"] - 56 - 12)


def under(live: LiveView, chart: Locator, share: float) -> int:
    """Step that the cursor is at with the pointer at a share of the plot."""
    box = chart.bounding_box()
    assert box is not None
    live.notebook.page.mouse.move(across(box, share), box["y"] + 60)
    return int(live.hook("cursor()"))


def folded(live: LiveView) -> None:
    """Collapsed it is one line, which says the step; expanded all is drawn again."""
    live.button("Collapse").hover()
    live.frames()
    tall = live.root.bounding_box()
    live.button("Collapse").click()
    expect(live.root.locator(".rf-body")).to_be_hidden()
    low = live.root.bounding_box()
    assert tall is not None
    assert low is not None
    assert low["height"] < 45 < tall["height"]
    expect(live.root.locator(".rf-brief")).to_have_text(f"step {live.shown_step()} of 20,000")
    live.button("Expand").click()
    live.frames()
    assert live.root.bounding_box() == tall
    assert max(live.painted("c63b08")) > 40


def width(element: Locator) -> float:
    box = element.bounding_box()
    assert box is not None
    return float(box["width"])
