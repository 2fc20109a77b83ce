"""Hyperparameters as a function of the step: one truth that iterates and flows read, so that both change at one step."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Any

from ..errors import RunError
from ..vocabulary import Event
from .optimizers.base import Optimizer
from .rates import Rates

MADE = 64
"""How many optimizers are kept of a learning rate that changes every step."""


@dataclass(frozen=True)
class Stretch:
    """What holds until the next change: an optimizer, whose learning rate `rates` has moved since step `since`."""

    optimizer: Optimizer
    rates: Rates | None = None
    since: int = 0

    def rate(self, step: int) -> float:
        first = self.optimizer.learning_rate
        return first if self.rates is None else float(self.rates(step - self.since, first))

    @property
    def course(self) -> tuple[Rates | None, int | None]:
        """How the learning rate moves, and since when."""
        return self.rates, None if self.rates is None else self.since

    def moves(self, step: int) -> bool:
        """Whether the learning rate will still change by itself after `step`."""
        return self.rates is not None and (self.rates.length is None or step < self.since + self.rates.length)


class Schedule:
    """An optimizer that changes: step s, from w_s to w_{s+1}, is made by `at(s)`.

    Between two changes it is one `Stretch`; every change remembers what was before it, so that it can be undone.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self._steps = [0]
        self._stretches = [Stretch(optimizer)]
        self._before: list[Stretch] = []
        self._made: dict[float, tuple[Stretch, Optimizer]] = {}
        self.events: tuple[Event, ...] = ()

    def set(self, step: int, changes: dict[str, Any]) -> list[Event]:
        """Other hyperparameters from `step` on; a learning rate ends a schedule, the others leave it alone."""
        now = self._stretches[-1]
        if now.rates is None:
            return self._change(step, Stretch(now.optimizer.replace(**changes)))
        if "learning_rate" not in changes:
            return self._change(step, replace(now, optimizer=now.optimizer.replace(**changes)))
        ended = f"ends {now.rates.words}" if now.moves(step) else ""
        return self._change(step, Stretch(self.at(step).replace(**changes)), ended)

    def follow(self, step: int, rates: Rates) -> list[Event]:
        """A learning rate that moves by itself from `step` on."""
        return self._change(step, Stretch(self.at(step), rates, step), rates.words)

    def undo(self, step: int) -> list[Event]:
        """From `step` on what was before the last change that has not been undone."""
        if not self._before:
            raise RunError(
                "There is nothing to undo: no hyperparameter was changed, or every change was undone already."
            )
        last = self._before.pop()
        resumed = last.rates is not None and last.course != self._stretches[-1].course and last.moves(step)
        note = f"undone: {last.rates.words} goes on" if resumed and last.rates is not None else "undone"
        return self._enter(step, last, note, "undone")

    def _change(self, step: int, new: Stretch, note: str = "") -> list[Event]:
        now = self._stretches[-1]
        events = self._enter(step, new, note)
        if events:
            self._before.append(now)
        return events

    def _enter(self, step: int, new: Stretch, note: str, others: str = "") -> list[Event]:
        """Make every step from `step` on by `new`; the events that say so, with the notes of the learning rate and of others."""
        before, now = self.at(step).values, self._stretches[-1]
        values = {**new.optimizer.values, "learning_rate": new.rate(step)}
        events = [
            Event(step, name, before[name], value, note if name == "learning_rate" else others)
            for name, value in values.items()
            if before[name] != value or (name == "learning_rate" and new.course != now.course)
        ]
        if events:
            if step == self._steps[-1]:
                self._stretches[-1] = new
            else:
                # In this order: other threads read the values in use, and must find a stretch for every step.
                self._stretches.append(new)
                self._steps.append(step)
            self.events = (*self.events, *events)
        return events

    @property
    def latest(self) -> Optimizer:
        """As it was set last: a schedule moves the learning rate from there."""
        return self._stretches[-1].optimizer

    def at(self, time: float) -> Optimizer:
        """The optimizer of the step that covers `time`, in optimizer steps."""
        index = max(0, bisect_right(self._steps, time) - 1)
        stretch = self._stretches[index]
        if stretch.rates is None:
            return stretch.optimizer
        rate = stretch.rate(max(math.floor(time), stretch.since))
        of, made = self._made.get(rate, (None, stretch.optimizer))
        if of is not stretch:
            if len(self._made) >= MADE:
                self._made.clear()
            made = stretch.optimizer.replace(learning_rate=rate)
            self._made[rate] = stretch, made
        return made

    def between(self, time: float) -> Optimizer:
        """The optimizer at a real step count, linear between the whole steps on both sides.

        A delayed drift integrated by the trapezoidal rule then holds exactly the steps that the iterates made.
        """
        here, there = self.at(math.floor(time)), self.at(math.floor(time) + 1)
        share = time - math.floor(time)
        return here if share == 0 or here == there else here.blend(there, share)

    def fork(self) -> Schedule:
        """The same up to now, and of its own from here on."""
        other = Schedule(self._stretches[0].optimizer)
        other._steps, other._stretches, other._before = [*self._steps], [*self._stretches], [*self._before]
        other.events = self.events
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Schedule:
        return self.fork()
