"""What is changed of a run while it goes: hyperparameters, back and forth, and forks that go on from a step."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, Self

from ..vocabulary import Event, Status
from .changes import Change
from .checkpoints import Checkpoints
from .commands import Command
from .forking import Departure, departure
from .keeping import Destination, Keeper
from .recorder import Driver
from .spec import Plan


class Tuned:
    """The part of a run that changes it; its `_on_…` methods are called by the worker between two steps.

    name: what forks call it in their `spec["parent"]`.
    """

    name: str = ""
    _recorder: Driver
    _checkpoints: Checkpoints
    _keeper: Keeper | None
    _thread: threading.Thread | None

    @abstractmethod
    def __init__(self, plan: Plan, save: Destination | None = None) -> None: ...

    @property
    @abstractmethod
    def status(self) -> Status: ...

    @abstractmethod
    def submit(self, name: str, args: Mapping[str, Any]) -> Future[Any]: ...

    @abstractmethod
    def _queued(self, order: Command) -> Future[Any]: ...

    @abstractmethod
    def _answer(self, name: str, future: Future[Any]) -> Any: ...

    @abstractmethod
    def _refuse_after_end(self, what: str, instead: str) -> None: ...

    @abstractmethod
    def _notify(self) -> None: ...

    @abstractmethod
    def _changed_after_end(self) -> None:
        """Write down what was changed of a run that has finished."""

    def set(self, **values: float) -> tuple[Event, ...]:
        """Change hyperparameters, e.g. set(learning_rate=0.5); returns events that say from which step on.

        Raises:
            ArgumentError, UnknownNameError: at once, the run goes on as before.
            RunError: the run has been stopped, diverged or failed.
        """
        return self._tell("set", values)

    def undo(self) -> tuple[Event, ...]:
        """Undo the last change that has not been undone, from the first step not computed; again, one further back.

        A schedule that is undone ends; one that the change had ended goes on as if it had not.

        Raises:
            RunError: there is nothing to undo, or the run has been stopped, diverged or failed.
        """
        return self._tell("undo", {})

    def schedule(self, schedule: Any) -> tuple[Event, ...]:
        """Let the learning rate follow one of `rodflow_widgets.schedules`, until it is set by hand.

        Raises:
            ArgumentError: no schedule.
            RunError: the run has been stopped, diverged or failed.
        """
        return self._tell("schedule", {"schedule": schedule})

    def fork(self, at: int | None = None, **changes: float) -> Self:
        """A new run that goes on from here, or from a step that has passed; it is not started, and this one goes on.

        Its recording begins with the rows and events of this one up to the step, `spec["parent"]` says which. While nothing
        is changed it is the same run, bit for bit. Going back takes a copy that was kept and computes the steps since then
        once more, in the calling thread.

        Args:
            at: the step; None is the present one, with changes that no step has used yet. Of a step that has passed, changes
                made there are left out.
            changes: hyperparameters, from the first step that is not computed there.

        Raises:
            ArgumentError, UnknownNameError: a step that has not been made, an unusable hyperparameter.
            RunError: a step at which the iterates were lost, or before a fork began; something that cannot be copied.
        """
        self._recorder.simulation.optimizer.replace(**changes)
        if threading.current_thread() is self._thread:
            leaving = self._on_fork(at)
        else:
            leaving = self._answer("fork", self._queued(Command("fork", {"at": at})))
        plan = leaving.plan(changes)
        return type(self)(plan, None if self._keeper is None else self._keeper.beside(f"fork-at-{plan.step}"))

    def refuse_after_failure(self) -> None:
        """Raise RunError where no hyperparameter can be changed: the run has been stopped, diverged or failed."""
        if self.status.state != "finished":
            self._refuse_after_end("changed", "reset() begins again")

    def _tell(self, name: str, args: Mapping[str, Any]) -> tuple[Event, ...]:
        events: tuple[Event, ...] = self._answer(name, self.submit(name, args))
        return events

    def _on_set(self, **values: float) -> tuple[Event, ...]:
        return self._change(Change("set", values))

    def _on_schedule(self, schedule: Any) -> tuple[Event, ...]:
        return self._change(Change("schedule", {"schedule": schedule}))

    def _on_undo(self) -> tuple[Event, ...]:
        return self._change(Change("undo", {}))

    def _change(self, change: Change) -> tuple[Event, ...]:
        self.refuse_after_failure()
        events = self._recorder.change(change)
        self._checkpoints.note(self._recorder.simulation.row, change)
        if self.status.ended:
            self._changed_after_end()
        self._notify()
        return events

    def _on_fork(self, at: int | None) -> Departure:
        failed = self.status.state == "error"
        if not failed:
            self._recorder.drain()
        return departure(self._recorder, self._checkpoints, self.name, at, failed=failed)
