"""A small simulation with the surface of the engine's, for what depends on threads and not on numbers."""

import copy
import threading
from dataclasses import dataclass, replace

import numpy as np
import pytest

from rodflow_widgets.errors import ArgumentError, RunError
from rodflow_widgets.vocabulary import Event, Status


@dataclass(frozen=True)
class FakeOptimizer:
    learning_rate: float = 0.5

    @property
    def values(self):
        return {"learning_rate": self.learning_rate}

    def replace(self, **values):
        if values.get("learning_rate", 1) <= 0:
            raise ArgumentError(f"learning_rate={values['learning_rate']!r} is not usable: give a positive number.")
        return replace(self, **values)


@dataclass
class FakeBlock:
    process: str
    columns: dict
    parameters: dict


class FakeSimulation:
    """w ← w − learning_rate · w / 2 from 1; `gate`, when given, lets steps through one release at a time."""

    def __init__(self, steps=50, gate=None, fail_at=None, diverge_at=None):
        self.steps, self.gate, self.fail_at, self.diverge_at = steps, gate, fail_at, diverge_at
        self.optimizer, self.row, self.w, self.waiting = FakeOptimizer(), 0, 1.0, []
        self.changed, self.before = [], []
        self.threads, self.entered = set(), threading.Event()
        self.statuses = {"discrete": Status("ready", 0, "")}

    def describe(self):
        columns = [{"name": n, "unit": "", "meaning": n, "source": "", "width": 1} for n in ("time", "loss")]
        return {
            "problem": {"name": "fake", "dim": 1, "device": "cpu", "dtype": "float64", "loss": "½ w²"},
            "optimizer": {"name": "Fake", "label": "fake", "values": self.optimizer.values, "parameters": []},
            "steps": self.steps,
            "processes": [{"name": "discrete", "kind": "iterates", "label": "iterates", "columns": columns}],
        }

    @property
    def finished(self):
        return self.row > self.steps or self.statuses["discrete"].ended

    @property
    def pending(self):
        return len(self.waiting)

    def extend(self, n):
        self.steps += n
        if self.statuses["discrete"].state == "finished":
            self.statuses["discrete"] = Status("running", self.row - 1, "")

    def advance(self):
        self.threads.add(threading.current_thread().name)
        self.entered.set()
        if self.gate is not None:
            assert self.gate.acquire(timeout=30)
        if self.finished:
            return
        if self.row == self.fail_at:
            raise ZeroDivisionError("the loss fell over")
        self.waiting.append((float(self.row), 0.5 * self.w**2))
        self.w -= self.optimizer.learning_rate * self.w / 2
        self.row += 1

    def drain(self):
        rows, self.waiting = np.array(self.waiting, dtype=float).reshape(-1, 2), []
        state = "finished" if self.row > self.steps else "running"
        if self.diverge_at is not None and self.row > self.diverge_at:
            state = "diverged"
        self.statuses["discrete"] = Status(state, max(self.row - 1, 0), f"The iterates {state}.")
        return [FakeBlock("discrete", {"time": rows[:, 0], "loss": rows[:, 1]}, {})]

    def set(self, **values):
        self.before.append(self.optimizer)
        return self.enter(self.optimizer.replace(**values), "")

    def undo(self):
        if not self.before:
            raise RunError("There is nothing to undo.")
        return self.enter(self.before.pop(), "undone")

    def enter(self, optimizer, note):
        old, self.optimizer = self.optimizer.values, optimizer
        events = [Event(self.row, name, old[name], new, note) for name, new in optimizer.values.items()]
        self.changed += events
        return events

    @property
    def events(self):
        return tuple(self.changed)

    nbytes = 1000

    def fork(self):
        other = copy.copy(self)
        other.waiting, other.changed, other.before = [*self.waiting], [*self.changed], [*self.before]
        other.statuses, other.threads = dict(self.statuses), set()
        return other


class FakePlan:
    past = None

    def __init__(self, **arguments):
        self.arguments, self.made = arguments, []

    def simulation(self):
        self.made.append(FakeSimulation(**self.arguments))
        return self.made[-1]


@pytest.fixture
def plan():
    return FakePlan
