"""Several recorded runs in one view: which they are, and what each is called."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from typing import Any

from .. import store
from ..errors import ArgumentError
from ..recording import Recording
from ..session.saved import Followed, Saved
from ..session.shown import Saving
from ..sweeps import Sweep
from .branches import LONGEST, MOST

WANTED = "give a recording, the folder of a run, a list of these, a mapping of names to them, or a sweep"


def shown(run: Any, names: Sequence[str] | None = None) -> list[Saved]:
    """The runs that a view is to draw, the first one first.

    Args:
        run: a recording, the folder of a run, a list of these, or a mapping of names to them; a sweep or the folder of one.
        names: as many as there are runs; None names a folder by its name, and a recording by what it differs in.

    Raises:
        ArgumentError: nothing usable there, too many runs, or names that do not fit.
    """
    if isinstance(run, str | os.PathLike) and store.holds_sweep(run):
        run = Sweep.load(run)
    if isinstance(run, Sweep):
        found = followed(run, spread(range(len(run))))
        return _renamed(found, names) if names is not None else found
    if isinstance(run, Mapping):
        if names is not None:
            raise ArgumentError(f"names={names!r} come beside a mapping, which names its runs itself: leave one out.")
        names, run = [str(name) for name in run], list(run.values())
    given = [run] if isinstance(run, Recording | str | os.PathLike) else run
    if not isinstance(given, Sequence) or not given:
        raise ArgumentError(f"run={run!r} is not usable: {WANTED}.")
    if len(given) > MOST:
        raise ArgumentError(
            f"{len(given)} runs are too many for one view, whose colours tell {MOST} apart: give fewer."
        )
    opens = [opened(each) for each in given]
    if names is not None:
        return _renamed(opens, names)
    for each, name in zip(opens, _names(given, opens), strict=True):
        each.name = name
    return opens


def followed(sweep: Sweep, runs: Sequence[int]) -> list[Saved]:
    """Runs of a sweep, which go on growing while it runs."""
    made: list[Saved] = [
        Followed(functools.partial(_recording, sweep, run), sweep.points[run].name, sweep.on_change) for run in runs
    ]
    if len(runs) < len(sweep):
        made[0].notes = (f"{len(runs)} of the {len(sweep):,} runs of a sweep are drawn.",)
    return made


def opened(run: Any) -> Saved:
    """A recording, or the folder of a run, as a view shows it."""
    if isinstance(run, Recording):
        return Saved(run)
    if not isinstance(run, str | os.PathLike):
        raise ArgumentError(f"run={run!r} is not usable: {WANTED}.")
    summary = store.look(run)
    return Saved(store.load(run), Saving(os.fspath(run), summary.bytes, f"Opened at step {summary.status.step:,}."))


def spread(items: Sequence[Any], most: int = MOST) -> list[Any]:
    """All items, or `most` of them: the first, the last, and as evenly as may be in between."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def told_apart(recordings: Sequence[Recording]) -> list[str]:
    """For each recording what it differs in from the others, e.g. "learning rate 0.1, seed 2"; "" where it does not."""
    facts = [_facts(recording.spec) for recording in recordings]
    keys = dict.fromkeys(key for fact in facts for key in fact)
    varying = [key for key in keys if len({fact.get(key) for fact in facts}) > 1]
    return [", ".join(fact[key] for key in varying if key in fact) for fact in facts]


def _facts(spec: Mapping[str, Any]) -> dict[str, str]:
    """What may tell a run apart, in words."""
    optimizer = spec["optimizer"]
    labels = {parameter["name"]: parameter["label"] for parameter in optimizer["parameters"]}
    values = {name: f"{labels.get(name, name)} {value:g}" for name, value in optimizer["values"].items()}
    return {"problem": spec["problem"]["name"], "rule": optimizer["label"], **values, "seed": f"seed {spec['seed']}"}


def _names(given: Sequence[Any], found: Sequence[Saved]) -> list[str]:
    if len(found) == 1:
        return [""]
    differences = told_apart([each.recording for each in found])
    return [
        difference if isinstance(each, Recording) else os.path.basename(os.path.normpath(os.fspath(each)))
        for each, difference in zip(given, differences, strict=True)
    ]


def _recording(sweep: Sweep, run: int) -> Recording:
    return sweep.recordings[run]


def _renamed(found: list[Saved], names: Sequence[str]) -> list[Saved]:
    """The same runs under other names."""
    called = [str(name).strip() for name in ([names] if isinstance(names, str) else names)]
    usable = all(0 < len(name) <= LONGEST for name in called) and len(set(called)) == len(called)
    if len(called) != len(found) or not usable:
        raise ArgumentError(
            f"names={names!r} are not usable: give {len(found)}, each other than the rest, of 1 to {LONGEST} letters."
        )
    for each, name in zip(found, called, strict=True):
        each.name = name
    return found
