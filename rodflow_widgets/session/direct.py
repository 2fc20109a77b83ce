"""A run in the calling thread."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any

from ..recording import Recording
from ..vocabulary import Status
from .recorder import Driver
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
        **unknown: refused, with the nearest name as a hint.

    Returns:
        The recording; its status is finished, diverged, or stopped after an interrupt.

    Raises:
        RodflowError: an argument cannot work; raised before anything runs.
    """
    refuse(unknown, simulate)
    spec = RunSpec(problem, optimizer, processes, steps, start, eigenvalues, every, snapshots, seed, schedule)
    return record(Driver(spec.simulation()), progress=progress)


def record(driver: Driver, *, progress: bool = False) -> Recording:
    """Drive a simulation to its end in this thread."""
    from tqdm.auto import tqdm

    with tqdm(total=driver.simulation.steps, unit="step", disable=not progress) as bar:
        return drive(driver, bar)


def drive(driver: Driver, bar: Any) -> Recording:
    """Drive a simulation to its end, and a progress bar by its steps."""
    simulation, recording, first = driver.simulation, driver.recording, bar.n
    begun = time.perf_counter()
    recording.status = Status("running", 0, "Running.")
    try:
        while not simulation.finished:
            if driver.advance():
                bar.update(first + driver.step - bar.n)
        driver.drain()
        bar.update(first + driver.step - bar.n)
        verdict = driver.verdict()
    except KeyboardInterrupt:
        with contextlib.suppress(Exception):  # the interrupt may have hit the simulation anywhere
            driver.drain()
        verdict = "stopped", f"Stopped at step {driver.step:,}. The recording up to there is kept."
    driver.close(*verdict, seconds=time.perf_counter() - begun)
    return recording
