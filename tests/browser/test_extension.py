"""The JupyterLab extension: side panel, launcher card, saved runs, settings."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Locator, expect

import rodflow_widgets as rf
from rodflow_widgets.session import Run, RunSpec
from rodflow_widgets.widgets import saved
from rodflow_widgets.widgets.branches import Branches
from rodflow_widgets.widgets.live import traits
from rodflow_widgets.wire.pacer import Budget

from .live import COLOURS, LiveView
from .notebook import Notebook, Opener, written
from .server import Server
from .test_saved import interactive, painted

LIVE = """import rodflow_widgets as rf
live = rf.compare(rf.problems.digits_mlp((8, 8), n=100), rf.optimizers.GradientDescent(0.4), steps=200_000)
live"""
TALL = "print('\\n' * 60)"
THREADS = "import threading\nprint([t.name for t in threading.enumerate() if t.name == 'rodflow-control'])"
COPY = Path("rodflow-notebooks") / "01_quickstart.ipynb"
HOSTILE = '<img src=x onerror="window.hacked = 1">'
DISTINCT = {"iterates": "858b94", "rod": "f13902", "stable": "1358e2"}


def panel_of(notebook: Notebook) -> Locator:
    """The side panel, shown."""
    notebook.until("window.jupyterapp?.commands?.hasCommand('rodflow:runs')")
    notebook.page.evaluate("jupyterapp.commands.execute('rodflow:runs')")
    panel = notebook.page.locator(".rodflow-panel")
    expect(panel).to_be_visible()
    return panel


def test_the_panel_steers_and_reveals_a_run_while_its_cell_is_busy(opener: Opener, tmp_path: Path) -> None:
    notebook = opener(written(tmp_path / "busy.ipynb", LIVE, TALL, TALL, "live.run.wait()"))
    panel = panel_of(notebook)
    expect(panel).to_contain_text("No live runs")
    notebook.run_all()
    run = panel.locator(".rodflow-run")
    expect(run).to_have_count(1, timeout=60_000)
    expect(panel.locator("h3")).to_have_text(notebook.path.name)
    expect(run).to_have_attribute("data-state", "running")
    expect(run).to_contain_text(re.compile(r"Running, step [\d,]+ of 200,000"))
    expect(run.locator(".rodflow-run-ratio")).to_have_text(re.compile(r"\d\.\d\d of the edge"))
    expect(notebook.page.locator(".jp-CodeCell .jp-InputPrompt").last).to_have_text("[*]:")

    live = LiveView(notebook)
    live.step(60)
    run.get_by_role("button", name="Pause").click()
    expect(run).to_have_attribute("data-state", "paused")
    live.state("paused")
    step = live.shown_step()
    expect(run).to_contain_text(f"Paused, step {step:,} of 200,000")
    assert len(re.findall("[ML]", run.locator(".rodflow-line-curve").get_attribute("d") or "")) == 48

    notebook.page.locator(".jp-CodeCell").last.scroll_into_view_if_needed()
    expect(live.root).not_to_be_in_viewport()
    run.get_by_role("button", name="Reveal").click()
    expect(live.root).to_be_in_viewport(ratio=0.5)
    expect(live.root.locator(".rf-figure").first).to_be_focused()
    notebook.screenshot("panel-light")

    # Hidden, it leaves the kernel no work.
    notebook.page.evaluate("jupyterapp.commands.execute('notebook:interrupt-kernel')")
    notebook.finished()
    assert notebook.execute(THREADS) == "['rodflow-control']"
    notebook.page.evaluate("jupyterapp.shell.collapseRight()")
    expect(panel).to_be_hidden()
    until = time.monotonic() + 20
    while notebook.execute(THREADS) != "[]":
        assert time.monotonic() < until, "the kernel still works for a panel that is hidden"

    # A page that comes later finds the run by the beacon.
    notebook.save()
    notebook.reload()
    panel = panel_of(notebook)
    run = panel.locator(".rodflow-run")
    expect(run).to_have_attribute("data-state", "paused", timeout=60_000)
    run.get_by_role("button", name="Resume").click()
    expect(run).to_have_attribute("data-state", "running")
    live.step(step + 1)

    live.menu("Stop")
    expect(run).to_have_attribute("data-state", "stopped")
    expect(run.get_by_role("button", name="Pause")).to_be_hidden()


def test_runs_of_two_kernels_and_a_narrow_panel(opener: Opener, tmp_path: Path) -> None:
    code = "import rodflow_widgets as rf\n{0} = rf.compare(rf.problems.quadratic(), rf.optimizers.GradientDescent(0.1), steps=60)\n{0}"
    first = opener(written(tmp_path / "first.ipynb", code.format("a"), code.format("b")), theme="JupyterLab Dark")
    (first.server.notebooks / "second.ipynb").write_bytes(written(tmp_path / "second.ipynb", LIVE).read_bytes())
    first.run_all()
    first.finished()
    panel = panel_of(first)
    expect(panel.locator(".rodflow-run")).to_have_count(2)
    first.page.evaluate("jupyterapp.commands.execute('docmanager:open', { path: 'second.ipynb' })")
    first.until("jupyterapp.shell.currentWidget?.title.label === 'second.ipynb'")
    first.idle()
    first.run_all()
    expect(panel.locator(".rodflow-run")).to_have_count(3, timeout=60_000)
    expect(panel.locator("h3")).to_have_text([first.path.name, "second.ipynb"])
    running = panel.locator(".rodflow-run[data-state=running]")
    expect(running).to_have_count(1)
    running.get_by_role("button", name="Pause").click()
    expect(panel.locator(".rodflow-run[data-state=paused]")).to_have_count(1)

    # Revealing one of the first notebook brings its tab to the front.
    panel.locator(".rodflow-run").nth(1).get_by_role("button", name="Reveal").click()
    first.until(f"jupyterapp.shell.currentWidget.title.label === '{first.path.name}'")
    expect(first.widget(1)).to_be_in_viewport()
    panel.evaluate("node => { node.style.width = '200px'; }")
    assert panel.evaluate(
        "node => [...node.querySelectorAll('*')].every(e => e.scrollWidth <= e.clientWidth + 1"
        " || ['hidden', 'visible'].includes(getComputedStyle(e).overflowX))"
    )
    first.screenshot("panel-narrow-dark", panel)


def test_the_launcher_opens_a_tutorial_and_overwrites_nothing(opener: Opener, tmp_path: Path) -> None:
    notebook = opener(written(tmp_path / "plain.ipynb", "1"))
    page = notebook.page

    own = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# My own notes", id="own")])
    own.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    copies = {folder: notebook.server.notebooks / folder / COPY for folder in ("mine", "fresh")}
    for copy in copies.values():
        copy.parent.parent.mkdir()
    copies["mine"].parent.mkdir()
    nbformat.write(own, copies["mine"])

    for folder, heading in (("mine", "My own notes"), ("fresh", "Gradient descent")):
        page.evaluate("cwd => jupyterapp.commands.execute('launcher:create', { cwd })", folder)
        page.locator(".jp-LauncherCard[data-category=rodflow]").click()
        page.locator(".rodflow-tutorials li button").first.click()
        notebook.until(f"jupyterapp.shell.currentWidget?.context?.path === '{folder}/{COPY}'")
        expect(page.locator(".jp-NotebookPanel:visible").get_by_role("heading", name=heading)).to_be_visible()
        notebook.idle()
    shipped = Path(__file__).resolve().parents[2] / "notebooks" / COPY.name
    assert nbformat.read(copies["fresh"], 4).cells == nbformat.read(shipped, 4).cells
    assert nbformat.read(copies["mine"], 4).cells == own.cells
    page.locator(".lm-TabBar-tabLabel", has_text="rodflow tutorials").click()
    notebook.screenshot("tutorials")
    page.locator(".lm-TabBar-tabLabel", has_text=notebook.path.name).click()


def output_of(problem: rf.Problem, learning_rate: float, name: str = "") -> dict[str, Any]:
    """The MIME data of a run's picture, as a notebook saves it."""
    run = Run(RunSpec(problem, rf.optimizers.GradientDescent(learning_rate), steps=60))
    run.recording.spec["problem"]["name"] = name or problem.name
    run.start().wait(60)
    branches = Branches(lambda: None, Budget(), lambda: None)
    branches.add(run)
    return saved.data(run.recording, traits((), branches))


