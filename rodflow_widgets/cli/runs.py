"""`rodflow ls`, `show`, `report` and `resume`: runs on disk."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..errors import ArgumentError


def add(commands: Any) -> None:
    """Add the commands and their options."""
    command: argparse.ArgumentParser = commands.add_parser(
        "ls",
        help="list the runs and sweeps on disk",
        description="List the runs and sweeps in a folder and in the folders below it.",
    )
    command.add_argument("folder", type=Path, nargs="?", default=Path(), help="default: the present one")
    command.set_defaults(act=ls)
    command = commands.add_parser(
        "show",
        help="say what a run or a sweep on disk holds",
        description="Say what was run, where it stands and what is on disk.",
    )
    command.add_argument("path", type=Path, metavar="PATH", help="folder of a run or a sweep")
    command.set_defaults(act=show)
    command = commands.add_parser(
        "report",
        help="write a run as one HTML page",
        description="Write a run as one HTML page with its interactive picture; it needs neither a network nor a kernel.",
    )
    command.add_argument("path", type=Path, metavar="PATH", help="folder of a run")
    command.add_argument("--out", type=Path, metavar="FILE", help="default: report.html in the folder of the run")
    command.set_defaults(act=report)
    command = commands.add_parser(
        "resume",
        help="go on with a run or a sweep on disk",
        description="Go on with a run or a sweep of a problem of rf.problems where it was, and write it down in the same folder.",
    )
    command.add_argument(
        "path", type=Path, metavar="PATH", help="folder of a run or a sweep that was saved while it went"
    )
    command.add_argument("--steps", type=int, metavar="N", help="how many more; a finished run needs some")
    command.set_defaults(act=resume)


def ls(given: argparse.Namespace) -> int:
    """Print a line a run."""
    from .. import store
    from ..figures import listing

    found, wrong = store.find(given.folder)
    print(listing(found) or f"There is no run in {given.folder}.")
    for error in wrong:
        print(error)
    return 0


def show(given: argparse.Namespace) -> int:
    """Print what a run holds."""
    from .. import store
    from ..figures import listing, table
    from . import sweep

    if store.holds_sweep(given.path):
        return sweep.show(given.path)
    summary = store.look(given.path)
    recording = store.load(given.path)
    print(listing([summary]))
    print(f"\n{recording.status.sentence}\n\n{table(recording)}")
    for event in recording.events:
        note = f" ({event.note})" if event.note else ""
        print(f"step {event.step:,}: {event.name} {event.old:g} → {event.new:g}{note}")
    kept = [info.row for info in store.checkpoints(given.path)]
    if kept:
        print(
            f"checkpoints before rows {', '.join(f'{row:,}' for row in kept)}: rf.fork goes on from any step after them."
        )
    return 0


def report(given: argparse.Namespace) -> int:
    """Write the page."""
    from .. import store
    from ..widgets.report import report as page

    text = page(store.load(given.path))
    path = given.out or given.path / "report.html"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"--out {str(path)!r} cannot be written ({error.strerror}): give another file.") from error
    print(f"Written to {path}: {len(text.encode()) / 1e6:.2f} MB")
    return 0


def resume(given: argparse.Namespace) -> int:
    """Go on, in this process, until the end or an interrupt."""
    from ..session import resume as resumed
    from ..store import holds_sweep
    from . import sweep
    from .run import ENDED

    if holds_sweep(given.path):
        if given.steps is not None:
            raise ArgumentError(
                f"--steps {given.steps} is not usable: the runs of a sweep have the steps that they have."
            )
        return sweep.resume(given.path)
    run = resumed(given.path, steps=given.steps)
    print(f"Going on at step {run.status.step:,} of {run.steps:,}.", file=sys.stderr)
    run.start()
    try:
        status = run.wait()
    except KeyboardInterrupt:
        status = run.stop()
    print(status.sentence)
    return ENDED.get(status.state, 0)
