"""`rodflow list`: problems, optimizers and processes, with their options."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable
from typing import Any


def add(commands: Any) -> None:
    """Add the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "list", help="list problems, optimizers and flows", description="List problems, optimizers and flows."
    )
    command.set_defaults(act=act)


def act(given: argparse.Namespace) -> int:
    """Print what the registry of the engine holds."""
    from ..engine import flows, optimizers, problems  # noqa: F401 - importing them fills the registry
    from ..engine.registry import FLOWS, OPTIMIZERS, PROBLEMS

    print("Problems (--problem)")
    for name, problem in sorted(PROBLEMS.items()):
        _entry(name, problem)
        for option, parameter in inspect.signature(problem).parameters.items():
            default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
            print(f"      --set {option}{default}")
    print("\nOptimizers (--optimizer)")
    for name, optimizer in sorted(OPTIMIZERS.items()):
        _entry(name, optimizer)
        for hyperparameter in optimizer.parameters:
            flag = "--learning-rate " if hyperparameter.name == "learning_rate" else f"--set {hyperparameter.name}="
            print(f"      {flag}{hyperparameter.default:g}   {hyperparameter.meaning or hyperparameter.label}")
    print("\nProcesses (--processes)")
    _entry("discrete", None, "The iterates of the optimizer; always part of a run.")
    for name, flow in sorted(FLOWS.items()):
        _entry(name, flow)
    return 0


def _entry(name: str, thing: Callable[..., Any] | None, words: str | None = None) -> None:
    words = words or (inspect.getdoc(thing) or "").partition("\n")[0]
    print(f"  {name:<18}{words}".rstrip())
