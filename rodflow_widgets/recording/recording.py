"""The single truth about a run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..errors import RunError, unknown
from ..vocabulary import Column, Event, Status
from .aligned import RECORDED, align
from .table import Table

if TYPE_CHECKING:
    import pandas
    import xarray


class Saver(Protocol):
    """What `Recording.save` calls."""

    def __call__(self, recording: Recording, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path: ...


class Recording:
    """What a run has measured so far: a table a process, events, statuses. One thread writes, any may read.

    `rec["rod"]["loss"]` is a numpy array, `rec["rod"].columns` says what there is, `rec.status` where the run stands.
    Tables of one run begin at different times: align them by their `time` column, never by index.

    Args:
        spec: what is run, as plain JSON data; its `processes` name the tables and their columns.
        saver: what `save` calls.
    """

    def __init__(self, spec: Mapping[str, Any], *, saver: Saver | None = None) -> None:
        self.spec: dict[str, Any] = dict(spec)
        self.status = Status("ready", 0, "Nothing has run yet.")
        self.seconds = 0.0
        self._saver = saver
        self._events: list[Event] = []
        self._tables = {
            process["name"]: Table(process["name"], [Column(**column) for column in process["columns"]])
            for process in spec["processes"]
        }

    def __getitem__(self, name: str) -> Table:
        if name not in self._tables:
            raise unknown("process", name, self._tables)
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __contains__(self, name: object) -> bool:
        return name in self._tables

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(self._tables.values())

    @property
    def events(self) -> tuple[Event, ...]:
        """Hyperparameters that changed, in the order of their steps."""
        return tuple(self._events)

    def events_from(self, start: int) -> tuple[Event, ...]:
        """Events from the `start`-th on."""
        return tuple(self._events[start:])

    @property
    def nbytes(self) -> int:
        return sum(table.nbytes for table in self.tables)

    def add_events(self, events: Iterable[Event]) -> None:
        """Only the writer calls this."""
        self._events.extend(events)

    def save(self, path: str | os.PathLike[str], overwrite: bool = False) -> Path:
        """Write everything into a folder, which `rodflow_widgets.load` and `xarray.open_zarr` read; returns its path.

        Args:
            path: of the folder, which is made.
            overwrite: replace the run that is there.

        Raises:
            ArgumentError: something else is there, or a run that may not be replaced, or that still goes.
        """
        if self._saver is None:
            raise RunError("This recording has no store: call rodflow_widgets.store.save(recording, path).")
        return self._saver(self, path, overwrite=overwrite)

    def to_pandas(self, process: str) -> pandas.DataFrame:
        """One process as a DataFrame indexed by time; a column of k numbers becomes k columns, name_0 and so on."""
        pandas = _optional("pandas", "to_pandas")
        table = self[process]
        flat = {}
        for name, values in table.rows(0, len(table)).items():
            if values.ndim == 1:
                flat[name] = values
            else:
                flat |= {f"{name}_{i}": values[:, i] for i in range(values.shape[1])}
        time = flat.pop("time")
        return pandas.DataFrame(flat, index=pandas.Index(time, name="time"))

    def to_xarray(self) -> xarray.Dataset:
        """All processes on one time axis as variables [process, time], with units and meanings as attributes.

        A process that has no such column, or did not measure at that time, has NaN there; `recorded` [process, time] says
        where a process has a row. A column whose name cannot be one of a variable is called variable_0 and so on, and
        has its name in the attribute `column`.

        Raises:
            RunError: the time of a process does not increase from row to row, so that there is no such axis.
        """
        xarray = _optional("xarray", "to_xarray")
        aligned = align(self)
        data: dict[str, Any] = {
            RECORDED: (("process", "time"), np.stack([aligned.recorded(i) for i in range(len(self))]))
        }
        for variable in aligned.variables:
            data[variable.name] = (variable.dims, aligned.whole(variable), variable.attributes)
        coordinates = {
            "process": np.array(aligned.processes),
            "time": ("time", aligned.time, aligned.time_attributes),
        }
        return xarray.Dataset(data, coordinates, aligned.attributes)

    def __repr__(self) -> str:
        name, optimizer = self.spec["problem"]["name"], self.spec["optimizer"]["label"]
        lines = [f"<Recording of {optimizer} on {name}: {self.status}"]
        lines += [f"  {table.name}: {len(table):,} rows; {table.status}" for table in self.tables]
        return "\n".join(lines) + ">"


def _optional(module: str, method: str) -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"{method} needs {module}, which is not installed: pip install {module}") from error
