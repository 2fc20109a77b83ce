"""The notebooks as pages: executed once for every state of them and of the package, and kept for the next build.

A live view leaves two outputs in an executed notebook: the widget, which needs a kernel, and a picture in HTML that
brings its data and the front end with it. The page shows the picture, which needs neither a kernel nor a network.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from sphinx.errors import ExtensionError
from sphinx.util import logging

import rodflow_widgets

log = logging.getLogger(__name__)

WIDGET, HTML = "application/vnd.jupyter.widget-view+json", "text/html"
STILL = "rodflow-widgets-still"
PICTURE = "data-rodflow-picture"
LONGEST = 900
"""Seconds that a cell may take on a busy machine; the notebooks themselves take under a minute."""


def bring(notebooks: Path, target: Path, cache: Path, *, execute: bool) -> None:
    """Write every notebook to `target`, executed, and take out what is there of others.

    Args:
        cache: folder of executed notebooks, named after what they were made of.
        execute: execute what the cache does not hold; else such a notebook is shown as it is.
    """
    target.mkdir(parents=True, exist_ok=True)
    paths = sorted(notebooks.glob("*.ipynb"))
    for stale in {path.name for path in target.glob("*.ipynb")} - {path.name for path in paths}:
        (target / stale).unlink()
    package = _fingerprint()
    for path in paths:
        kept = cache / f"{path.stem}-{_digest(path, package)}.ipynb"
        if execute and not kept.exists():
            log.info("executing %s", path.name)
            _keep(_executed(path), kept)
        text = (kept if kept.exists() else path).read_text(encoding="utf-8")
        page = target / path.name
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def _fingerprint() -> bytes:
    """Of everything that the package runs, Python and front end."""
    folder = Path(rodflow_widgets.__file__).parent
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in {".py", ".js", ".css"}]
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in files)).digest()


def _digest(path: Path, package: bytes) -> str:
    return hashlib.sha256(path.read_bytes() + package).hexdigest()[:16]


def _executed(path: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(notebook, timeout=LONGEST, resources={"metadata": {"path": folder}}).execute()
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = shown(cell.outputs, path.name)
    return notebook


def shown(outputs: list[nbformat.NotebookNode], where: str) -> list[nbformat.NotebookNode]:
    """The outputs that a page without a kernel can show.

    Raises:
        ExtensionError: a live view has no picture, because no cell waits for its run.
    """
    kept = []
    for output, following in zip(outputs, [*outputs[1:], None], strict=True):
        data = output.get("data", {})
        if WIDGET in data and STILL in _html(following):
            continue
        if STILL in _html(output) and PICTURE not in _html(output):
            raise ExtensionError(f"{where}: a view was never drawn; let a cell wait for its run: live.run.wait().")
        if output.output_type == "stream" and output.name == "stderr":
            continue  # progress bars
        data.pop(WIDGET, None)
        kept.append(output)
    return kept


def _html(output: nbformat.NotebookNode | None) -> str:
    return "" if output is None else "".join(output.get("data", {}).get(HTML, ""))


def _keep(notebook: nbformat.NotebookNode, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob(f"{path.stem.rpartition('-')[0]}-*.ipynb"):
        old.unlink()
    nbformat.write(notebook, path)
