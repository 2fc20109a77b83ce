"""One JupyterLab, one browser and one kernel for all tests here; a fresh page and copy of the notebook for each.

Starting a kernel and importing torch takes longer than most of the tests, so the kernel is handed on, emptied: its
widgets closed, which stops their runs, and its names deleted. A test may ask for a kernel of its own.
"""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Error, Route, sync_playwright

from . import chromium
from .notebook import Notebook, Opener
from .server import Server

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
EMPTY = """import ipywidgets
ipywidgets.Widget.close_all()
get_ipython().reset(new_session=True)"""


def without_extension(route: Route) -> None:
    """Answer with the page of the application without our extension in its list."""
    if route.request.resource_type != "document":
        route.continue_()
        return
    answer = route.fetch()
    found = re.search(r'(<script id="jupyter-config-data"[^>]*>)(.*?)(</script>)', answer.text(), re.DOTALL)
    assert found, "the page has no configuration"
    config = json.loads(found[2])
    others = [each for each in config["federated_extensions"] if each["name"] != "rodflow-widgets"]
    assert len(others) == len(config["federated_extensions"]) - 1
    config["federated_extensions"] = others
    body = answer.text().replace(found[0], f"{found[1]}{json.dumps(config)}{found[3]}")
    route.fulfill(response=answer, body=body)


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
    """Opens a copy of a notebook in a new page, perhaps at another `url` that leads to the server, or without our extension.

    At the end no page may have had an error on its console.
    """
    opened: list[tuple[Notebook, bool]] = []

    def open_notebook(
        source: Path,
        *,
        width: int = 1280,
        height: int = 1250,
        theme: str = "JupyterLab Light",
        kernel: Literal["shared", "own", "none"] = "shared",
        classic: bool = False,
        extension: bool = True,
        url: str | None = None,
    ) -> Notebook:
        name = f"{source.stem}-{uuid.uuid4().hex[:8]}"
        shutil.copyfile(source, server.notebooks / f"{name}.ipynb")
        if kernel == "shared":
            server.share_kernel(f"{name}.ipynb")
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
        if not extension:
            context.route(re.compile("/(lab|notebooks)/"), without_extension)
        notebook = Notebook(context.new_page(), server, url)
        opened.append((notebook, kernel == "shared"))
        notebook.open(f"{name}.ipynb", workspace=name, theme=theme, kernel=kernel != "none", classic=classic)
        return notebook

    yield open_notebook
    heard = [problem for notebook, _ in opened for problem in notebook.problems]
    for notebook, shares in opened:
        try:
            if shares:
                notebook.idle(10)
                notebook.execute(EMPTY)
        except (AssertionError, Error):
            server.restart_shared_kernel()
            raise
        finally:
            notebook.page.context.close()
    server.stop_kernels()
    assert heard == []
