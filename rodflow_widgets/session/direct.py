"""A run in the calling thread."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any

from ..recording import Recording
from ..vocabulary import Status
from .recorder import Recorder
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
        progress: show a progress bar.
        **unknown: refused, with the nearest name as a hint.

    Returns:
        The recording; its status is finished, diverged, or stopped after an interrupt.

    Raises:
        RodflowError: an argument cannot work; raised before anything runs.
    """
    refuse(unknown, simulate)
    spec = RunSpec(problem, optimizer, processes, steps, start, eigenvalues, every, snapshots, seed)
    return record(Recorder(spec.simulation()), progress=progress)


def record(recorder: Recorder, *, progress: bool = False) -> Recording:
    """Drive a simulation to its end in this thread."""
    from tqdm.auto import tqdm

    simulation, recording = recorder.simulation, recorder.recording
    begun = time.perf_counter()
    recording.status = Status("running", 0, "Running.")
    with tqdm(total=simulation.steps, unit="step", disable=not progress) as bar:
        try:
            while not simulation.finished:
                if recorder.advance():
                    bar.update(recorder.step - bar.n)
            recorder.drain()
            bar.update(recorder.step - bar.n)
            verdict = recorder.verdict()
        except KeyboardInterrupt:
            with contextlib.suppress(Exception):  # the interrupt may have hit the simulation anywhere
                recorder.drain()
            verdict = "stopped", f"Stopped at step {recorder.step:,}. The recording up to there is kept."
    recorder.close(*verdict, seconds=time.perf_counter() - begun)
    return recording
