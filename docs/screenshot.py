"""The picture of the README, taken from a real JupyterLab: `make screenshot`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser import chromium
from tests.browser.notebook import Notebook
from tests.browser.server import Server

NOTEBOOK = ROOT / "notebooks" / "01_quickstart.ipynb"
TARGET = ROOT / "docs" / "img" / "live.png"


def main() -> None:
    executable = chromium.find()
    if executable is None:
        sys.exit(chromium.ADVICE)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "notebooks"
        folder.mkdir()
        shutil.copyfile(NOTEBOOK, folder / NOTEBOOK.name)
        server = Server(Path(home), folder)
        try:
            take(server, executable)
        finally:
            server.close()
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size / 1000:.0f} kB")


def take(server: Server, executable: str) -> None:
    """Run the quickstart, wait until it is at the edge, pause, and keep what the widget shows."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(chromium.ARGUMENTS))
        context = browser.new_context(viewport={"width": 1360, "height": 1300}, device_scale_factor=1.5)
        notebook = Notebook(context.new_page(), server)
        notebook.open(NOTEBOOK.name)
        notebook.run_all()
        notebook.finished(300)
        TARGET.parent.mkdir(exist_ok=True)
        notebook.widget().screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main()
