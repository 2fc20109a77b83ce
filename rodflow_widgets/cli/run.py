"""`rodflow run`: simulate, then write a picture, a table and the data into a folder."""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import ArgumentError, RodflowError, RunError, unknown
from .values import assignments, closest

PICTURE, TABLE, PLACE = "report.png", "report.md", "rodflow-run"
ENDED = {"stopped": 130, "error": 1}
DTYPES = ("float32", "float64")
SEEDS = 2**32


def add(commands: Any) -> None:
    """Add the command and its options."""
    command: argparse.ArgumentParser = commands.add_parser(
        "run",
        help="run a comparison and write a report",
        description=(
            f"Run a comparison and write it down while it goes; at the end also {PICTURE} and {TABLE}. "
            "rodflow_widgets.load reads the folder, `rodflow resume` goes on with a run that was interrupted."
        ),
    )
    option = command.add_argument
    option("--problem", default="digits_mlp", metavar="NAME", help="see `rodflow list`; default %(default)s")
    option("--optimizer", default="GradientDescent", metavar="NAME", help="default %(default)s")
    option("--learning-rate", type=float, metavar="RATE", help="default: the optimizer's own")
    option(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="values",
        help="another option of the problem or the optimizer; may be repeated",
    )
    option("--processes", default="discrete,rod,stable", metavar="NAMES", help="comma-separated; default %(default)s")
    option("--steps", type=int, default=400, metavar="N", help="optimizer steps; default %(default)s")
    option("--start", type=int, metavar="STEP", help="step at which the flows begin; default: the optimizer's own")
    option("--eigenvalues", type=int, default=1, metavar="K", help="measured per step; default %(default)s")
    option("--every", type=int, default=1, metavar="N", help="measure every N-th step; default %(default)s")
    option("--seed", type=int, default=0, metavar="N", help="of the problem and the run; default %(default)s")
    option("--dtype", choices=DTYPES, help="default: the problem's own")
    option("--device", metavar="NAME", help="cpu, cuda, ...; default: the problem's own")
    option("--theme", choices=("light", "dark"), default="light", help="of the picture; default %(default)s")
    option("--out", type=Path, metavar="DIR", help=f"folder of the run; default {PLACE}/, or {PLACE}-2/ and so on")
    option("--overwrite", action="store_true", help="let a run that is in the folder already go away")
    option("--quiet", action="store_true", help="no progress bar and no table")
    command.set_defaults(act=act)


def act(given: argparse.Namespace) -> int:
    """Run what was asked for; a process that diverges is a result, not a failure."""
    from ..session import RunSpec
    from ..session.direct import record
    from ..session.keeping import Destination
    from ..session.recorder import Driver

    problem, optimizer = build(given)
    names = tuple(name.strip() for name in given.processes.split(",") if name.strip())
    spec = RunSpec(
        problem,
        optimizer,
        processes=names,
        steps=given.steps,
        start=given.start,
        eigenvalues=given.eigenvalues,
        every=given.every,
        seed=given.seed,
    )
    driver = Driver(spec.simulation())
    place = Destination(given.out, given.overwrite) if given.out else Destination(Path(PLACE)).free()
    recording = record(driver, progress=not given.quiet and sys.stderr.isatty(), destination=place)
    if not problem.leads:  # of a torchrun job the first process writes
        return ENDED.get(recording.status.state, 0)
    try:
        rows = write(recording, place.path, given.theme)
    except OSError as error:
        raise RunError(f"the run is over, but not all of it could be written: {error}.") from error
    if not given.quiet:
        print(rows)
        print(f"{recording.status.sentence}\nWritten to {place.path}{os.sep}, with {PICTURE} and {TABLE}")
    return ENDED.get(recording.status.state, 0)


def write(recording: Any, folder: Path, theme: Any) -> str:
    """Write the table and the picture; returns the table."""
    from ..figures import picture, table

    rows = table(recording)
    (folder / TABLE).write_text(report(recording, rows), encoding="utf-8")
    (folder / PICTURE).write_bytes(picture(recording, theme=theme))
    return rows


def build(given: argparse.Namespace) -> tuple[Any, Any]:
    """Problem and optimizer of the command line, from the registry of the engine."""
    from ..engine import optimizers, problems  # noqa: F401 - importing them fills the registry
    from ..engine.registry import OPTIMIZERS, PROBLEMS

    make_problem = closest(PROBLEMS, "problem", given.problem)
    make_optimizer = closest(OPTIMIZERS, "optimizer", given.optimizer)
    options = assignments(given.values)
    known = {p.name: p.default for p in make_optimizer.parameters}
    hyperparameters = {name: options.pop(name) for name in list(options) if name in known}
    if given.learning_rate is not None:
        hyperparameters["learning_rate"] = given.learning_rate
    accepted = _accepted(make_problem)
    for name in options:
        if name not in accepted:
            raise unknown("option", name, {*accepted, *known})
    for name in ("seed", "dtype", "device"):
        value = getattr(given, name)
        if name in accepted and value is not None and name not in options:
            options[name] = value
        elif name not in accepted and value is not None and name != "seed":
            raise ArgumentError(f"--{name} {value!r} cannot be used: the problem {given.problem!r} has no {name}.")
    if "dtype" in options:
        options["dtype"] = _torch_dtype(options["dtype"])
    if "seed" in options:
        _check_seed(options["seed"])
    return _made(make_problem, given.problem, options), make_optimizer(known["learning_rate"]).replace(
        **hyperparameters
    )


def report(recording: Any, rows: str) -> str:
    """The table with what was run above it."""
    spec = recording.spec
    values = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in spec["optimizer"]["values"].items())
    return (
        f"# {spec['optimizer']['label'].capitalize()} on {spec['problem']['name']}\n\n"
        f"{values}; {spec['steps']:,} steps; {spec['problem']['dim']:,} parameters; "
        f"{spec['problem']['dtype']} on {spec['problem']['device']}; seed {spec['seed']}.\n\n"
        f"{recording.status.sentence}\n\n![The run as four panels]({PICTURE})\n\n{rows}\n"
        "Relative distance: between the centre of a flow and the midpoint of two iterates at the same time, divided by "
        "the distance that the midpoints have travelled.\n"
    )


def _accepted(function: Callable[..., Any]) -> set[str]:
    return {name for name, p in inspect.signature(function).parameters.items() if p.kind is not p.VAR_KEYWORD}


def _made(make_problem: Callable[..., Any], name: str, options: dict[str, Any]) -> Any:
    """The problem; a value that it trips over, such as a list where it looks up a word, is named in one line."""
    try:
        return make_problem(**options)
    except RodflowError:
        raise
    except (TypeError, ValueError, RuntimeError) as error:
        values = ", ".join(f"{option}={value!r}" for option, value in options.items())
        raise ArgumentError(
            f"the problem {name!r} cannot be made with {values} ({error}): see its options in `rodflow list`."
        ) from error


def _torch_dtype(name: object) -> Any:
    import torch

    if name not in DTYPES:
        raise ArgumentError(f"dtype={name!r} is not usable: give {' or '.join(DTYPES)}.")
    return getattr(torch, str(name))


def _check_seed(seed: object) -> None:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < SEEDS:
        raise ArgumentError(f"seed={seed!r} is not usable: give a whole number from 0 to {SEEDS - 1}.")