def without_kernel(path: Path, *outputs: dict[str, Any]) -> Path:
    """A notebook that nobody has signed, for a kernel that is not there, with an output a cell."""
    cells = [
        nbformat.v4.new_code_cell("live", id=f"cell-{i}", outputs=[nbformat.v4.new_output("display_data", data)])
        for i, data in enumerate(outputs)
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "gone", "display_name": "Gone", "language": "gone"}
    nbformat.write(notebook, path)
    return path


def test_a_saved_run_is_interactive_without_kernel_and_trust(opener: Opener, tmp_path: Path) -> None:
    data = output_of(rf.problems.quartic(), 0.2, HOSTILE)
    path = without_kernel(tmp_path / "stranger.ipynb", data, {**data, saved.MIME: {"protocol": 999}})
    mark = len(json.dumps({saved.MIME: data[saved.MIME]}))
    assert mark < 60, "the recording is in the HTML: the mark only says so"

    stranger = opener(path, kernel="none", theme="JupyterLab Dark")
    assert not stranger.page.evaluate("jupyterapp.shell.currentWidget.content.model.cells.get(0).trusted")
    root = interactive(stranger.page, 0, ".rodflow-saved")
    expect(root.locator(".rf-problem")).to_have_text(HOSTILE)
    assert painted(root, COLOURS["dark"]["rod"]) > 40
    stranger.screenshot("saved-stranger-dark")

    foreign = stranger.page.locator(".rodflow-saved").nth(1)
    expect(foreign.locator("img")).to_be_visible()
    expect(foreign).to_contain_text("another version")
    expect(foreign.locator(".rodflow")).to_have_count(0)
    assert stranger.page.evaluate("window.hacked") is None


