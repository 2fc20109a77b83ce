"""`rodflow lab`: open the notebooks in JupyterLab, or only copy them."""

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
        usage="rodflow lab [-h] [--copy-only] [FLAGS OF JUPYTERLAB]",
        allow_abbrev=False,
    )
    command.add_argument(
        "--copy-only", action="store_true", help=f"copy the notebooks to {COPIES}/, say which are new, and open nothing"
    )
    command.set_defaults(act=act, passes_flags=True)


def act(given: argparse.Namespace) -> int:
    """Start JupyterLab and wait for its end, or only copy."""
    if given.copy_only:
        print(told(*copied(Path.cwd() / COPIES)))
        return 0
    if importlib.util.find_spec("jupyterlab") is None:
        raise RunError("JupyterLab is not installed here: pip install 'rodflow_widgets[lab]', then call this again.")
    return subprocess.call(command(notebook(Path.cwd()), given.flags))


def notebook(here: Path) -> Path:
    """The first notebook: that of the clone, or a copy below `here`."""
    if cloned():
        return originals() / FIRST
    copied(here / COPIES)
    return here / COPIES / FIRST


def cloned() -> bool:
    """Whether this is a clone, which holds the notebooks beside the package and not in it."""
    return (PACKAGE.parent / "notebooks" / FIRST).is_file() and (PACKAGE.parent / "pyproject.toml").is_file()


def originals() -> Path:
    """The folder that the notebooks came in."""
    return (PACKAGE.parent if cloned() else PACKAGE) / "notebooks"


def copied(folder: Path) -> tuple[list[Path], list[Path]]:
    """Copy every notebook, with what lies beside it, to where there is none of its name: those copied, those that stayed."""
    new: list[Path] = []
    stayed: list[Path] = []
    for source in sorted(originals().rglob("*")):
        inside = source.relative_to(originals())
        if not source.is_file() or any(part.startswith((".", "__")) for part in inside.parts):
            continue
        target = folder / inside
        (stayed if target.exists() else new).append(target)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return new, stayed


def told(new: list[Path], stayed: list[Path]) -> str:
    """What was copied and what was there already, a line each."""
    return "\n".join([f"copied  {path}" for path in new] + [f"stays   {path}" for path in stayed])


def command(notebook: Path, flags: list[str]) -> list[str]:
    """The command that opens `notebook`; as root JupyterLab wants to be told."""
    flags = flags[1:] if flags[:1] == ["--"] else flags
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 and "--allow-root" not in flags else []
    return [sys.executable, "-m", "jupyterlab", *root, str(notebook), *flags]
