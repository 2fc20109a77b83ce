"""Many runs of one problem in the calling thread, together where that is possible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError
from ..recording import Recording
from ..vocabulary import Status, Whole
from .driving import Alone, Part, Together, blank, drive
from .recorder import Driver
from .spec import PROCESSES, refuse

if TYPE_CHECKING:
    from ..engine.ensemble import Group
    from ..engine.request import Request

AT_ONCE = Whole("at_once", "runs at once", 64, 1)


def simulate_many(
    problem: Any,
    optimizers: Any,
    processes: Sequence[Any] = PROCESSES,
    *,
    starts: Any = None,
    seeds: Any = 0,
    steps: int = 1000,
    start: int | None = None,
    eigenvalues: int = 1,
    every: int = 1,
    snapshots: Sequence[int] = (),
    at_once: int = 64,
    progress: bool = True,
    **unknown: Any,
) -> list[Recording]:
    """Run one problem with many learning rates, starting points or seeds, as one batch where that is possible.

    Runs that differ in nothing but learning rate, starting point and seed are computed together; the others, and those
    whose problem, optimizer or flow cannot be batched, one after the other. `recording.spec["together"]` is the number
    computed together, and `recording.spec["alone"]` says why it is one.

    Args:
        problem: the loss that is minimised.
        optimizers: one for all runs, or one a run.
        processes: names or objects, the same for all runs.
        starts: starting points, a tensor or array [runs, p] or a list of vectors [p]; None starts all at `problem.w0`.
        seeds: of everything random, one for all runs, or one a run.
        steps, start, eigenvalues, every, snapshots: as for `simulate`, the same for all runs.
        at_once: the most runs in one batch; memory grows with it. 1 computes all one after the other.
        progress: show a progress bar, in steps of one run.
        **unknown: refused, with the nearest name as a hint.

    Returns:
        A recording a run, in order. An interrupt ends early and keeps what was computed; runs that had not begun have no
        rows. `recording.seconds` is the time of the whole batch.

    Raises:
        RodflowError: an argument cannot work, or lists of different lengths; raised before anything runs.
    """
    from tqdm.auto import tqdm

    from ..engine.ensemble import groups
    from ..engine.request import Request

    refuse(unknown, simulate_many)
    at_once = AT_ONCE.check(at_once)
    problems, rules, numbers = _runs(problem, optimizers, starts, seeds)
    options: dict[str, Any] = {
        "steps": steps,
        "start": start,
        "eigenvalues": eigenvalues,
        "every": every,
        "snapshots": snapshots,
    }
    requests = [
        Request.of(p, o, processes, seed=seed, **options) for p, o, seed in zip(problems, rules, numbers, strict=True)
    ]
    found = groups(requests, at_once)
    turns = sum(len(group.runs) if group.alone else 1 for group in found)
    made: dict[int, Recording] = {}
    done = 0
    with tqdm(total=turns * requests[0].steps, unit="step", disable=not (progress and problem.leads)) as bar:
        for runs, part in _parts(requests, found):
            made |= zip(runs, (recorder.recording for recorder in part.recorders), strict=True)
            drive(part, partial(_show, bar, done))
            if any(recorder.recording.status.state == "stopped" for recorder in part.recorders):
                break
            done += requests[0].steps
            bar.update(done - bar.n)
    return [made[i] if i in made else _not_begun(request) for i, request in enumerate(requests)]


def _parts(requests: Sequence[Request], found: Sequence[Group]) -> Iterator[tuple[tuple[int, ...], Part]]:
    """What is driven one after the other, with the numbers of its runs; each is made when it is asked for."""
    from ..engine.simulation import Simulation

    for group in found:
        if group.alone is None:
            yield group.runs, Together([requests[i] for i in group.runs])
            continue
        for i in group.runs:
            yield (i,), Alone(Driver(Simulation.of(requests[i]), together=1, alone=group.alone))


def _runs(problem: Any, optimizers: Any, starts: Any, seeds: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """Problem, optimizer and seed of every run; what is given once is for all."""
    from ..engine.problem import check_problem

    check_problem(problem)
    lists = {
        "optimizers": _listed("optimizers", optimizers),
        "starts": None if starts is None else _listed("starts", starts),
        "seeds": _listed("seeds", seeds),
    }
    lengths = {name: len(given) for name, given in lists.items() if given is not None}
    many = {length for length in lengths.values() if length > 1}
    if len(many) > 1:
        said = ", ".join(f"{length} {name}" for name, length in lengths.items())
        raise ArgumentError(f"{said}: give one for all runs, or one a run.")
    runs = max(many, default=1)
    optimizers, starts, seeds = (None if g is None else g * runs if len(g) == 1 else g for g in lists.values())
    problems = [problem] * runs if starts is None else [problem.starting_at(w) for w in starts]
    return problems, optimizers, seeds


def _listed(name: str, given: Any) -> list[Any]:
    """What is given for every run as a list; a single one is a list of one."""
    if name == "starts":
        given = [given] if getattr(given, "ndim", 2) == 1 else given
        if not hasattr(given, "__len__") or isinstance(given, str):
            raise ArgumentError(f"starts={given!r} is not usable: give vectors [p], or a tensor [runs, p].")
    elif isinstance(given, str) or not isinstance(given, Sequence | np.ndarray):
        return [given]
    found = given.tolist() if name == "seeds" and isinstance(given, np.ndarray) else list(given)
    if not found:
        raise ArgumentError(f"{name} are empty: give at least one.")
    return found


def _show(bar: Any, before: int, step: int) -> None:
    bar.update(before + step - bar.n)


def _not_begun(request: Request) -> Recording:
    recording = blank(request)
    recording.status = Status("stopped", 0, "Stopped before it began.")
    for table in recording.tables:
        table.status = recording.status
    return recording
