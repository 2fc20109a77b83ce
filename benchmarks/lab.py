"""A real JupyterLab and a Chromium for benchmarks, with notebooks made of a few cells."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, CDPSession, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.browser import chromium
from tests.browser.notebook import Notebook
from tests.browser.server import Server

ROOT = Path(__file__).resolve().parents[1]


class Lab:
    """One server and one browser; every notebook has a kernel and a page of its own."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self.server, self.browser = server, browser

    @contextmanager
    def notebook(self, name: str, cells: Sequence[str], script: str = "", url: str | None = None) -> Iterator[Notebook]:
        """A notebook of these cells, opened and not yet run; `script` runs first in its page, after a reload too.

        `url` is another one that leads to the server.
        """
        name = "".join(c if c.isalnum() else "-" for c in name)
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(made, self.server.notebooks / f"{name}.ipynb")
        page = self.browser.new_page(viewport={"width": 1280, "height": 1100})
        if script:
            page.add_init_script(script)
        opened = Notebook(page, self.server, url)
        opened.open(f"{name}.ipynb", workspace=name)
        yield opened
        page.close()
        self.server.stop_kernels()


@contextmanager
def lab() -> Iterator[Lab]:
    executable = chromium.find()
    if executable is None:
        sys.exit(chromium.ADVICE)
    os.environ["PYTHONPATH"] = str(ROOT)  # kernels import this package and benchmarks/
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        (home / "notebooks").mkdir()
        server = Server(home, home / "notebooks")
        try:
            browser = playwright.chromium.launch(executable_path=executable, args=list(chromium.ARGUMENTS))
            yield Lab(server, browser)
            browser.close()
        finally:
            server.close()


class MainThread:
    """Processor time that a page's main thread has taken, by its own count: what else the machine does is not in it."""

    def __init__(self, notebook: Notebook) -> None:
        self.session: CDPSession = notebook.page.context.new_cdp_session(notebook.page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent(self) -> tuple[float, float]:
        """Milliseconds so far: of everything, and of scripts alone."""
        metrics = {m["name"]: 1000 * m["value"] for m in self.session.send("Performance.getMetrics")["metrics"]}
        return metrics["TaskDuration"], metrics["ScriptDuration"]
