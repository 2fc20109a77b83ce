"""A live view in one call."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ..session import Run, RunSpec
from ..session.keeping import Destination
from ..session.spec import PROCESSES, refuse
from .live import Live, check_panels


def compare(
    problem: Any,
    optimizer: Any,
    processes: Sequence[Any] = PROCESSES,
    *,
    steps: int = 1000,
    start: int | None = None,
    eigenvalues: int = 1,
    every: int = 1,
    snapshots: Sequence[int] = (),
    seed: int = 0,
    schedule: Any = None,
    progress: bool = True,
    panels: Sequence[str] | None = None,
    autostart: bool = True,
    save: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    **unknown_keywords: Any,
) -> Live:
    """Run optimizer and flows side by side in a live view.

    Args:
        problem: the loss that is minimised.
        optimizer: of `rodflow_widgets.optimizers`.
        processes: names or objects; each is found in the recording under its name.
        steps: optimizer steps; rows are measured at times 0 to steps.
        start: step at which the flows are initialised; None takes the optimizer's default.
        eigenvalues: how many of the largest Hessian eigenvalues are recorded.
        every: steps between two measured rows.
        snapshots: steps at which parameter vectors are kept.
        seed: of everything random.
        schedule: of the learning rate, of `rodflow_widgets.schedules`; None keeps it until it is changed.
        progress: taken so that the arguments of `simulate` fit here too; the view shows the progress anyway.
        panels: names of what is shown, in order, as `Live` lists them; None is loss, sharpness, distance, rod_length.
        autostart: begin at once; else wait for the page's button or `live.run.start()`.
        save: a folder to which everything goes while it is measured, so that `rf.load`, `rf.resume` and `rf.fork` find it
            whatever happens to the kernel; a reset and a fork take one beside it. None keeps the recording in memory alone.
        overwrite: let a run that is in that folder already go away.
        **unknown_keywords: refused, with the nearest name as a hint.

    Returns:
        A widget; `.run` has pause, resume, step, stop, set, undo, schedule, reset, extend, wait, status and recording; `.fork`
        starts another run from a state of it.

    Raises:
        RodflowError: an argument cannot work; raised before anything runs.
    """
    refuse(unknown_keywords, compare)
    check_panels(panels)
    spec = RunSpec(problem, optimizer, processes, steps, start, eigenvalues, every, snapshots, seed, schedule)
    run = Run(spec, Destination.of(save, overwrite))
    live = Live(run, panels)
    if autostart:
        run.start()
    return live
