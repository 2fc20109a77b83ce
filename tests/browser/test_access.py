"""For everybody: contrast, names and roles by axe-core in both themes, and all that a hand does also by keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from .live import LiveView
from .notebook import Notebook, Opener, written

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
DIALOG = ".rodflow .rf-dialog"
THEMES = ("light", "dark")
NETWORK = """import rodflow_widgets as rf
problem = rf.problems.digits_mlp((8, 8), n=100)
live = rf.compare(problem, rf.optimizers.{optimizer}, processes=("discrete", "rod", "stable"), steps=20_000)
live"""
# A run for each of the states that say something of their own.
STATES = """import ipywidgets
import rodflow_widgets as rf
calls = []

def breaks(w):
    calls.append(1)
    if len(calls) > 200:
        raise ValueError("no more data")
    return (w * w).sum() / 2

problems = {
    "finished": (rf.problems.valley(), 0.4),
    "diverged": (rf.problems.quadratic(), 2.3),
    "error": (rf.Problem.from_function(breaks, [0.3, 0.2]), 0.4),
}
views = [
    rf.compare(problem, rf.optimizers.GradientDescent(rate), ("discrete", "rod"), steps=60)
    for problem, rate in problems.values()
]
ipywidgets.VBox(views)"""
FOUND = """async ([selector, least]) => {
  // Of a long table the first rows say what all do.
  const found = await axe.run({ include: selector, exclude: ".rf-values tbody tr:nth-child(n + 4)" });
  const read = [...found.passes, ...found.violations].filter(({ id }) => id === "color-contrast")
    .reduce((sum, { nodes }) => sum + nodes.length, 0);
  if (read < least) return `the contrast of ${read} texts alone was looked at`;
  const unsure = found.incomplete.filter(({ id }) => id === "color-contrast");
  return [...found.violations, ...unsure].flatMap(({ id, nodes }) => nodes.map(({ html, any, all, none }) =>
    [id, html.slice(0, 160), ...[...any, ...all, ...none].map(({ message }) => message)].join(" | "))
  ).filter(line => !/contains only non-text characters|partially (overlaps|obscured)/.test(line));
}"""


def shown(opener: Opener, path: Path, optimizer: str) -> LiveView:
    """A paused view of a network."""
    notebook = opener(written(path, NETWORK.format(optimizer=optimizer)))
    notebook.run_all()
    live = LiveView(notebook)
    live.step(60)
    live.button("Pause").click()
    live.state("paused")
    live.step(int(notebook.execute("print(live.run.status.step)")))
    return live


def bring_axe(notebook: Notebook) -> None:
    """Load axe-core. The body of JupyterLab hides its overflow and is 0 px high, which axe takes for nothing to see."""
    notebook.page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    notebook.page.add_style_tag(content="body { height: 100vh }")


def check(notebook: Notebook, what: str, selector: str = ".rodflow", least: int = 20) -> None:
    """Nothing is found, and no contrast is left open of at least so many texts."""
    assert notebook.page.evaluate(FOUND, [selector, least]) == [], what


@contextmanager
def opened(live: LiveView, item: str) -> Iterator[Locator]:
    """A dialog of the menu, closed in the end by its key."""
    live.menu(item)
    dialog = live.dialog()
    expect(dialog).to_be_visible()
    yield dialog
    dialog.press("Escape")
    expect(dialog).to_be_hidden()


def test_axe_finds_nothing(opener: Opener, tmp_path: Path) -> None:
    live = shown(opener, tmp_path / "axe.ipynb", "Adam(0.003)")
    notebook = live.notebook
    notebook.execute("live.fork(learning_rate=0.002, name='hidden'); live.edit('hidden', hidden=True)")
    notebook.execute("live.runs['hidden'].pause()")
    expect(live.root.locator(".rf-chip")).to_have_count(2)
    bring_axe(notebook)
    for theme in THEMES:
        notebook.theme(f"JupyterLab {theme.capitalize()}")
        expect(live.root).to_have_attribute("data-theme", theme)
        live.frames(10)
        for tab in ("Trajectory", "Spectrum", "Compare"):
            live.root.get_by_role("tab", name=tab).click()
            live.frames(10)
            check(notebook, f"{tab}, {theme}")
        live.button("Menu").click()
        check(notebook, f"menu, {theme}", ".rodflow .rf-header", 10)
        live.root.press("Escape")
        for item in ("Panels", "Schedule of", "Fork", "Table of values"):
            with opened(live, item) as dialog:
                if item == "Schedule of":
                    check(notebook, f"numbers of a schedule, {theme}", DIALOG, 5)
                    dialog.get_by_label("kind of schedule").select_option("drawn")
                check(notebook, f"{item}, {theme}", DIALOG, 5)
        live.button("Change run").click()
        check(notebook, f"form of a run, {theme}", DIALOG, 5)
        live.dialog().press("Escape")


def test_axe_finds_nothing_in_any_state(opener: Opener, tmp_path: Path) -> None:
    notebook = opener(written(tmp_path / "states.ipynb", STATES), height=3000)
    notebook.run_all()
    views = [LiveView(notebook, index) for index in range(3)]
    for live, state in zip(views, ("finished", "diverged", "error"), strict=True):
        live.state(state)
    views[2].button("Show traceback").click()
    expect(views[2].root.locator("pre")).to_contain_text("no more data")
    views[0].root.locator(".rf-process").nth(1).click()
    bring_axe(notebook)
    for theme in THEMES:
        notebook.theme(f"JupyterLab {theme.capitalize()}")
        for live in views:
            expect(live.root).to_have_attribute("data-theme", theme)
            live.frames(5)
        check(notebook, theme)
        notebook.screenshot(f"states-{theme}", notebook.page.locator(".jp-OutputArea-output").first)


def test_everything_by_keys_and_without_motion(opener: Opener, tmp_path: Path) -> None:
    live = shown(opener, tmp_path / "keys.ipynb", "GradientDescent(0.4)")
    notebook, root = live.notebook, live.root
    keyboard = notebook.page.keyboard
    still_where_less_motion_is_wanted(live)
    newest = int(live.times()["discrete"][-1])

    # From the first control to the figure and beyond it by Tab, with a ring on whatever has the focus.
    root.get_by_role("button", name="Collapse").focus()
    passed = []
    for _ in range(60):
        keyboard.press("Tab")
        where = notebook.page.evaluate(RING)
        assert where is not None, f"Tab left the view before its end, after {passed}"
        assert where["ring"], where
        passed.append(where["name"])
        if where["figure"]:
            break
    assert where["figure"], passed
    for name in ("Compare", "Menu", "Run", "One step", "Reset", "learning rate", "Fork"):
        assert name in passed, passed
    figure = root.locator(".rf-figure")

    # Arrows move one cursor, which all views follow.
    for _ in range(3):
        keyboard.press("ArrowLeft")
    keyboard.press("Shift+ArrowLeft")
    assert live.hook("cursor()") == newest - 13
    expect(root.locator(".rf-legend-head b").first).to_have_text(f"step {newest - 13}")
    scrubber = root.get_by_label("step", exact=True)
    for key, tab in (("t", "trajectory"), ("s", "spectrum"), ("c", "compare"), ("t", "trajectory")):
        keyboard.press(key)
        expect(root).to_have_attribute("data-tab", tab)
        expect(figure).to_be_focused()
        if tab != "compare":
            expect(scrubber).to_have_value(str(newest - 13))
    expect(root.locator(".rf-panel-title").first).to_have_text(f"Plane through the midpoint of step {newest - 13}")
    keyboard.press("ArrowRight")
    expect(scrubber).to_have_value(str(newest - 12))
    keyboard.press("s")
    expect(root).to_have_attribute("data-tab", "spectrum")
    expect(figure).to_be_focused()
    expect(scrubber).to_have_value(str(newest - 12))
    keyboard.press("Home")
    expect(scrubber).to_have_value("0")
    keyboard.press("End")
    expect(scrubber).to_have_value(str(newest))
    keyboard.press("c")

    # Fewer steps, more, all.
    for _ in range(5):
        keyboard.press("ArrowLeft")
    line = root.locator("[data-panel=loss] .rf-cursor")
    places = [place(live, line)]
    for key in ("+", "+", "-", "0"):
        keyboard.press(key)
        places.append(place(live, line))
    all_of_them, half, quarter, half_again, back = places
    assert len({all_of_them, half, quarter}) == 3
    assert half_again != quarter
    assert back == all_of_them

    # Processes.
    for digit, process in (("1", "discrete"), ("2", "rod"), ("3", "stable")):
        toggle = root.locator(f"[data-panel=loss] [data-process={process}]")
        keyboard.press(digit)
        expect(toggle).to_have_attribute("aria-pressed", "false")
        keyboard.press(digit)
        expect(toggle).to_have_attribute("aria-pressed", "true")

    # The learning rate, and back.
    keyboard.press("]")
    rate = root.get_by_label("learning rate", exact=True)
    expect(rate).to_have_value("0.42")
    until_rate(notebook, 0.42)
    keyboard.press("u")
    until_rate(notebook, 0.4)
    expect(rate).to_have_value("0.4")
    keyboard.press("[")
    until_rate(notebook, 0.381)
    keyboard.press("u")
    until_rate(notebook, 0.4)

    # Dialogs give the focus back.
    dialog = live.dialog()
    keyboard.press("f")
    expect(dialog.get_by_label("learning rate")).to_be_focused()
    keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(figure).to_be_focused()
    keyboard.press("?")
    expect(dialog.locator("kbd").first).to_have_text("Space")
    keyboard.press("Escape")
    expect(figure).to_be_focused()
    question = root.get_by_text("Reset to step 0? The recording so far is kept in run.history.", exact=True)
    keyboard.press("r")
    expect(question).to_be_visible()
    expect(root.locator(".rf-notice").get_by_role("button", name="Reset")).to_be_focused()
    keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(figure).to_be_focused()

    # The run.
    keyboard.press("Space")
    live.state("running")
    keyboard.press("Space")
    live.state("paused")
    # Once more, and yes.
    keyboard.press("r")
    keyboard.press("Enter")
    expect(root).to_have_attribute("data-run", "2")
    live.state("ready")
    expect(figure).to_be_focused()
    assert notebook.execute("print(len(live.run.history))") == "1"


RING = """() => {
  const element = document.activeElement;
  if (!element.closest(".rodflow")) return null;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  return {
    name: element.getAttribute("aria-label") ?? element.textContent,
    ring: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
    figure: element.classList.contains("rf-figure"),
  };
}"""


def place(live: LiveView, line: Locator) -> str:
    live.frames(4)
    return str(line.evaluate("line => line.style.transform"))


def until_rate(notebook: Notebook, rate: float) -> None:
    """Wait until the kernel uses a learning rate."""
    found = "document.querySelector('.rodflow').rodflow.client.status.values.learning_rate"
    notebook.until(f"Math.abs({found} - {rate}) < 1e-9", seconds=10)
    assert json.loads(notebook.execute("print(live.run.values['learning_rate'])")) == pytest.approx(rate)


def still_where_less_motion_is_wanted(live: LiveView) -> None:
    moving = """root => [...root.querySelectorAll("*")].filter(element => {
      const { transitionDuration, animationName } = getComputedStyle(element);
      return animationName !== "none" || transitionDuration.split(",").some(time => parseFloat(time) > 0);
    }).map(element => element.className)"""
    page = live.notebook.page
    assert live.root.evaluate(moving) == []
    page.emulate_media(reduced_motion="no-preference")
    assert live.root.evaluate(moving) == ["rf-edge-label", "rf-edge"]
    page.emulate_media(reduced_motion="reduce")
