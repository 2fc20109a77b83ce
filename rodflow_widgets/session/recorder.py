"""From a simulation, or one run of an ensemble, into its recording."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from .. import store
from ..recording import Recording, Table
from ..vocabulary import Event, State, Status
from .leading import clock_of, saver

if TYPE_CHECKING:
    from ..engine import Block, Simulation
    from ..recording.recording import Saver
    from .forking import Past

DRAIN_SECONDS = 0.033
DRAIN_ROWS = 32


class Source(Protocol):
    """What is recorded: a simulation, or one run of an ensemble."""

    @property
    def row(self) -> int: ...
    @property
    def statuses(self) -> Mapping[str, Status]: ...
    def describe(self) -> dict[str, Any]: ...
    def drain(self) -> Sequence[Block]: ...


class Recorder:
    """The recording of a run, and what is known of its end.

    Args:
        number: of the run, counting resets.
        recording: an empty one of this run; None makes it.
        saver: what `Recording.save` of the one that is made calls.
        said: what else its `spec` holds.
    """

    def __init__(
        self,
        source: Source,
        number: int = 1,
        recording: Recording | None = None,
        *,
        saver: Saver = store.save,
        **said: Any,
    ) -> None:
        self._source = source
        spec = {**source.describe(), "run": number, **said}
        self.recording = Recording(spec, saver=saver) if recording is None else recording
        self.recording.spec.update(spec)
        self.closed = False

    @property
    def step(self) -> int:
        """Time of the newest measured row; 0 before the first."""
        return max(self._source.row - 1, 0)

    def drain(self) -> None:
        for block in self._source.drain():
            self.recording[block.process].append(block.columns, block.parameters)
        for name, status in self._source.statuses.items():
            self.recording[name].status = status

    @property
    def ended(self) -> bool:
        """Whether all processes have come to their ends."""
        return all(status.ended for status in self._source.statuses.values())

    def open(self) -> None:
        """Say that the run goes, unless it has come to its end."""
        if not (self.closed and self.ended):
            self.closed = False
            self.recording.status = Status("running", self.step, "Running.")

    def close(self, state: State, sentence: str, seconds: float, step: int | None = None) -> Status:
        """Say how the run ended, at the newest step or another one, for it and for all processes that had not ended before."""
        self.closed = True
        status = Status(state, self.step if step is None else step, sentence)
        for table in self.recording.tables:
            if not table.status.ended:
                table.status = status
        self.recording.status = status
        self.recording.seconds = seconds
        return status

    @property
    def fallen(self) -> list[Table]:
        """Tables of the processes that ended before the run did: diverged, or stopped by themselves."""
        return [table for table in self.recording.tables if table.status.state in ("diverged", "stopped")]

    def verdict(self) -> tuple[State, str]:
        """State and sentence of a simulation that has come to its end."""
        kinds = {process["name"]: process["kind"] for process in self.recording.spec["processes"]}
        fallen = self.fallen
        lost = [table for table in fallen if kinds[table.name] == "iterates"]
        if lost or (fallen and len(fallen) == len(self.recording)):
            return "diverged", (lost or fallen)[0].status.sentence
        sentence = f"Finished: {self.step:,} steps."
        return "finished", " ".join([sentence, *(table.status.sentence for table in fallen)])


class Driver(Recorder):
    """Drives a simulation and brings what it measures to the host, in blocks.

    When it drains has no influence on what is recorded.

    Args:
        past: what a fork's recording begins with.
    """

    def __init__(
        self,
        simulation: Simulation,
        number: int = 1,
        clock: Callable[[], float] = time.perf_counter,
        past: Past | None = None,
        recording: Recording | None = None,
        **said: Any,
    ) -> None:
        problem = getattr(simulation, "problem", None)
        parent = None if past is None else past.parent
        super().__init__(simulation, number, recording, saver=saver(problem), parent=parent, **said)
        self.simulation = simulation
        self._clock = clock_of(problem, clock)
        self._drained = -float("inf")
        self.recording.add_events(simulation.events)
        if past is not None:
            past.begin(self.recording)
            self.drain()

    def advance(self) -> bool:
        """One step; says whether it also drained."""
        self.simulation.advance()
        if self.simulation.pending < DRAIN_ROWS and self._clock() - self._drained < DRAIN_SECONDS:
            return False
        self.drain()
        return True

    def drain(self) -> None:
        super().drain()
        self._drained = self._clock()

    def change(self, change: Callable[[Simulation], Sequence[Event]]) -> tuple[Event, ...]:
        """Change something from the first optimizer step that is not computed yet."""
        events = tuple(change(self.simulation))
        self.recording.add_events(events)
        return events
