"""The form in a real JupyterLab: choose, start, change a momentum, start something else."""

from __future__ import annotations

import re
import time
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from .live import LiveView
from .notebook import Notebook, Opener

CODE = """import rodflow_widgets as rf
explorer = rf.Explorer("valley", steps=100_000)
explorer"""


@pytest.fixture
def form_notebook(tmp_path: Path) -> Path:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE, id="form")])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "form.ipynb")
    return tmp_path / "form.ipynb"


def opened(opener: Opener, path: Path, **page: object) -> tuple[Notebook, Locator]:
    notebook = opener(path, **page)
    notebook.run_all()
    form = notebook.page.locator(".rodflow-form")
    expect(form.get_by_role("button", name="Start")).to_be_visible(timeout=60_000)
    return notebook, form


def field(form: Locator, label: str) -> Locator:
    """The control behind a description."""
    row = form.locator(".widget-text, .widget-dropdown").filter(has=form.page.locator("label", has_text=label))
    return row.locator("input, select").first


def until_held(notebook: Notebook, condition: str) -> None:
    """Wait until the kernel has what was typed: the page sends values when it is idle, and clicks at once."""
    until = time.monotonic() + 30
    while notebook.execute(f"print({condition})") != "True":
        assert time.monotonic() < until, condition


def test_a_form_runs_what_is_chosen_and_momentum_moves_the_edge(opener: Opener, form_notebook: Path) -> None:
    notebook, form = opened(opener, form_notebook)
    field(form, "Optimizer").select_option("heavy ball")
    expect(field(form, "momentum β")).to_have_value("0.9")
    rate = field(form, "learning rate")
    expect(rate).to_have_value("0.1")
    rate.fill("0.02")
    rate.press("Enter")
    until_held(notebook, "explorer.optimizer.values['learning_rate'] == 0.02")
    form.get_by_role("button", name="Start").click()

    live = LiveView(notebook)
    expect(live.root).to_be_visible(timeout=60_000)
    live.step(130)
    shown = notebook.execute("print(explorer.run.recording.spec['optimizer']['values'])")
    assert shown == "{'learning_rate': 0.02, 'beta': 0.9}"

    live.button("Menu").click()
    live.root.get_by_role("menuitemcheckbox", name=re.compile("Eigenvalues")).click()
    live.button("Pause").click()
    live.state("paused")
    live.frames()
    line = live.hook("thresholdY()")
    held = live.times()["discrete"][-1]
    momentum = live.root.locator("[data-parameter=beta] input[type=number]")
    expect(momentum).to_have_value("0.9")
    momentum.fill("0.8")
    momentum.press("Enter")

    # The line has moved before another step was made; the next steps are recorded with the new edge.
    notebook.until("document.querySelector('.rodflow').rodflow.client.status.values.beta === 0.8")
    notebook.until(f"Math.abs(document.querySelector('.rodflow').rodflow.thresholdY() - {line}) > 3")
    assert live.times()["discrete"][-1] == held
    live.button("Run").click()
    live.step(int(held) + 10)
    edge = dict(zip(live.times()["discrete"], live.hook("column('discrete', 'edge_threshold')"), strict=False))
    assert edge[held] == pytest.approx(2 * 1.9 / (0.1 * 0.02), rel=1e-5)
    assert edge[held + 10] == pytest.approx(2 * 1.8 / (0.2 * 0.02), rel=1e-5)
    notebook.screenshot("explorer-light", form)

    # What cannot work is said, and the run goes on; what can, replaces it.
    rate.fill("-1")
    rate.press("Enter")
    until_held(notebook, "explorer.optimizer.values['learning_rate'] == -1")
    form.get_by_role("button", name="Start again").click()
    expect(form.get_by_role("alert")).to_contain_text("learning_rate=-1.0 is not usable")
    assert notebook.execute("print(explorer.run.status.state)") == "running"
    field(form, "Optimizer").select_option("Adam")
    expect(field(form, "ε")).to_be_visible()
    form.get_by_role("button", name="Start again").click()
    expect(form.locator(".rf-what")).to_contain_text("Adam", timeout=30_000)
    expect(form.get_by_role("alert")).to_have_count(0)
    expect(form.locator(".rodflow")).to_have_count(1)
    live.step(30)
    assert live.root.locator(".rf-setting").count() == 3


@pytest.mark.parametrize(("theme", "width"), [("Dark", 1280), ("Light", 700)])
def test_the_form_fits_its_page(opener: Opener, form_notebook: Path, theme: str, width: int) -> None:
    notebook, form = opened(opener, form_notebook, theme=f"JupyterLab {theme}", width=width, height=1500)
    notebook.page.evaluate("jupyterapp.shell.collapseLeft()")
    field(form, "Optimizer").select_option("NAdam")
    expect(field(form, "momentum decay")).to_be_visible()
    form.get_by_role("button", name="Start").click()
    live = LiveView(notebook)
    live.step(60)
    live.button("Pause").click()
    live.state("paused")
    live.frames()
    for part in (form, live.root):
        assert part.evaluate("part => part.scrollWidth - part.clientWidth") <= 1
    notebook.screenshot(f"explorer-{theme.lower()}-{width}", form)
