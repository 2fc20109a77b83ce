"""The live view in marimo: it appears, rows arrive, the run is paused, and a cell that runs again ends its run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from .notebook import SCREENSHOTS

APP = """
import marimo

app = marimo.App()


@app.cell
def _():
    import threading

    import marimo as mo

    import rodflow_widgets as rf

    made = []
    return made, mo, rf, threading


@app.cell
def _(mo):
    again = mo.ui.button(label="run again", value=0, on_click=lambda count: count + 1)
    look = mo.ui.button(label="look", value=0, on_click=lambda count: count + 1)
    mo.hstack([again, look])
    return again, look


@app.cell
def _(again, made, rf):
    again.value
    live = rf.compare(rf.problems.digits_mlp((8, 8), n=100), rf.optimizers.GradientDescent(0.4), steps=20_000)
    made.append(live)
    live
    return


@app.cell
def _(look, made, mo, threading):
    threads = sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("rodflow-"))
    states = [live.run.status.state for live in made]
    mo.md(f"look {look.value}: {' '.join(states)}; {' '.join(threads)}")
    return
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A marimo server on loopback that shows the app."""
    (tmp_path / "app.py").write_text(APP)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folders = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("CONFIG", "STATE", "CACHE")}
    environment = {**os.environ, **folders, "MARIMO_SKIP_UPDATE_CHECK": "1"}
    command = [sys.executable, "-m", "marimo", "run", "app.py", "--headless", "--no-token", f"--port={port}"]
    log = tmp_path / "marimo.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--host=127.0.0.1"], stdout=out, stderr=subprocess.STDOUT, cwd=tmp_path, env=environment
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"marimo did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1100, "height": 1300}, reduced_motion="reduce")
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(f"uncaught: {error}"))
    yield page
    context.close()
    assert problems == []


def test_a_view_in_marimo(address: str, page: Page) -> None:
    page.goto(address)
    root = page.locator(".rodflow")
    expect(root).to_have_attribute("data-state", "running", timeout=60_000)

    def rows() -> int:
        count: int = root.evaluate("root => root.rodflow.times().discrete?.length ?? 0")
        return count

    before = rows()
    until = time.monotonic() + 30
    while rows() < before + 30:
        assert time.monotonic() < until, "no rows arrive while the run goes"
        page.wait_for_timeout(50)
    root.get_by_role("button", name="Pause", exact=True).click()
    expect(root).to_have_attribute("data-state", "paused")
    held = root.get_attribute("data-step")
    page.wait_for_timeout(300)
    assert root.get_attribute("data-step") == held
    times = root.evaluate("root => root.rodflow.times().discrete")
    assert times == list(range(int(held or 0) + 1))
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "marimo.png")

    # marimo closes the comm of a cell that runs again: its run ends, and with it its thread.
    page.get_by_role("button", name="run again").click()
    expect(root).to_have_attribute("data-state", "running", timeout=30_000)
    expect(root).to_have_count(1)
    page.get_by_role("button", name="look").click()
    expect(page.get_by_text("look 1:")).to_have_text("look 1: stopped running; rodflow-run rodflow-sender")
    root.get_by_role("button", name="Pause", exact=True).click()
    expect(root).to_have_attribute("data-state", "paused")
