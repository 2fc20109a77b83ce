"""Runs on disk that go on: the same run, or a fork from any of its steps."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import store
from ..errors import ArgumentError, RunError
from ..recording import Recording, Table
from ..vocabulary import Whole
from .changes import Change
from .checkpoints import Replay
from .forking import Departure, Past, refuse_lost
from .keeping import START, Destination, Written
from .runner import Run

if TYPE_CHECKING:
    from ..engine import Problem, Simulation


def resume(
    path: str | os.PathLike[str],
    problem: Problem | None = None,
    *,
    steps: int | None = None,
    at_step: int | None = None,
    own: Mapping[str, Any] | None = None,
) -> Run:
    """The run in the folder `path`, ready to go on where it was, and written down there.

    In float64 on the CPU it is bit for bit the run that was never stopped: the last checkpoint is taken up, and what was
    measured since is computed once more.

    Args:
        path: of a run that was saved while it went; ended by itself, stopped, or killed.
        problem: the one of the file; None makes one of `rf.problems` again.
        steps: how many more; a run that has finished needs some.
        at_step: go on from there instead, in a folder beside; None is the end.
        own: what of one's own the run uses, by the names that the error for a missing one gives.

    Raises:
        ArgumentError: no run, no checkpoint, or a problem that differs; the message says in what.
        RunError: a run that has diverged, or that still goes.
    """
    if steps is not None:
        steps = Whole("steps", "steps", 1, 1).check(steps)
    if at_step is not None:
        run = fork(path, problem, at_step=at_step, own=own)
    else:
        there = Stored(path, problem, own)
        there.refuse_ended(steps)
        past = replace(Past.of(there.recording, None, there.last), step=max(there.last, there.recording.status.step, 0))
        plan = Departure(there.replay(there.last, past=False), past, there.steps).plan({})
        run = Run(plan, Destination(there.path, past=there.written(plan.origin.row)))
    if steps is not None:
        run.extend(steps)
    return run


def fork(
    path: str | os.PathLike[str],
    problem: Problem | None = None,
    *,
    at_step: int | None = None,
    save: str | os.PathLike[str] | None = None,
    own: Mapping[str, Any] | None = None,
    **changes: float,
) -> Run:
    """A variant of the run in the folder `path`, ready to go on from any of its steps.

    Args:
        path: of a run that was saved while it went.
        problem: the one of the file; None makes one of `rf.problems` again.
        at_step: the step; None is the last one.
        save: the folder of the variant; None takes one beside `path`.
        own: what of one's own the run uses, by the names that the error for a missing one gives.
        changes: hyperparameters from there on, e.g. learning_rate=0.6.

    Raises:
        ArgumentError, UnknownNameError: no run, no such step, a problem that differs, an unusable hyperparameter.
        RunError: a step at which the iterates were lost.
    """
    there = Stored(path, problem, own)
    step = there.last if at_step is None else Whole("at_step", "step", 0, 0).check(at_step)
    if step > there.last:
        raise ArgumentError(f"at_step={at_step!r} is not usable: the run is at step {there.last:,}, give that or less.")
    refuse_lost(there.recording, step, "at_step")
    past = Past.of(there.recording, there.path.name, step)
    plan = Departure(there.replay(step, past=at_step is not None), past, there.steps).plan(changes)
    beside = Destination(there.path).beside(f"fork-at-{step}")
    return Run(plan, beside if save is None else Destination.of(save))


class Stored:
    """A run on disk beside the problem that it was of.

    last: the step up to which all of its processes were measured.
    """

    def __init__(self, path: str | os.PathLike[str], problem: Problem | None, own: Mapping[str, Any] | None) -> None:
        self.path = Path(path).expanduser().absolute()
        self._token = store.token(self.path)
        self.recording = store.load(self.path)
        self.changes = store.changes(self.path)
        self.last = last_common(self.recording)
        self._problem, self._own = self._known(problem), dict(own or {})

    def _known(self, problem: Problem | None) -> Problem:
        from ..engine.problem import check_problem
        from ..engine.problems import again

        if problem is not None:
            return check_problem(problem)
        recipe = self.recording.spec["problem"].get("recipe")
        if recipe is None:
            name = self.recording.spec["problem"]["name"]
            raise ArgumentError(
                f"problem=None is not usable: the run was of {name!r}, one of your own: give it again (rf.resume(path, problem))."
            )
        return again(recipe)

    def written(self, row: int) -> Written:
        """What the folder holds of the run, which goes on at `row`."""
        changes = tuple((change.row, Change.of(change.command, change.args)) for change in self.changes)
        return Written(self._token, row, changes)

    @property
    def steps(self) -> int:
        """That it was to have in all."""
        return int(self.recording.spec["steps"])

    def refuse_ended(self, more: int | None) -> None:
        """Raise where the run cannot go on at its end."""
        if store.look(self.path).live:
            raise RunError(
                f"The run in {str(self.path)!r} still goes, in this kernel or in another process: stop it there "
                "(live.run.stop(), or close its view), or fork it."
            )
        self._checkpoints()
        status = self.recording.status
        refuse_lost(self.recording, max(self.last, status.step), "at_step")
        if status.state == "finished" and more is None:
            raise ArgumentError(
                f"steps=None is not usable: the run has finished all of its {self.steps:,} steps: say how many more."
            )

    def replay(self, step: int, *, past: bool) -> Replay:
        """The way to how it was at `step`; changes that were made there are left out of a step that is `past`."""
        row = step + 1
        infos = self._checkpoints()
        if infos[0].row > row:
            raise ArgumentError(f"at_step={step} is before the first checkpoint, of step {max(infos[0].row - 1, 0):,}.")
        at = max((info for info in infos if info.row <= row), key=lambda info: info.row)
        simulation = self._restored(at.row)
        later = [change for change in self.changes[at.applied :] if not past or change.row < row]
        changes = tuple((change.row, Change.of(change.command, change.args)) for change in later)
        return Replay(simulation, row, changes, on=0 if past or self.last < 0 else self.recording.status.step + 1)

    def _checkpoints(self) -> list[store.CheckpointInfo]:
        """Those that there are, the first at first; ArgumentError where there is none."""
        infos = sorted(store.checkpoints(self.path), key=lambda info: info.row)
        if not infos:
            raise ArgumentError(
                f"path={str(self.path)!r} holds no checkpoint: neither recordings that were saved afterwards nor training "
                "loops can go on; a run that was killed in its first moments is made again with overwrite=True."
            )
        return infos

    def _restored(self, row: int) -> Simulation:
        from ..engine import Checkpoint, differences, restored

        state, arrays = store.read_checkpoint(self.path, row)
        start = arrays.pop(START, None)
        if start is None or not {"simulation", "problem"} <= set(state):
            raise ArgumentError(f"path={str(self.path)!r}: checkpoint {row} is damaged: fork at another step.")
        problem = self._problem
        differing = differences(state["problem"], problem)
        if differing and start.shape == (problem.dim,):
            # The same loss from another start is the same problem: where this run began is in the checkpoint.
            moved = problem.starting_at(start)
            if not differences(state["problem"], moved):
                problem, differing = moved, []
        if differing:
            raise ArgumentError(f"problem is not the one of {str(self.path)!r}: " + " ".join(differing))
        return restored(Checkpoint(state["simulation"], arrays), problem, self._own)


def last_common(recording: Recording) -> int:
    """The last step that all processes have which had begun by then and did not come to an end of their own; -1 for none."""
    starts = {process["name"]: int(process.get("start", 0)) for process in recording.spec["processes"]}
    going = [table for table in recording.tables if not _ended_alone(table, recording)] or list(recording.tables)
    last = max((float(table["time"][-1]) for table in going if len(table)), default=-1.0)
    for table in going:
        if len(table):
            last = min(last, float(table["time"][-1]))
        elif starts[table.name] <= last:
            last = starts[table.name] - 1.0
        # Parameter vectors get to disk after their rows.
        kept = [step for step in recording.spec.get("snapshots", ()) if starts[table.name] <= step <= last]
        last = min([last, *(step - 1.0 for step in kept if step not in table.parameters)])
    return int(last)


def _ended_alone(table: Table, recording: Recording) -> bool:
    return table.status.state in ("diverged", "stopped") and table.status != recording.status
