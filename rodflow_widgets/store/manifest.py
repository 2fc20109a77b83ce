"""`run.json`: what a run is, where it stands, and where its rows are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from ..recording import Recording
from ..vocabulary import Status
from .places import Damaged
from .schema import violation
from .sealed import sealed, unsealed

FORMAT = 2
MARK = "rodflow_widgets run"


@dataclass(frozen=True)
class TableEntry:
    """Of one process: where it stands, rows that are surely on disk, columns of width 1 that are [rows, 1]."""

    status: Status
    rows: int
    matrices: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """The content of `run.json`; `format.schema.json` describes its fields."""

    id: str
    holds: Literal["journal", "zarr"]
    closed: bool
    spec: dict[str, Any]
    status: Status
    seconds: float
    lines: int
    tables: tuple[TableEntry, ...]
    zarr: Mapping[str, Any] | None = None

    @staticmethod
    def of(recording: Recording, id: str, *, rows: list[int], lines: int) -> Manifest:
        """Of a recording as it stands, of which so many rows a table and lines are on disk."""
        tables = tuple(
            TableEntry(table.status, count, tuple(c.name for c in table.described if _is_matrix(table, c)))
            for table, count in zip(recording.tables, rows, strict=True)
        )
        return Manifest(id, "journal", False, recording.spec, recording.status, recording.seconds, lines, tables)

    def data(self) -> bytes:
        """The bytes of the file."""
        found = {"mark": MARK, "format": FORMAT, **{name: getattr(self, name) for name in self.__dataclass_fields__}}
        found |= {"status": asdict(self.status), "tables": [asdict(table) for table in self.tables]}
        if self.zarr is None:
            del found["zarr"]
        return sealed(found)

    def standing(self, status: Status, step: int, *, live: bool) -> Status:
        """`status`, or how it stands where it has not ended and nobody goes on with it; `step` is how far it came."""
        if live or status.ended:
            return status
        if self.closed:
            return Status("stopped", step, f"It was saved at step {step:,}, while it went.")
        return Status("stopped", step, f"Its process ended at about step {step:,}, before the run did.")

    def replaced_by(self, other: Manifest) -> bool:
        """Whether the rows are elsewhere meanwhile, or of another run."""
        return (self.id, self.holds) != (other.id, other.holds)

    def written_as(self, zarr: Mapping[str, Any], rows: tuple[int, ...]) -> Manifest:
        """The same of a run whose rows are in Zarr."""
        tables = tuple(replace(table, rows=count) for table, count in zip(self.tables, rows, strict=True))
        return replace(self, holds="zarr", tables=tables, zarr=zarr)


def manifest(data: bytes) -> Manifest:
    """What a `run.json` says, checked."""
    content = checked(unsealed(data, "run.json"), "run", MARK, "run.json")
    processes = content["spec"]["processes"]
    names = [process["name"] for process in processes]
    if len(set(names)) < len(names) or len(content["tables"]) != len(names):
        raise Damaged("run.json does not describe its processes one by one")
    for process in processes:
        columns = [column["name"] for column in process["columns"]]
        if len(set(columns)) < len(columns) or "time" not in columns:
            raise Damaged(f"run.json names columns of {process['name']!r} twice, or no time")
        if process["columns"][columns.index("time")].get("width", 1) != 1:
            raise Damaged(f"run.json gives several times to a row of {process['name']!r}")
    tables = tuple(
        TableEntry(Status(**table["status"]), table["rows"], tuple(table["matrices"])) for table in content["tables"]
    )
    return Manifest(
        content["id"],
        content["holds"],
        content["closed"],
        content["spec"],
        Status(**content["status"]),
        content["seconds"],
        content["lines"],
        tables,
        content.get("zarr"),
    )


def checked(content: Any, kind: str, mark: str, name: str, newest: int = FORMAT) -> dict[str, Any]:
    """A document that has the mark, a format that we know, up to `newest`, and the fields of the schema."""
    if not isinstance(content, dict) or content.get("mark") != mark:
        raise Damaged(f"{name} is not of a run of rodflow_widgets")
    number = content.get("format")
    if isinstance(number, int) and number > newest:
        raise Damaged(f"{name} has format {number}, newer than {newest}: update rodflow_widgets")
    wrong = violation(content, kind)
    if wrong is not None:
        raise Damaged(f"{name} is not as its schema says: {wrong[:300]}")
    return content


def _is_matrix(table: Any, column: Any) -> bool:
    return column.width == 1 and table.rows(0, 0, [column.name])[column.name].ndim == 2
