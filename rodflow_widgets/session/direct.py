"""A run in the calling thread."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from typing import Any

from ..recording import Recording
from ..vocabulary import Status
from .checkpoints import Checkpoints, Desk
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
            return drive(driver, bar, keeper)
    finally:
        if keeper is not None:
            keeper.close()


def drive(driver: Driver, bar: Any, desk: Desk | None = None) -> Recording:
    """Drive a simulation to its end, and a progress bar by its steps; copies of it go to `desk`."""
    checkpoints = None if desk is None else Checkpoints(driver.simulation, desk=desk)
    simulation, recording, first = driver.simulation, driver.recording, bar.n
    begun = time.perf_counter()
    recording.status = Status("running", 0, "Running.")
    try:
        while not simulation.finished:
            if driver.advance():
                bar.update(first + driver.step - bar.n)
            if checkpoints is not None:
                checkpoints.take(driver)
        driver.drain()
        bar.update(first + driver.step - bar.n)
        verdict = driver.verdict()
    except KeyboardInterrupt:
        if simulation.problem.group is not None:
            simulation.problem.group.leave("A run was interrupted.")
        with contextlib.suppress(Exception):  # the interrupt may have hit the simulation anywhere
            driver.drain()
        verdict = "stopped", f"Stopped at step {driver.step:,}. The recording up to there is kept."
    except Exception as error:
        with contextlib.suppress(Exception):  # the rows before the failure
            driver.drain()
        sentence = f"Step {driver.simulation.row:,} failed: {type(error).__name__}: {error}"
        driver.close("error", sentence, seconds=time.perf_counter() - begun)
        raise
    driver.close(*verdict, seconds=time.perf_counter() - begun)
    return recording
