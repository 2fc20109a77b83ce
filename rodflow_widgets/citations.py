"""What to cite for a run: BibTeX of the methods that it used."""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import ArgumentError, unknown
from .recording import Recording

ENTRY = re.compile(r"^@\w+\{([^,]+),.*?^\}$", re.MULTILINE | re.DOTALL)


def cite(run: Any) -> str:
    """Print and return the BibTeX entries of the methods that a run used: problem, optimizer, flows, eigenvalues.

    Args:
        run: a recording, a live run, its view or the form that made it; or names of problems, optimizers and flows as
            `rodflow list` shows them, or functions of rf.curvature ("trace"), one or several.

    Raises:
        ArgumentError: something else, or a form that has not started a run.
        UnknownNameError: a name that is not registered.
    """
    text = "\n\n".join(entries()[key] for key in _keys(run))
    print(text)  # noqa: T201 - asked for
    return text


@functools.cache
def entries() -> Mapping[str, str]:
    """All BibTeX entries by their key."""
    text = importlib.resources.files(__package__).joinpath("sources.bib").read_text(encoding="utf-8")
    return {match[1]: match[0] for match in ENTRY.finditer(text)}


def _keys(run: Any) -> Iterable[str]:
    if isinstance(run, str):
        return _of_names([run])
    if isinstance(run, list | tuple | set) and run and all(isinstance(name, str) for name in run):
        return _of_names(run)
    inner = getattr(run, "run", run)
    recording = getattr(inner, "recording", inner)
    cites = recording.spec.get("cites") if isinstance(recording, Recording) else None
    if cites is None:
        raise ArgumentError(
            f"run={run!r} says nothing about its sources: give a recording, a run that has been started or its view, or "
            "names such as ['Adam', 'rod']."
        )
    return [key for key in cites if key in entries()]


def _of_names(names: Iterable[str]) -> list[str]:
    from .engine import flows, optimizers, problems  # noqa: F401 - importing them fills the registry
    from .engine.curvature import SOURCES
    from .engine.registry import FLOWS, OPTIMIZERS, PROBLEMS

    plain = [name for name in names if name != "discrete"]
    for name in plain:
        if name not in (known := {**PROBLEMS, **OPTIMIZERS, **FLOWS, **SOURCES}):
            raise unknown("name", name, [*known, "discrete"])
    chosen = [OPTIMIZERS[name] for name in plain if name in OPTIMIZERS]
    keys: list[str] = []
    for name in plain:
        if name in FLOWS:
            flow = FLOWS[name]()
            keys += [key for optimizer in chosen or OPTIMIZERS.values() for key in flow.sources(optimizer)]
        elif name in SOURCES:
            keys += SOURCES[name]
        else:
            keys += (PROBLEMS | OPTIMIZERS)[name].cites
    return list(dict.fromkeys(keys))
