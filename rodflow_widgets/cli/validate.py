"""`rodflow validate`: measure the whole table of figures, resumable, and write it as a page."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from ..errors import ArgumentError

FOLDER, PAGE = Path("rodflow-validation"), "validation.md"
SEEDS = "0,1,2"


def add(commands: Any) -> None:
    """Add the command and its options."""
    command: argparse.ArgumentParser = commands.add_parser(
        "validate",
        help="measure the whole table of validation figures",
        description="Run nine optimizers beside their flows, again with dt halved and with other tracker seeds, and write "
        "the page of all figures. Finished cells are kept in a folder and never run twice; whatever ends the command, "
        "the same command goes on where it was. The whole table takes hours. Exit code 1 where an exact check does not "
        "hold; criteria that are missed are results.",
    )
    option = command.add_argument
    option(
        "--only",
        action="append",
        metavar="GLOB",
        help="run only cells with such names, e.g. 'adam/*' or '*/rod/seed-0'; may be repeated",
    )
    option("--fast", action="store_true", help="run only a few cells, in about two minutes")
    option("--seeds", default=SEEDS, metavar="LIST", help="of the eigenvalue trackers; default %(default)s")
    option("--out", type=Path, default=FOLDER, metavar="DIR", help="of the finished cells; default %(default)s/")
    option("--write", type=Path, metavar="PATH", help=f"of the page; default: {PAGE} in the folder of --out")
    option("--quiet", action="store_true", help="no progress bar, no line a cell")
    command.set_defaults(act=act)


def act(given: argparse.Namespace) -> int:
    """Run what is missing and write the page."""
    seeds = _seeds(given.seeds)
    path = given.write or given.out / PAGE
    if given.write:
        _check_page(path)
    make(given.out)
    from ..validation import validate
    from ..validation.cells import FAST
    from ..validation.run import write

    patterns = [*(given.only or []), *(FAST if given.fast else [])] or ["*"]
    outcome = validate(given.out, patterns, seeds, progress=not given.quiet)
    write(outcome.page, path)
    if not given.quiet:
        print(f"Written to {path}", file=sys.stderr)
    return 0 if outcome.holds else 1


def _seeds(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ArgumentError(f"--seeds {text!r} are not usable: give whole numbers, such as {SEEDS}.") from None


def _check_page(path: Path) -> None:
    """Find out before anything runs that the page can be written."""
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise ArgumentError(f"--write {str(path)!r} cannot be written: give a file in a folder that may be written to.")


def make(folder: Path) -> None:
    """Make the folder of the cells, before anything runs."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArgumentError(
            f"--out {str(folder)!r} cannot be used ({error.strerror}): give a folder, or a path where one can be made."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ArgumentError(f"--out {str(folder)!r} may not be written to: give another folder.")
