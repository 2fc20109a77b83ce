"""`rodflow sweep`: many runs of one problem, and what came of them as a table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..errors import ArgumentError
from .run import DTYPES, ENDED, build
from .values import assignments

PLACE = "rodflow-sweep"


def add(commands: Any) -> None:
    """Add the command and its options."""
    command: argparse.ArgumentParser = commands.add_parser(
        "sweep",
        help="run a problem with many hyperparameters and seeds",
        description=(
            "Run one problem with every combination of the values that are given, and write everything down while it goes. "
            "Several values are written 0.1,0.2,0.4, or 0.1:0.8:64 for 64 values from 0.1 to 0.8 in equal ratios. "
            "rodflow_widgets.load reads the folder, `rodflow resume` goes on with a sweep that was interrupted."
        ),
    )
    option = command.add_argument
    option("problem", metavar="PROBLEM", help="see `rodflow list`")
    option("optimizer", metavar="OPTIMIZER", help="see `rodflow list`")
    option("--learning-rate", metavar="VALUES", help="default: the optimizer's own")
    option(
        "--vary",
        action="append",
        default=[],
        metavar="NAME=VALUES",
        help="another hyperparameter of the optimizer; may be repeated",
    )
    option(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="values",
        help="an option of the problem or the optimizer, the same for all runs; may be repeated",
    )
    option(
        "--seeds", default="0", metavar="VALUES", help="of everything random in a run, e.g. 0,1,2; default %(default)s"
    )
    option("--seed", type=int, default=0, metavar="N", help="of the problem; default %(default)s")
    option("--processes", default="discrete", metavar="NAMES", help="comma-separated; default %(default)s")
    option("--steps", type=int, default=400, metavar="N", help="optimizer steps of every run; default %(default)s")
    option("--start", type=int, metavar="STEP", help="step at which the flows begin; default: the optimizer's own")
    option("--eigenvalues", type=int, default=1, metavar="K", help="measured per step; default %(default)s")
    option("--every", type=int, default=1, metavar="N", help="measure every N-th step; default %(default)s")
    option("--dtype", choices=DTYPES, help="default: the problem's own")
    option("--device", metavar="NAME", help="cpu, cuda, ...; default: the problem's own")
    option("--at-once", type=int, default=64, metavar="N", help="the most runs in one batch; default %(default)s")
    option("--workers", type=int, default=1, metavar="N", help="processes of this machine; default %(default)s")
    option("--out", type=Path, metavar="DIR", help=f"folder of the sweep; default {PLACE}/, or {PLACE}-2/ and so on")
    option("--overwrite", action="store_true", help="let a sweep that is in the folder already go away")
    option("--quiet", action="store_true", help="no progress bar and no table")
    command.set_defaults(act=act)


def act(given: argparse.Namespace) -> int:
    """Run what was asked for; a run that diverges or fails is a result of the sweep."""
    from ..session.keeping import Destination
    from ..sweeps import sweep

    grids: dict[str, Any] = {}
    if given.learning_rate is not None:
        grids["learning_rate"] = several("--learning-rate", given.learning_rate)
    for text in given.vary:
        name, equals, values = text.partition("=")
        if not equals:
            raise ArgumentError(f"--vary {text!r} is not usable: write NAME=VALUES, such as --vary beta=0.5,0.9.")
        grids[name.strip().replace("-", "_")] = several("--vary", values)
    fixed = assignments(given.values)
    twice = next((name for name in grids if name in fixed), None)
    if twice is not None:
        raise ArgumentError(f"--set {twice}={fixed[twice]!r} is not usable: {twice} is varied.")
    problem, optimizer = build(argparse.Namespace(**{**vars(given), "learning_rate": None}))
    made = sweep(
        problem,
        optimizer,
        tuple(name.strip() for name in given.processes.split(",") if name.strip()),
        steps=given.steps,
        seeds=several("--seeds", given.seeds, whole=True),
        start=given.start,
        eigenvalues=given.eigenvalues,
        every=given.every,
        at_once=given.at_once,
        workers=given.workers,
        save=given.out or Destination(Path(PLACE)).free().path,
        overwrite=given.overwrite,
        progress=not given.quiet and sys.stderr.isatty(),
        **grids,
    )
    return _ended(made, quiet=given.quiet)


def show(path: Path) -> int:
    """Print what a sweep holds."""
    from .. import store
    from ..figures import listing
    from ..sweeps import Sweep

    print(listing([store.look_sweep(path)]))
    return _told(Sweep.load(path))


def resume(path: Path) -> int:
    """Go on, in this process, until the end or an interrupt."""
    from ..sweeps import Sweep

    made = Sweep.load(path)
    made.resume()
    try:
        made.wait(progress=sys.stderr.isatty())
    except KeyboardInterrupt:
        made.stop()
    return _ended(made, quiet=False)


def several(option: str, text: str, *, whole: bool = False) -> list[Any]:
    """The numbers of 0.1,0.2,0.4, or of 0.1:0.8:64."""
    import numpy as np

    kind: Any = int if whole else float
    try:
        if ":" in text:
            first, last, count = text.split(":")
            if whole:
                return [int(value) for value in np.linspace(int(first), int(last), int(count)).round()]
            return [float(value) for value in np.geomspace(float(first), float(last), int(count))]
        return [kind(part) for part in text.split(",")]
    except ValueError:
        kinds = "whole numbers, e.g. 0,1,2" if whole else "numbers, e.g. 0.1,0.2 or 0.1:0.8:64"
        raise ArgumentError(f"{option} {text!r} is not usable: give {kinds}.") from None


def _told(made: Any) -> int:
    from ..figures import compared

    print(f"\n{made.status.sentence}\n\n{compared(made.summary(), list(made.axes))}")
    for run, error in made.errors.items():
        print(f"{made.points[run].name}: {error}")
    return 0


def _ended(made: Any, *, quiet: bool) -> int:
    if not quiet:
        _told(made)
        print(f"Written to {made.path}")
    return ENDED.get(made.status.state, 0)
