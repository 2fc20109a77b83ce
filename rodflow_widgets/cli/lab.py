"""`rodflow lab`: open the notebooks in JupyterLab."""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ..errors import RunError

PACKAGE = Path(__file__).resolve().parent.parent
FIRST = "01_quickstart.ipynb"
COPIES = Path("rodflow-notebooks")


def add(commands: Any) -> None:
    """Add the command and its options."""
    command: argparse.ArgumentParser = commands.add_parser(
        "lab",
        help="open the notebooks in JupyterLab",
        description="Open the notebooks in JupyterLab. In a clone these are the notebooks of the clone; otherwise "
        f"they are first copied to {COPIES}/, where files that are there already stay as they are. "
        "Flags that are not listed below, such as --no-browser, are passed on to JupyterLab.",
        usage="rodflow lab [-h] [FLAGS OF JUPYTERLAB]",
        allow_abbrev=False,
    )
    command.set_defaults(act=act, passes_flags=True)


def act(given: argparse.Namespace) -> int:
    """Start JupyterLab and wait for its end."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise RunError("JupyterLab is not installed here: pip install 'rodflow_widgets[lab]', then call this again.")
    return subprocess.call(command(notebook(Path.cwd()), given.flags))


def notebook(here: Path) -> Path:
    """The first notebook: that of the clone, or a copy below `here`."""
    cloned = PACKAGE.parent / "notebooks" / FIRST
    if cloned.is_file() and (PACKAGE.parent / "pyproject.toml").is_file():
        return cloned
    folder = here / COPIES
    folder.mkdir(exist_ok=True)
    for source in sorted((PACKAGE / "notebooks").glob("*.ipynb")):
        if not (folder / source.name).exists():
            shutil.copyfile(source, folder / source.name)
    return folder / FIRST


def command(notebook: Path, flags: list[str]) -> list[str]:
    """The command that opens `notebook`; as root JupyterLab wants to be told."""
    flags = flags[1:] if flags[:1] == ["--"] else flags
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 and "--allow-root" not in flags else []
    return [sys.executable, "-m", "jupyterlab", *root, str(notebook), *flags]
