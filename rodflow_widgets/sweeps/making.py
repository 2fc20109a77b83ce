"""`rf.sweep`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ..vocabulary import Whole
from .crews import crew_of
from .plan import Plan
from .running import Sweep

AT_ONCE = Whole("at_once", "runs at once", 64, 1)


def sweep(
    problem: Any,
    optimizer: Any,
    processes: Sequence[Any] = ("discrete",),
    *,
    steps: int = 1000,
    starts: Any = None,
    seeds: Any = 0,
    start: int | None = None,
    eigenvalues: int = 1,
    every: int = 1,
    snapshots: Sequence[int] = (),
    points: Any = None,
    save: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    at_once: int = 64,
    workers: int = 1,
    client: Any = None,
    executor: Any = None,
    wait: bool = True,
    progress: bool = True,
    **grids: Any,
) -> Sweep:
    """Run one problem with every combination of hyperparameters, starting points and seeds.

    Runs that differ in learning rate, starting point and seed alone are computed as one batch; the others, and those whose
    problem, optimizer or flow cannot be batched, one after the other. `recording.spec["together"]` is the number computed
    together, and `recording.spec["alone"]` says why it is one.

    Args:
        problem: the loss that is minimised.
        optimizer: whose hyperparameters hold where they are not varied.
        processes: names or objects, the same for all runs.
        steps: optimizer steps of every run.
        starts: starting points, a tensor or array [n, p] or a list of vectors [p]; None starts all at `problem.w0`.
        seeds: of everything random, one for all runs or a list.
        start, eigenvalues, every, snapshots: as for `simulate`, the same for all runs.
        points: explicit runs instead of the product, a dictionary each of hyperparameters, "seed" and "start".
        save: a folder to which everything goes while it is computed; `rf.load` reads it and goes on with it.
        overwrite: let a sweep that is in that folder already go away.
        at_once: the most runs in one batch; memory grows with it, and where it would not fit it is less (`sweep.at_once`).
            1 computes all one after the other.
        workers: processes of this machine among which the runs are shared out; 1 computes in this one.
        client: a Dask client (`distributed.Client`) whose workers compute.
        executor: any `concurrent.futures.Executor` that computes.
        wait: return when all has been computed; False returns at once, and it goes on in a thread.
        progress: show a progress bar while waiting, in optimizer steps of all runs.
        **grids: any hyperparameter of the optimizer; a list varies it, a number sets it. Lists, also of starts and seeds,
            make their full product: hyperparameters in the order in which they are named, then starts, then seeds.

    Returns:
        The sweep. An interrupt (Ctrl-C, the stop button of a notebook) stops it and keeps what was computed.

    Raises:
        RodflowError: an argument cannot work, or there is not enough memory; raised before anything runs.
    """
    at_once = AT_ONCE.check(at_once)
    options = {"steps": steps, "start": start, "eigenvalues": eigenvalues, "every": every, "snapshots": snapshots}
    plan = Plan.of(problem, optimizer, processes, options, grids, seeds=seeds, starts=starts, points=points)
    made = Sweep.of(plan, at_once=at_once, crew=crew_of(workers, client, executor))
    if save is not None:
        made.keep(save, overwrite)
    made.resume()
    if wait:
        try:
            made.wait(progress=progress)
        except KeyboardInterrupt:
            made.stop()
    return made
