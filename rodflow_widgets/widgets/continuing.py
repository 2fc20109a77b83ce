"""Runs on disk in a live view: to look at, to go on with, to vary."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from .. import session
from ..recording import Recording
from ..sweeps import Sweep
from . import overlay
from .live import Live, check_panels

Viewed = Recording | str | os.PathLike[str]


def view(
    run: Viewed | Sequence[Viewed] | Mapping[str, Viewed] | Sweep,
    *,
    names: Sequence[str] | None = None,
    panels: Sequence[str] | None = None,
) -> Live:
    """What was recorded, in the view that it had while it went; it takes no commands.

    Several runs are drawn over one another, the first in the colours of its processes, each other one in a colour of its
    own; which of them is looked at is chosen on the page.

    Args:
        run: a recording, or the folder of a run; a list of up to eight of these, or a mapping of names to them; a sweep or
            the folder of one, of which eight runs are drawn that are spread evenly.
        names: what several runs are called; None takes the name of the folder, and of a recording what it differs in.
        panels: names of what is shown, in order, as `Live` lists them.

    Raises:
        ArgumentError: no run there, or one that is damaged; too many runs, or names that do not fit.
    """
    check_panels(panels)
    first, *beside = overlay.shown(run, names)
    return Live(first, panels, beside=beside)


def resume(
    path: str | os.PathLike[str],
    problem: Any = None,
    *,
    steps: int | None = None,
    at_step: int | None = None,
    own: Mapping[str, Any] | None = None,
    panels: Sequence[str] | None = None,
    autostart: bool = True,
) -> Live:
    """Go on with the run in the folder `path` in a live view; it is written down there as before.

    In float64 on the CPU it is bit for bit the run that was never stopped.

    Args:
        path: of a run that was saved while it went (`save=`), and that has ended, was stopped, or was killed.
        problem: the one of the file, compared by shape, dtype, data and loss; None makes one of `rf.problems` again.
        steps: how many more; a run that has finished needs some.
        at_step: go on from there instead, in a folder beside; None is the end.
        own: what of one's own the run uses (functions, flows), by the names that the error for a missing one gives.
        panels: names of what is shown, in order, as `Live` lists them.
        autostart: begin at once; else wait for the page's button or `live.run.start()`.

    Raises:
        ArgumentError: no run, no checkpoint, or another problem; the message says in what it differs.
        RunError: a run that has diverged.
    """
    check_panels(panels)
    return _shown(session.resume(path, problem, steps=steps, at_step=at_step, own=own), panels, autostart)


def fork(
    path: str | os.PathLike[str],
    problem: Any = None,
    *,
    at_step: int | None = None,
    save: str | os.PathLike[str] | None = None,
    own: Mapping[str, Any] | None = None,
    panels: Sequence[str] | None = None,
    autostart: bool = True,
    **changes: float,
) -> Live:
    """Start a variant of the run in the folder `path` in a live view.

    Args:
        path: of a run that was saved while it went (`save=`).
        problem: the one of the file, compared by shape, dtype, data and loss; None makes one of `rf.problems` again.
        at_step: step of the run from which the variant goes on; None is the last one.
        save: the folder of the variant; None takes one beside `path`.
        own: what of one's own the run uses (functions, flows), by the names that the error for a missing one gives.
        panels: names of what is shown, in order, as `Live` lists them.
        autostart: begin at once; else wait for the page's button or `live.run.start()`.
        changes: hyperparameters from there on, e.g. learning_rate=0.6.

    Raises:
        ArgumentError, UnknownNameError: no run, no such step, another problem, an unusable hyperparameter.
        RunError: a step at which the iterates were lost.
    """
    check_panels(panels)
    return _shown(session.fork(path, problem, at_step=at_step, save=save, own=own, **changes), panels, autostart)


def _shown(run: session.Run, panels: Sequence[str] | None, autostart: bool) -> Live:
    live = Live(run, panels)
    if autostart:
        run.start()
    return live
