"""The rows of one process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import ArgumentError, unknown
from ..vocabulary import Column, Status


class Table:
    """Float64 columns that grow at the end: one thread writes, any number of threads read.

    Reading never locks: the writer fills rows first and counts them afterwards, and storage that was outgrown stays as
    it was for those who still read from it.

    Args:
        name: of the process.
        columns: what a row holds.
    """

    def __init__(self, name: str, columns: Sequence[Column]) -> None:
        self.name = name
        self.status = Status("ready", 0, "Nothing has run yet.")
        self._columns = {column.name: column for column in columns}
        widths = [column.width for column in columns]
        ends = np.cumsum(widths, dtype=int).tolist()
        self._place = {
            column.name: slice(end - width, end) for column, end, width in zip(columns, ends, widths, strict=True)
        }
        self._flat = {column.name for column in columns if column.width == 1}
        self._data = np.empty((sum(widths), 0))
        self._rows = 0
        self._parameters: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __getitem__(self, name: str) -> np.ndarray:
        """All rows so far of a column: [rows], or [rows, k] of several numbers a row; a read-only view."""
        return self.rows(0, self._rows, [name])[name]

    @property
    def columns(self) -> dict[str, str]:
        """Name -> unit and meaning."""
        return {name: f"[{c.unit}] {c.meaning}" if c.unit else c.meaning for name, c in self._columns.items()}

    @property
    def described(self) -> tuple[Column, ...]:
        return tuple(self._columns.values())

    @property
    def parameters(self) -> Mapping[int, np.ndarray]:
        """Step -> parameter vector [p], at the steps that `snapshots` asked for."""
        return MappingProxyType(self._parameters)

    @property
    def nbytes(self) -> int:
        """Bytes that the rows and parameter vectors take."""
        return self._data.shape[0] * self._rows * 8 + sum(vector.nbytes for vector in self._parameters.values())

    def rows(self, start: int, stop: int, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Rows `start` to `stop` of some columns (all by default), as read-only views."""
        stop = min(stop, self._rows)
        data = self._data  # taken after the count: it holds at least that many rows
        found = {}
        for name in self._columns if names is None else names:
            if name not in self._columns:
                raise unknown(f"column of {self.name!r}", name, self._columns)
            view = data[self._place[name], start:stop].T
            view = view[:, 0] if name in self._flat else view
            view.flags.writeable = False
            found[name] = view
        return found

    def append(self, columns: Mapping[str, Any], parameters: Mapping[int, Any] | None = None) -> int:
        """Add rows, and parameter vectors by step. Only the writer calls this.

        Args:
            columns: every column of the table, [n] or [n, width].

        Returns:
            The number of rows added.
        """
        if set(columns) != set(self._columns):
            raise ArgumentError(
                f"columns={sorted(columns)} do not fit table {self.name!r}: give all of {sorted(self._columns)}."
            )
        arrays = {name: np.asarray(values, dtype=np.float64) for name, values in columns.items()}
        count = len(next(iter(arrays.values()))) if arrays else 0
        self._reserve(self._rows + count)
        for name, array in arrays.items():
            width = self._columns[name].width
            if array.shape not in ((count, width), (count,))[: 2 if width == 1 else 1]:
                raise ArgumentError(
                    f"column {name!r} of {self.name!r} has shape {array.shape}: give [{count}, {width}] numbers."
                )
            if array.ndim == 2:
                self._flat.discard(name)
            self._data[self._place[name], self._rows : self._rows + count] = array.reshape(count, width).T
        self.keep(parameters or {})
        self._rows += count
        return count

    def keep(self, parameters: Mapping[int, Any]) -> None:
        """Add parameter vectors by step. Only the writer calls this."""
        for step, vector in parameters.items():
            self._parameters[int(step)] = _frozen(vector)

    def _reserve(self, rows: int) -> None:
        capacity = self._data.shape[1]
        if rows > capacity:
            grown = np.empty((self._data.shape[0], max(rows, 2 * capacity)))
            grown[:, : self._rows] = self._data[:, : self._rows]
            self._data = grown

    def __repr__(self) -> str:
        return f"<Table {self.name!r}: {self._rows:,} rows of {', '.join(self._columns)}; {self.status}>"


def _frozen(vector: Any) -> np.ndarray:
    array = np.array(vector)
    array.flags.writeable = False
    return array
