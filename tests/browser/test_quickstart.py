"""The quickstart in a real JupyterLab: it runs, it is drawn, and it answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from playwright.sync_api import expect

from .conftest import NOTEBOOKS
from .live import COLOURS, LiveView
from .notebook import Notebook, Opener

QUICKSTART = NOTEBOOKS / "01_quickstart.ipynb"
PROBLEM = "rf.problems.digits_mlp()"
STEPS = 500
PANELS = ["Loss", "Sharpness / edge", "Distance to the iterates", "Rod length"]
PRINTED = """status: finished
sharpness / edge, last 100 steps: 1.0
the same for rod flow:            1.0
the same for stable flow:         1.5
rod flow ends at least ten times closer to the iterates than stable flow: True"""


def small_quickstart(path: Path, *, steps: int, waits: bool) -> Path:
    """The quickstart with a network whose steps are quick; without `waits` its first cell alone."""
    notebook = nbformat.read(QUICKSTART, as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    for old, new in ((PROBLEM, f"{PROBLEM[:-2]}((8, 8), n=100)"), (f"steps={STEPS}", f"steps={steps}")):
        assert old in first.source
        first.source = first.source.replace(old, new)
    if not waits:
        notebook.cells = [first]
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def long_run(tmp_path: Path) -> Path:
    """Many steps and no cell that waits for them: long enough to be steered at leisure."""
    return small_quickstart(tmp_path / "long.ipynb", steps=20_000, waits=False)


def started(notebook: Notebook, *, steps: int = 20) -> LiveView:
    """Run the notebook by its menu and wait until the view shows some steps."""
    notebook.run_all()
    live = LiveView(notebook)
    expect(live.root).to_be_visible(timeout=60_000)
    live.step(steps)
    return live


def kernel_learning_rate(notebook: Notebook) -> float:
    return float(notebook.execute("print(live.run.values['learning_rate'])"))


def test_quickstart_is_steered_while_a_cell_waits_runs_to_its_end_and_is_drawn(opener: Opener) -> None:
    notebook = opener(QUICKSTART, kernel="own")
    live = started(notebook, steps=5)
    prompts = notebook.page.locator(".jp-CodeCell .jp-InputPrompt")
    expect(prompts.nth(1)).to_have_text("[*]:")
    live.button("Pause").click()
    live.state("paused", seconds=20)
    expect(prompts.nth(1)).to_have_text("[*]:")
    live.button("Run").click()
    live.state("finished", seconds=200)
    live.step(STEPS)
    for title in PANELS:
        expect(live.root.get_by_text(title, exact=True)).to_be_visible()

    # The cell after it waited for the run, and printed what it measured; every cell ran, and none raised.
    notebook.finished()
    assert [text.strip() for text in prompts.all_inner_texts()] == ["[1]:", "[2]:"]
    notebook.save()
    first, second = (cell for cell in nbformat.read(notebook.path, as_version=4).cells if cell.cell_type == "code")
    assert not [output for output in first.outputs if output.output_type in ("error", "stream")]
    assert "".join(output.text for output in second.outputs).strip() == PRINTED

    # What the page holds is what the kernel recorded, from the first row to the last.
    times = live.times()
    assert times["discrete"] == list(range(STEPS + 1))
    assert times["stable"] == list(range(STEPS + 1))
    assert times["rod"] == list(range(2, STEPS + 1))
    shown = np.array(live.hook("column('rod', 'sharpness_ratio')"), dtype=float)
    code = "import json; print(json.dumps(live.run.recording['rod']['sharpness_ratio'].tolist()))"
    recorded = np.array(json.loads(notebook.execute(code)))
    np.testing.assert_allclose(shown, recorded, rtol=1e-6)

    # Lines of every process are on the canvases: loss, ratio and rod length for all, distance for the flows.
    live.frames()
    for process, colour in COLOURS["light"].items():
        painted = live.painted(colour)
        drawn = [count > 40 for count in painted[:4]]
        assert drawn == [True, True, process != "iterates", process != "stable"], (process, painted)
    notebook.screenshot("finished-light", live.root)


def test_pause_step_and_resume(opener: Opener, long_run: Path) -> None:
    notebook = opener(long_run)
    live = started(notebook)
    live.button("Pause").click()
    live.state("paused")
    held = int(notebook.execute("print(live.run.status.step)"))
    live.step(held)
    live.frames(30)
    assert live.shown_step() == held
    assert live.times()["discrete"][-1] == held

    live.button("One step").click()
    live.step(held + 1)
    live.state("paused")
    live.frames(10)
    assert live.times()["discrete"][-1] == held + 1

    live.button("Run").click()
    live.state("running")
    live.step(held + 5)


def test_the_slider_moves_the_edge_and_the_engine_follows(opener: Opener, long_run: Path) -> None:
    notebook = opener(long_run)
    live = started(notebook)
    live.button("Menu").click()
    live.root.get_by_role("menuitemcheckbox", name=re.compile("Eigenvalues")).click()
    live.frames()
    rate, line = kernel_learning_rate(notebook), live.hook("thresholdY()")
    assert rate == 0.4

    live.drag_rate(0.75)
    notebook.until(f"document.querySelector('.rodflow').rodflow.client.status.values.learning_rate > {rate}")
    raised = kernel_learning_rate(notebook)
    assert raised > rate
    shown = float(live.root.get_by_label("learning rate", exact=True).input_value())
    assert shown == pytest.approx(raised, rel=1e-3)

    # From the step of the event on, the recorded edge is 2 / the new learning rate; before it, 2 / the old one.
    code = "e = live.run.recording.events[-1]; print(e.step, e.old, e.new)"
    step, old, new = (float(word) for word in notebook.execute(code).split())
    assert (old, new) == (rate, raised)
    live.step(int(step) + 5)
    edge = dict(zip(live.times()["discrete"], live.hook("column('discrete', 'edge_threshold')"), strict=False))
    assert edge[step - 5] == pytest.approx(2 / rate, rel=1e-5)
    assert edge[step + 5] == pytest.approx(2 / raised, rel=1e-5)
    notebook.until(f"document.querySelector('.rodflow').rodflow.thresholdY() > {line} + 3")
    notebook.screenshot("learning-rate-raised", live.root)


def test_a_reload_in_mid_run_leaves_no_gap_and_no_duplicate(opener: Opener, long_run: Path) -> None:
    notebook = opener(long_run)
    live = started(notebook, steps=40)
    before = live.times()["discrete"][-1]
    notebook.save()
    notebook.reload()
    live.step(int(before) + 20)
    live.state("running")
    for process, first in (("discrete", 0), ("stable", 0), ("rod", 2)):
        times = live.times()[process]
        assert times == [float(t) for t in range(first, first + len(times))], process
    after = live.times()["discrete"][-1]
    live.step(int(after) + 20)
    times = live.times()["discrete"]
    assert times == [float(t) for t in range(len(times))]
    assert int(notebook.execute("print(live.run.number)")) == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes(opener: Opener, long_run: Path, theme: str) -> None:
    notebook = opener(long_run, theme=f"JupyterLab {theme.capitalize()}")
    live = started(notebook, steps=60)
    live.button("Pause").click()
    live.state("paused")
    live.frames()
    assert live.root.get_attribute("data-theme") == theme
    for process, colour in COLOURS[theme].items():
        assert max(live.painted(colour)) > 40, process
    ground = live.root.evaluate("root => getComputedStyle(root).backgroundColor")
    brightness = sum(int(part) for part in re.findall(r"\d+", ground)[:3]) / 3
    assert (brightness > 200) == (theme == "light")
    notebook.screenshot(f"paused-{theme}", live.root)

    # The other theme, while it is shown.
    other = "dark" if theme == "light" else "light"
    notebook.theme(f"JupyterLab {other.capitalize()}")
    expect(live.root).to_have_attribute("data-theme", other)
    live.frames()
    assert max(live.painted(COLOURS[other]["rod"])) > 40
    assert max(live.painted(COLOURS[theme]["rod"])) < 40


def test_narrow_page(opener: Opener, long_run: Path) -> None:
    notebook = opener(long_run, width=860, height=1400)
    live = started(notebook, steps=60)
    assert live.root.get_attribute("data-size") in ("narrow", "tiny")
    overflow = live.root.evaluate("root => root.scrollWidth - root.clientWidth")
    assert overflow <= 1
    notebook.screenshot("narrow-light", live.root)
