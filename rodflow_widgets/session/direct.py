"""A run in the calling thread."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ..recording import Recording
from .driving import Alone, drive
from .keeping import Destination
from .recorder import Driver
from .shared import desk
from .spec import PROCESSES, RunSpec, refuse


def simulate(
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
    save: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    **unknown: Any,
) -> Recording:
    """Run optimizer and flows side by side, and return what was measured.

    An interrupt (Ctrl-C, the stop button of a notebook) ends the run early and keeps what was computed.

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
        progress: show a progress bar.
        save: a folder to which everything goes while it is measured, so that `rf.load`, `rf.resume` and `rf.fork` find it
            whatever happens; None keeps the recording in memory alone.
        overwrite: let a run that is in that folder already go away.
        **unknown: refused, with the nearest name as a hint.

    Returns:
        The recording; its status is finished, diverged, or stopped after an interrupt.

    Raises:
        RodflowError: an argument cannot work; raised before anything runs.
    """
    refuse(unknown, simulate)
    spec = RunSpec(problem, optimizer, processes, steps, start, eigenvalues, every, snapshots, seed, schedule)
    destination = Destination.of(save, overwrite)
    return record(Driver(spec.simulation()), progress=progress, destination=destination)


def record(driver: Driver, *, progress: bool = False, destination: Destination | None = None) -> Recording:
    """Drive a simulation to its end in this thread, and write it down on the way."""
    from tqdm.auto import tqdm

    problem = driver.simulation.problem
    keeper = desk(driver.recording, destination, problem)
    try:
        with tqdm(total=driver.simulation.steps, unit="step", disable=not (progress and problem.leads)) as bar:
            drive(Alone(driver, keeper), lambda step: bar.update(step - bar.n))
    finally:
        if keeper is not None:
            keeper.close()
    return driver.recording
