"""`rodflow list`: problems, optimizers and processes, with their options."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

from ..vocabulary import Setting


def add(commands: Any) -> None:
    """Add the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "list", help="list problems, optimizers and flows", description="List problems, optimizers and flows."
    )
    command.set_defaults(act=act)


def act(given: argparse.Namespace) -> int:
    """Print what the registry of the engine holds."""
    from ..engine import flows, optimizers, problems  # noqa: F401 - importing them fills the registry
    from ..engine.catalogue import summary
    from ..engine.registry import FLOWS, OPTIMIZERS, PROBLEMS

    print("Problems (--problem)")
    for name, problem in sorted(PROBLEMS.items()):
        _entry(name, summary(problem))
        _options(problem.parameters, "--set ")
    print("\nOptimizers (--optimizer)")
    for name, optimizer in sorted(OPTIMIZERS.items()):
        _entry(name, summary(optimizer))
        _options(optimizer.parameters, "--set ")
    print("\nProcesses (--processes)")
    _entry("discrete", "The iterates of the optimizer; always part of a run.")
    for name, flow in sorted(FLOWS.items()):
        _entry(name, summary(flow))
        _options(flow.parameters, "in Python: ")
    return 0


def _entry(name: str, words: str) -> None:
    print(f"  {name:<20}{words}".rstrip())


def _options(parameters: Iterable[Setting], how: str) -> None:
    for p in parameters:
        flag = "--learning-rate " if p.name == "learning_rate" else f"{how}{p.name}="
        unit = getattr(p, "unit", "")
        print(
            f"      {flag}{_text(p.default)}".ljust(38) + f"  {p.meaning or p.label} ({p.wanted}{unit and ', '}{unit})"
        )


def _text(default: Any) -> str:
    if isinstance(default, tuple):
        return ",".join(map(_text, default))
    return f"{default:g}" if isinstance(default, float) else str(default)
