"""Rows as Zarr v3, which xarray opens: the format is small enough to write and to check byte by byte.

Every array is cut into chunks of one process and many times, raw little-endian numbers followed by their CRC-32C. Chunks
of nothing but NaN are left out. What is read is only what `run.json` promises: files of exactly the size that follows from
the shape, whose checksum is the one written there. `zarr.json` is for other readers and is never read here.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..recording.aligned import RECORDED, Aligned
from ..vocabulary import Column
from .aside import settle
from .places import Damaged, contents, opened, size

CHUNK_TIMES = 1 << 20
METADATA = "zarr.json"
AXES = ("process", "time", RECORDED)
"""Arrays that every run has."""
GROUP = {"zarr_format": 3, "node_type": "group"}


def write(folder: Path, aligned: Aligned) -> dict[str, Any]:
    """Write all arrays into `folder`; returns what `run.json` says of them."""
    writer = _Writer(folder, aligned)
    processes = range(len(aligned.processes))
    times = [len(aligned.time)]
    strings = [{"name": "vlen-utf8", "configuration": {}}]
    writer.array("process", [len(processes)], [max(1, len(processes))], ["process"], "string", "", {}, strings)
    writer.chunk("process", (0,), _strings(aligned.processes))
    writer.array("time", times, [writer.size], ["time"], "float64", "NaN", aligned.time_attributes)
    time = [writer.chunk("time", (n,), part.tobytes()) for n, part in writer.parts(aligned.time)]
    shape, chunk = [len(processes), *times], [1, writer.size]
    writer.array(RECORDED, shape, chunk, ["process", "time"], "bool", False, {})
    recorded = [writer.process(RECORDED, i, aligned.recorded(i), aligned.recorded(i)) for i in processes]
    variables = {}
    for variable in aligned.variables:
        last = [] if variable.width is None else [variable.width]
        dims = list(variable.dims)
        writer.array(variable.name, shape + last, chunk + last, dims, "float64", "NaN", variable.attributes)
        chunks = [writer.process(variable.name, i, aligned.spread(variable, i), aligned.recorded(i)) for i in processes]
        variables[variable.name] = {"column": variable.column.name, "width": variable.width, "chunks": chunks}
    writer.close(aligned.attributes)
    said = {"times": times[0], "chunk": writer.size, "time": time, "recorded": recorded}
    return {**said, "variables": variables}


class _Writer:
    def __init__(self, folder: Path, aligned: Aligned) -> None:
        self.folder = folder
        self.metadata: dict[str, Any] = {}
        self.written: list[Path] = []
        times = len(aligned.time)
        self.size = max(1, -(-times // max(1, -(-times // CHUNK_TIMES))))

    def array(
        self,
        name: str,
        shape: Sequence[int],
        chunk: Sequence[int],
        dims: Sequence[str],
        kind: str,
        fill: Any,
        attributes: Mapping[str, str],
        codecs: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        little = {"configuration": {"endian": "little"}} if kind == "float64" else {}
        self.metadata[name] = {
            "zarr_format": 3,
            "node_type": "array",
            "shape": list(shape),
            "data_type": kind,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunk)}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": fill,
            "codecs": [*(codecs or [{"name": "bytes", **little}]), {"name": "crc32c"}],
            "attributes": dict(attributes),
            "dimension_names": list(dims),
            "storage_transformers": [],
        }

    def parts(self, values: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Chunks along the times, the last one filled up."""
        for n, start in enumerate(range(0, len(values), self.size)):
            part = values[start : start + self.size]
            if len(part) < self.size:
                rest = np.full((self.size - len(part), *part.shape[1:]), 0 if part.dtype == bool else np.nan)
                part = np.concatenate([part, rest.astype(part.dtype)])
            yield n, part

    def process(self, name: str, process: int, values: np.ndarray | None, there: np.ndarray) -> list[int | None]:
        """All chunks of a process; the ones without a row are left out."""
        if values is None:
            return [None] * -(-len(there) // self.size)
        last = (0,) * (values.ndim - 1)
        return [
            self.chunk(name, (process, n, *last), part.tobytes()) if there[n * self.size :][: self.size].any() else None
            for n, part in self.parts(values)
        ]

    def chunk(self, name: str, key: tuple[int, ...], data: bytes) -> int:
        """Write one, and return its checksum."""
        import google_crc32c

        path = self.folder.joinpath(name, "c", *map(str, key))
        crc = google_crc32c.value(data)
        self.put(path, data, struct.pack("<I", crc))
        return int(crc)

    def put(self, path: Path, *parts: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            file.writelines(parts)
        self.written.append(path)

    def close(self, attributes: Mapping[str, Any]) -> None:
        """Write what describes the arrays, and have everything on the disk: all at once takes a fraction of one by one."""
        for name, said in self.metadata.items():
            self.put(self.folder / name / METADATA, _json(said))
        consolidated = {"kind": "inline", "must_understand": False, "metadata": self.metadata}
        group = {**GROUP, "attributes": dict(attributes), "consolidated_metadata": consolidated}
        self.put(self.folder / METADATA, _json(group))
        for path in self.written:
            with open(path, "rb") as file:
                os.fsync(file.fileno())
        for folder in {path.parent for path in self.written}:
            settle(folder)


def check_processes(folder: Path, processes: Sequence[str]) -> None:
    """The names of the processes in Zarr are those of `run.json`."""
    expected = _strings(processes)
    if contents(folder, "process", "c", "0", limit=len(expected) + 4)[:-4] != expected:
        raise Damaged("process/c/0 holds other names of processes than run.json")


def read_time(folder: Path, zarr: Mapping[str, Any]) -> np.ndarray:
    """[times]: the common axis."""
    return _Reader(folder, zarr).array("time", (), [*zarr["time"]], None, "<f8")


def read_rows(
    folder: Path, zarr: Mapping[str, Any], process: int, columns: Sequence[Column], matrices: Sequence[str]
) -> dict[str, np.ndarray]:
    """The rows of a process, without its time; `RECORDED` says of which times [times] they are."""
    reader = _Reader(folder, zarr)
    there = reader.array(RECORDED, (process,), _of(zarr[RECORDED], process), None, "u1")
    if (there > 1).any():
        raise Damaged(f"{RECORDED} holds other values than true and false")
    rows = {RECORDED: there.astype(bool)}
    by_column = {said["column"]: (name, said) for name, said in zarr["variables"].items()}
    for column in columns:
        if column.name == "time":
            continue
        if column.name not in by_column:
            raise Damaged(f"run.json does not say where the column {column.name!r} is")
        name, said = by_column[column.name]
        width = said["width"]
        if column.width > (width or 1):
            raise Damaged(f"{name} is narrower than the column {column.name!r}")
        found = reader.array(name, (process,), _of(said["chunks"], process), width, "<f8", rows[RECORDED])
        if width is not None:
            found = found[:, : column.width] if column.width > 1 or column.name in matrices else found[:, 0]
        rows[column.name] = found
    return rows


class _Reader:
    def __init__(self, folder: Path, zarr: Mapping[str, Any]) -> None:
        self.folder = folder
        self.times, self.size = zarr["times"], zarr["chunk"]
        self.chunks = -(-self.times // self.size)

    def array(
        self,
        name: str,
        key: tuple[int, ...],
        crcs: Sequence[int | None],
        width: int | None,
        kind: str,
        there: np.ndarray | None = None,
    ) -> np.ndarray:
        """Values at all times, or at those of `there`."""
        if len(crcs) != self.chunks:
            raise Damaged(f"run.json says another number of chunks of {name} than follows from its shape")
        parts = []
        for n, crc in enumerate(crcs):
            length = min(self.size, self.times - n * self.size)
            wanted = None if there is None else there[n * self.size :][:length]
            if crc is None:
                if name == RECORDED:
                    parts.append(np.zeros(length, kind))  # an eighth of the times, which were read before
                    continue
                if wanted is None or wanted.any():
                    raise Damaged(f"{name} lacks a chunk with rows")
                continue
            keys = (*key, n, *(() if width is None else (0,)))
            part = self.chunk(name, keys, crc, width, kind)[:length]
            parts.append(part if wanted is None or wanted.all() else part[wanted])
        if len(parts) == 1:
            return parts[0]
        empty = np.empty((0,) if width is None else (0, width), kind)
        return np.concatenate(parts) if parts else empty

    def chunk(self, name: str, key: tuple[int, ...], crc: int, width: int | None, kind: str) -> np.ndarray:
        import google_crc32c

        names = (name, "c", *map(str, key))
        said = "/".join(names)
        shape = (self.size,) if width is None else (self.size, width)
        expected = self.size * (width or 1) * np.dtype(kind).itemsize
        with opened(self.folder, *names) as file:
            if size(file) != expected + 4:
                raise Damaged(f"{said} has {size(file):,} bytes where its shape needs {expected + 4:,}")
            data = file.read(expected)
            tail = file.read(4)
        if len(data) != expected or google_crc32c.value(data) != crc or tail != struct.pack("<I", crc):
            raise Damaged(f"{said} is damaged: its checksum differs")
        return np.frombuffer(data, kind).reshape(shape)


def _of(chunks: Sequence[Any], process: int) -> Sequence[int | None]:
    if process >= len(chunks):
        raise Damaged("run.json has chunks of fewer processes than there are")
    found: Sequence[int | None] = chunks[process]
    return found


def _strings(texts: Sequence[str]) -> bytes:
    """A chunk of the codec vlen-utf8."""
    encoded = [text.encode() for text in texts]
    return struct.pack("<I", len(encoded)) + b"".join(struct.pack("<I", len(text)) + text for text in encoded)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1).encode()
