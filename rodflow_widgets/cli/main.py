"""Commands and exit codes: 0 the run ended, 1 it failed, 2 the arguments cannot work, 130 interrupted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..errors import ArgumentError, ProblemError, RodflowError, UnknownNameError
from ..version import __version__
from . import lab, listing, run, runs, sweep, validate

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def parser() -> argparse.ArgumentParser:
    """The command line; nothing heavy is imported before a command runs."""
    top = argparse.ArgumentParser(
        prog="rodflow", description="Compare neural-network optimizers with their continuous-time flows."
    )
    top.add_argument("--version", action="version", version=f"rodflow_widgets {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (run, runs, sweep, lab, listing, validate):
        module.add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the console script; returns the exit code."""
    top = parser()
    given, flags = top.parse_known_args(arguments)
    if flags and not getattr(given, "passes_flags", False):
        top.error(f"unrecognized arguments: {' '.join(flags)}")
    given.flags = flags
    try:
        return int(given.act(given) or OK)
    except KeyboardInterrupt:
        print("\nrodflow: interrupted", file=sys.stderr)
        return INTERRUPTED
    except RodflowError as error:
        print(f"rodflow: {error}", file=sys.stderr)
        return USAGE if isinstance(error, (ArgumentError, ProblemError, UnknownNameError)) else FAILED
