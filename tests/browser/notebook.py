"""A notebook in JupyterLab as a person uses it: open, run by the menu, look, reload, save."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import ConsoleMessage, Error, Locator, Page, expect

from .server import Server

# What JupyterLab itself says on a fresh start, which is no error of ours.
LABS_OWN = re.compile(r"/api/(workspaces|me)|favicon|ResizeObserver loop|static/lab/.*\.map")
SCREENSHOTS = Path(__file__).parent / "screenshots"
WIDGET = ".rodflow"


def written(path: Path, *cells: str) -> Path:
    """A notebook of code cells, for a Python kernel."""
    made = [nbformat.v4.new_code_cell(code, id=f"cell-{i}") for i, code in enumerate(cells)]
    notebook = nbformat.v4.new_notebook(cells=made)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
    return path


class Notebook:
    """One page with one notebook in it."""

    def __init__(self, page: Page, server: Server, url: str | None = None) -> None:
        self.server, self.url = server, url or server.url
        self.problems: list[str] = []
        self._look_at(page)

    def _look_at(self, page: Page) -> None:
        self.page = page
        page.on("console", self._heard)
        page.on("pageerror", self._raised)

    def _raised(self, error: Error) -> None:
        """Keep what was not caught, but for errors of Notebook 7's own code; a widget is loaded from a blob."""
        stack = error.stack or ""
        if "/static/notebook/" not in stack or "blob:" in stack:
            self.problems.append(f"uncaught: {error}")

    def _heard(self, message: ConsoleMessage) -> None:
        where = message.location.get("url", "")
        if message.type == "error" and not LABS_OWN.search(f"{message.text} {where}"):
            self.problems.append(f"{message.text} ({where})")

    def open(
        self,
        name: str,
        *,
        workspace: str = "test",
        theme: str = "JupyterLab Light",
        kernel: bool = True,
        classic: bool = False,
    ) -> None:
        """Open a notebook in a workspace of its own, or in Notebook 7 where `classic`, and wait until it is ready.

        Without `kernel` the notebook names one that does not exist, and JupyterLab's question for another is
        answered with none.
        """
        self.path = self.server.notebooks / name
        place = f"notebooks/{name}" if classic else f"lab/workspaces/{workspace}/tree/{name}"
        self._place = place
        self.page.goto(f"{self.url}/{place}?token={self.server.token}")
        if kernel:
            self.ready()
        else:
            dialog = self.page.locator(".jp-Dialog")
            expect(dialog).to_be_visible(timeout=60_000)
            dialog.get_by_role("button", name="No Kernel").click()
        self.theme(theme)

    def ready(self) -> None:
        """Wait until the notebook is shown and its kernel idle."""
        expect(self.page.locator(".jp-NotebookPanel .jp-Cell").first).to_be_visible(timeout=60_000)
        self.idle()

    def idle(self, seconds: float = 60) -> None:
        """Wait until the kernel has nothing to do."""
        self.until("jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'", seconds)

    def theme(self, name: str) -> None:
        self.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", name)
        light = "true" if "Light" in name else "false"
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", light, timeout=20_000)

    def run_all(self) -> None:
        """Run → Run All Cells, again until a cell has taken it: right after the start JupyterLab may lose it."""
        prompt = self.page.locator(".jp-NotebookPanel:visible .jp-CodeCell .jp-InputPrompt").first
        for _ in range(5):
            self.page.get_by_role("menuitem", name="Run", exact=True).click()
            self.page.locator(".lm-Menu-item", has_text="Run All Cells").first.click()
            try:
                expect(prompt).to_have_text(re.compile(r"\[(\*|\d+)\]"), timeout=3_000)
            except AssertionError:
                continue
            return
        raise AssertionError("Run All Cells was not taken by the notebook")

    def finished(self, seconds: float = 120) -> None:
        """Wait until no cell is running or waiting."""
        self.until(
            "[...document.querySelectorAll('.jp-NotebookPanel .jp-CodeCell .jp-InputPrompt')]"
            ".every(prompt => !prompt.textContent.includes('*'))",
            seconds,
        )

    def until(self, condition: str, seconds: float = 30) -> None:
        """Wait until a JavaScript expression is true."""
        try:
            self.page.wait_for_function(condition, timeout=1000 * seconds)
        except Error as error:
            raise AssertionError(f"not true after {seconds:g} s: {condition}; heard: {self.problems}") from error

    def widget(self, index: int = 0) -> Locator:
        return self.page.locator(WIDGET).nth(index)

    def execute(self, code: str) -> str:
        """Run code in the notebook's own kernel beside its cells, and return what it printed."""
        done: dict[str, Any] = self.page.evaluate(
            """async code => {
              const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
              const future = kernel.requestExecute({ code, store_history: false });
              let text = '', error = '';
              future.onIOPub = message => {
                if (message.header.msg_type === 'stream') text += message.content.text;
                if (message.header.msg_type === 'error') error = message.content.evalue;
              };
              await future.done;
              return { text, error };
            }""",
            code,
        )
        assert not done["error"], done["error"]
        return str(done["text"]).strip()

    def reload(self) -> None:
        self.page.reload()
        self.ready()

    def reopen(self) -> None:
        """Close the page, and open the notebook in another one, with the kernel that it has."""
        context = self.page.context
        self.page.close(run_before_unload=False)
        self._look_at(context.new_page())
        self.page.goto(f"{self.url}/{self._place}?token={self.server.token}")
        self.ready()

    def save(self) -> None:
        self.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
        self.until("!jupyterapp.shell.currentWidget.context.model.dirty")

    def screenshot(self, name: str, of: Locator | None = None) -> Path:
        """Keep a picture for people, in a folder that is not tracked."""
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        (of or self.page).screenshot(path=path)
        return path


Opener = Callable[..., Notebook]
