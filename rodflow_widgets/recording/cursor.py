"""Reading what is new."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..vocabulary import Event
from .recording import Recording


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows of one table, beginning with row `first_row`."""

    table: str
    first_row: int
    columns: dict[str, np.ndarray]

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0


class Cursor:
    """A place in a recording; every reader has its own."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.position = {table.name: 0 for table in recording.tables}
        self.event = 0

    @property
    def behind(self) -> int:
        """Rows, of all tables together, that were not read yet."""
        return sum(len(table) - self.position[table.name] for table in self.recording.tables)

    def read(self, limit: int | None = None) -> list[Chunk]:
        """Rows added since the last call, of every table that has some: at most `limit` of each."""
        chunks = []
        for table in self.recording.tables:
            start = self.position[table.name]
            stop = len(table) if limit is None else min(len(table), start + limit)
            if stop > start:
                chunks.append(Chunk(table.name, start, table.rows(start, stop)))
                self.position[table.name] = stop
        return chunks

    def read_events(self) -> tuple[Event, ...]:
        """Events added since the last call."""
        events = self.recording.events_from(self.event)
        self.event += len(events)
        return events

    def skip_to_end(self) -> None:
        """Leave out all that is there."""
        self.position = {table.name: len(table) for table in self.recording.tables}
        self.event += len(self.recording.events_from(self.event))
