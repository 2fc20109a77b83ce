"""The notebooks as pages: executed once for every state of them and of the package, and kept for the next build."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from outputs import settle
from sphinx.util import logging

import rodflow_widgets

log = logging.getLogger(__name__)

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
    made_by = _fingerprint()
    for path in paths:
        kept = cache / f"{path.stem}-{_digest(path, made_by)}.ipynb"
        if execute and not kept.exists():
            log.info("executing %s", path.name)
            _keep(_executed(path), kept)
        text = (kept if kept.exists() else path).read_text(encoding="utf-8")
        page = target / path.name
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def _fingerprint() -> bytes:
    """Of everything that the package runs, Python and front end, and of what is made of outputs here."""
    folder = Path(rodflow_widgets.__file__).parent
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in {".py", ".js", ".css"}]
    files += sorted(Path(__file__).parent.glob("outputs.py"))
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in files)).digest()


def _digest(path: Path, made_by: bytes) -> str:
    return hashlib.sha256(path.read_bytes() + made_by).hexdigest()[:16]


def _executed(path: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(notebook, timeout=LONGEST, resources={"metadata": {"path": folder}}).execute()
    settle(notebook, path.name)
    return notebook


def _keep(notebook: nbformat.NotebookNode, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob(f"{path.stem.rpartition('-')[0]}-*.ipynb"):
        old.unlink()
    nbformat.write(notebook, path)
