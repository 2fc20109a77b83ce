"""The page of `rodflow report`, opened from disk without a network."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import rodflow_widgets as rf
from rodflow_widgets.cli.main import main

from .notebook import SCREENSHOTS
from .test_saved import QUIET, painted


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_is_interactive_from_disk(browser: Browser, tmp_path: Path, scheme: str) -> None:
    problem = rf.problems.digits_mlp((8, 8), n=100)
    rf.simulate(problem, rf.optimizers.GradientDescent(0.4), steps=60, progress=False, save=tmp_path / "run")
    assert main(["report", str(tmp_path / "run")]) == 0
    context = browser.new_context(viewport={"width": 1100, "height": 1000}, offline=True, color_scheme=scheme)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto((tmp_path / "run" / "report.html").as_uri())
    root = page.locator(".rodflow")
    expect(root).to_have_attribute("data-state", "saved", timeout=30_000)
    expect(root.locator(".rf-notice")).to_contain_text(QUIET)
    expect(page.locator("h1")).to_contain_text("Gradient descent on digits MLP")
    expect(page.get_by_role("cell", name="It finished all 60 steps.").first).to_be_visible()
    expect(root.get_by_role("button", name="Run", exact=True)).to_have_count(0)
    readout = root.locator("[data-panel=loss] [data-process=discrete] .rf-value")
    newest = readout.inner_text()
    root.locator("canvas").first.hover(position={"x": 200, "y": 40})
    expect(readout).not_to_have_text(newest)
    assert painted(root, "858b94" if scheme == "light" else "7d848d") > 40
    page.screenshot(path=SCREENSHOTS / f"report-{scheme}.png", full_page=True)
    assert problems == []
    context.close()