@pytest.fixture
def settings_put_back(server: Server) -> Iterator[None]:
    yield
    path = server.log.parent / "settings" / "rodflow-widgets" / "settings.jupyterlab-settings"
    path.unlink()


@pytest.mark.usefixtures("settings_put_back")
def test_the_palette_and_frame_rate_of_a_live_view_follow_the_settings(opener: Opener, tmp_path: Path) -> None:
    notebook = opener(written(tmp_path / "coloured.ipynb", LIVE))
    notebook.run_all()
    live = LiveView(notebook)
    live.step(20)
    live.button("Pause").click()
    live.state("paused")
    for colour, there in ((COLOURS["light"]["rod"], True), (DISTINCT["rod"], False)):
        assert (max(live.painted(colour)) > 40) is there

    page = notebook.page
    page.evaluate("jupyterapp.commands.execute('settingeditor:open', { query: 'rodflow' })")
    page.locator("select[id$=_palette]").select_option(label="Distinct: further apart for every kind of colour vision")
    page.locator("input[id$=_frameRate]").fill("5")
    notebook.until("window.rodflowSettings?.palette === 'distinct' && window.rodflowSettings.frameRate === 5")
    notebook.screenshot("settings")
    page.locator(".lm-TabBar-tabLabel", has_text=notebook.path.name).click()
    live.frames(5)
    assert max(live.painted(DISTINCT["rod"])) > 40
    assert max(live.painted(COLOURS["light"]["rod"])) == 0
    notebook.screenshot("distinct-light")

    # All rows are there at five frames a second.
    live.button("Run").click()
    live.step(live.shown_step() + 50)
    live.button("Pause").click()
    live.state("paused")
    held = int(notebook.execute("print(live.run.status.step)"))
    live.step(held)
    assert live.times()["discrete"] == list(range(held + 1))
