"""One JupyterLab and one browser for all tests here; a fresh page and a fresh copy of the notebook for each."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from . import chromium
from .notebook import Notebook, Opener
from .server import Server

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("jupyter")
    folder = home / "notebooks"
    folder.mkdir()
    server = Server(home, folder)
    yield server
    server.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = chromium.find()
    assert executable, chromium.ADVICE
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(chromium.ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def opener(server: Server, browser: Browser) -> Iterator[Opener]:
    """Opens a copy of a notebook in a new page; at the end no page may have had an error on its console."""
    opened: list[Notebook] = []

    def open_notebook(
        source: Path, *, width: int = 1280, height: int = 1250, theme: str = "JupyterLab Light", kernel: bool = True
    ) -> Notebook:
        name = f"{source.stem}-{uuid.uuid4().hex[:8]}"
        shutil.copyfile(source, server.notebooks / f"{name}.ipynb")
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
        notebook = Notebook(context.new_page(), server)
        opened.append(notebook)
        notebook.open(f"{name}.ipynb", workspace=name, theme=theme, kernel=kernel)
        return notebook

    yield open_notebook
    heard = [problem for notebook in opened for problem in notebook.problems]
    for notebook in opened:
        notebook.page.context.close()
    server.stop_kernels()
    assert heard == []
