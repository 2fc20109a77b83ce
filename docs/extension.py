"""The pictures of docs/extension.md, taken from a real JupyterLab: `make screenshot`."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import rodflow_widgets as rf
from tests.browser import chromium
from tests.browser.live import LiveView
from tests.browser.notebook import Notebook, written
from tests.browser.server import Server
from tests.browser.test_extension import output_of, without_kernel

TARGET = ROOT / "docs" / "img"
CELLS = (
    "import rodflow_widgets as rf\n"
    "problem = rf.problems.digits_mlp()\n"
    "live = rf.compare(problem, rf.optimizers.GradientDescent(0.4), steps=20_000)\nlive",
    "live.fork(learning_rate=0.6)",
    "toy = rf.compare(rf.problems.quartic(), rf.optimizers.GradientDescent(0.3), steps=400)\ntoy",
    "live.run.wait()",
)


def main() -> None:
    executable = chromium.find()
    if executable is None:
        sys.exit(chromium.ADVICE)
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        folder = Path(home) / "notebooks"
        folder.mkdir()
        server = Server(Path(home), folder)
        browser = playwright.chromium.launch(executable_path=executable, args=list(chromium.ARGUMENTS))
        try:
            for theme in ("light", "dark"):
                take(browser, server, theme)
        finally:
            browser.close()
            server.close()


def take(browser: Browser, server: Server, theme: str) -> None:
    """All pictures in one theme, in one page and a second for the notebook without a kernel."""
    context = browser.new_context(viewport={"width": 1360, "height": 900}, reduced_motion="reduce")
    notebook = Notebook(context.new_page(), server)
    name = f"comparison-{theme}.ipynb"
    written(server.notebooks / name, *CELLS)
    notebook.open(name, workspace=theme, theme=f"JupyterLab {theme.capitalize()}")
    page = notebook.page
    page.evaluate("jupyterapp.shell.collapseLeft()")
    page.evaluate("jupyterapp.commands.execute('rodflow:runs')")
    notebook.run_all()
    live = LiveView(notebook)
    live.step(140, seconds=200)
    runs = page.locator(".rodflow-run")
    expect(runs).to_have_count(3, timeout=60_000)
    runs.first.get_by_role("button", name="Pause").click()
    expect(runs.first).to_have_attribute("data-state", "paused")
    runs.first.get_by_role("button", name="Reveal").click()
    live.frames(10)
    keep(page, f"extension-panel-{theme}")
    page.evaluate("jupyterapp.commands.execute('launcher:create')")
    page.locator(".jp-LauncherCard[data-category=rodflow]").click()
    expect(page.locator(".rodflow-tutorials li").first).to_be_visible()
    keep(page, f"extension-tutorials-{theme}")
    context.close()
    server.stop_kernels()

    context = browser.new_context(viewport={"width": 1100, "height": 900}, reduced_motion="reduce")
    stranger = Notebook(context.new_page(), server)
    without_kernel(server.notebooks / f"saved-{theme}.ipynb", output_of(rf.problems.digits_mlp(), 0.4))
    stranger.open(
        f"saved-{theme}.ipynb", workspace=f"saved-{theme}", theme=f"JupyterLab {theme.capitalize()}", kernel=False
    )
    expect(stranger.widget()).to_have_attribute("data-state", "saved", timeout=60_000)
    stranger.page.evaluate("jupyterapp.shell.collapseLeft()")
    keep(stranger.page, f"extension-saved-{theme}")
    context.close()


def keep(of: Page | Locator, name: str) -> None:
    """A picture of 256 colours, and so a third of the size."""
    path = TARGET / f"{name}.png"
    picture = Image.open(io.BytesIO(of.screenshot())).convert("RGB")
    picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
