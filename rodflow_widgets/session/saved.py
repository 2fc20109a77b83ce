"""A recording that somebody else writes, or nobody any more, as a view shows it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..recording import Recording
from .listeners import Listener
from .shown import Failure, Saving, Shown


class Saved(Shown):
    """What was recorded of a run, which takes no commands.

    Args:
        recording: of any run.
        saving: where it is on disk, if it is.
        name: under which a view draws it beside others.
        changes: is given a function to call whenever rows or statuses are new, and returns one that ends this; None where
            nothing is added any more.
    """

    def __init__(
        self,
        recording: Recording,
        saving: Saving | None = None,
        *,
        name: str = "",
        changes: Callable[[Listener], Callable[[], None]] | None = None,
    ) -> None:
        self._recording = recording
        self._saving = saving
        self._changes = changes
        self.name = name

    @property
    def recording(self) -> Recording:
        return self._recording

    @property
    def saving(self) -> Saving | None:
        """Where it is on disk, if it is."""
        return self._saving

    @property
    def number(self) -> int:
        return int(self.recording.spec.get("run", 1))

    @property
    def steps(self) -> int | None:
        steps = self.recording.spec["steps"]
        return None if steps is None else int(steps)

    @property
    def values(self) -> dict[str, float]:
        """The hyperparameters at its end."""
        values = dict(self.recording.spec["optimizer"]["values"])
        for event in self.recording.events:
            values[event.name] = event.new
        for table in self.recording.tables:
            if "learning_rate" in table and len(table):
                values["learning_rate"] = float(table["learning_rate"][-1])
        return values

    @property
    def edge_factor(self) -> float:
        """Edge threshold × learning rate at the last row that says it; NaN where none does."""
        for table in self.recording.tables:
            if "edge_threshold" in table and len(table):
                last = float(table["edge_threshold"][-1])
                if np.isfinite(last):
                    return last * self.values["learning_rate"]
        return math.nan

    @property
    def speed(self) -> float | None:
        return None

    @property
    def seconds(self) -> float:
        """Seconds that it ran."""
        return self.recording.seconds

    @property
    def failure(self) -> Failure | None:
        return None

    def on_change(self, listener: Listener, *, before_return: bool = False) -> Callable[[], None]:
        """Call `listener` when something is new; there is no `wait` here that one could be called before."""
        if self._changes is None or before_return:
            return lambda: None
        return self._changes(listener)

    def __repr__(self) -> str:
        return f"<Saved: {self.status}>"


class Followed(Saved):
    """A run that somebody else computes, and whose recording may be another one from some time on.

    Args:
        source: tells the present recording.
        name: under which a view draws it beside others.
        changes: as for `Saved`.
    """

    def __init__(
        self, source: Callable[[], Recording], name: str, changes: Callable[[Listener], Callable[[], None]]
    ) -> None:
        super().__init__(source(), name=name, changes=changes)
        self._source = source
        self._number = 1

    @property
    def recording(self) -> Recording:
        found = self._source()
        if found is not self._recording:
            self._recording = found
            self._number += 1
        return found

    @property
    def number(self) -> int:
        """1, and one more whenever it began again."""
        _ = self.recording
        return self._number
