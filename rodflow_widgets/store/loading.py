"""A folder, back into a recording: of a run that has ended, was killed, or still goes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..recording import Recording, Table
from ..recording.aligned import RECORDED
from ..vocabulary import Event, Status
from . import lines, rows, states, tensors, zarray
from .continuing import mark
from .lock import held
from .manifest import Manifest, manifest
from .places import JOURNAL, PARAMETERS, RUN, Damaged, absolute, contents, found, listed, opened, reading, weight
from .saving import save
from .sealed import LARGEST
from .sweeps import RUNS, SWEEP

T = TypeVar("T")
TRIES = 5


@dataclass(frozen=True)
class Summary:
    """A run without its rows: what it is, where it stands, what it takes on disk, and whether somebody writes to it."""

    path: Path
    name: str
    optimizer: str
    status: Status
    steps: int | None
    rows: int
    bytes: int
    checkpoints: int
    live: bool


def load(path: str | os.PathLike[str]) -> Recording:
    """The recording in the folder `path`.

    Of a run that was killed it holds everything up to the last flush, and its status says so; where a journal is damaged,
    the rows before are there, and the status says that too.

    Raises:
        ArgumentError: there is none, it is damaged, or of a newer version.
    """
    return _read(path, _loaded)


def look(path: str | os.PathLike[str]) -> Summary:
    """What a run is and where it stands, without reading its rows.

    Raises:
        ArgumentError: there is none, it is damaged, or of a newer version.
    """
    return _read(path, lambda folder, said: _summary(Path(path), folder, said))


def checkpoints(path: str | os.PathLike[str]) -> list[states.CheckpointInfo]:
    """The checkpoints of a run, in the order of their rows.

    Raises:
        ArgumentError: there is no run, or a checkpoint is damaged; says which file to remove.
    """
    return _read(path, lambda folder, said: states.listing(folder))


def read_checkpoint(path: str | os.PathLike[str], row: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """JSON state and arrays of the checkpoint at `row`, as they were given to `Journal.offer`.

    Raises:
        ArgumentError: there is none, or it is damaged.
    """
    return _read(path, lambda folder, said: states.read(folder, said.id, row))


def changes(path: str | os.PathLike[str]) -> list[lines.Change]:
    """What was done to a run, in the order in which it was done.

    Raises:
        ArgumentError: there is no run, or the file of changes is damaged.
    """

    def work(folder: Path, said: Manifest) -> list[lines.Change]:
        every = list(lines.read(folder, said.id))
        if len(every) < said.lines:
            raise Damaged(f"events.jsonl ends after {len(every):,} of {said.lines:,} lines")
        return [line for line in every if isinstance(line, lines.Change)]

    return _read(path, work)


def token(path: str | os.PathLike[str]) -> str:
    """A short text that is another one whenever anybody has written to the run: `Journal(expected=…)` compares it.

    Raises:
        ArgumentError: there is no run, or it is damaged.
    """
    return _read(path, lambda folder, said: mark(folder))


def _read(path: str | os.PathLike[str], work: Callable[[Path, Manifest], T]) -> T:
    """Call `work` with folder and manifest; again, if the run was changed meanwhile."""
    given, path = path, absolute(path)
    with reading(Path(given)):
        tries = 0
        while True:
            tries += 1
            data = b""
            try:
                folder = found(path)
                if (folder / SWEEP).is_file():
                    raise Damaged(f"it is the folder of a sweep: its runs are {RUNS}/0000 and so on")
                data = contents(folder, RUN, limit=LARGEST + 1024)
                return work(folder, manifest(data))
            except (Damaged, OSError):
                if tries == TRIES or not _changed(path, data):
                    raise


def _changed(path: Path, data: bytes) -> bool:
    try:
        return contents(found(path), RUN, limit=LARGEST + 1024) != data
    except (Damaged, OSError):
        return False


def _loaded(folder: Path, said: Manifest) -> Recording:
    recording = Recording(said.spec, saver=save)
    live = not said.closed and held(folder)
    wrong: list[str] = []
    parameters = _lines(folder, said, recording, wrong)
    if said.holds == "zarr":
        _from_zarr(folder, said, recording)
    else:
        for i, table in enumerate(recording.tables):
            _from_journal(folder, said, i, table, wrong, live)
    for i, table in enumerate(recording.tables):
        table.keep(parameters.get(i, {}))
        table.status = said.tables[i].status
    recording.seconds = said.seconds
    if wrong and said.replaced_by(manifest(contents(folder, RUN, limit=LARGEST + 1024))):
        raise Damaged("it was closed meanwhile")  # and is read again
    _say(recording, said, live, wrong)
    return recording


def _say(recording: Recording, said: Manifest, live: bool, wrong: list[str]) -> None:
    """How a run stands whose writer did not come to its end, or whose files are damaged."""
    step = said.status.step
    if not said.closed:
        steps = [int(table["time"][-1]) for table in recording.tables if len(table) and np.isfinite(table["time"][-1])]
        step = max(steps, default=0)
    recording.status = said.standing(said.status, step, live=live)
    if not said.closed or not said.status.ended:  # else a process that has not begun is as the run has left it
        for table in recording.tables:
            table.status = said.standing(table.status, step, live=live)
    if wrong:
        status = recording.status
        recording.status = Status(status.state, status.step, " ".join([status.sentence, *wrong]))


def _lines(folder: Path, said: Manifest, recording: Recording, wrong: list[str]) -> dict[int, dict[int, np.ndarray]]:
    """Events into the recording; parameter vectors by table and step."""
    parameters: dict[int, dict[int, np.ndarray]] = {}
    events: list[Event] = []
    count = 0
    try:
        for line in lines.read(folder, said.id):
            if isinstance(line, Event):
                events.append(line)
            elif isinstance(line, lines.Vectors):
                _vectors(folder, line, len(recording), parameters)
            count += 1
        if count < said.lines:
            raise Damaged(f"events.jsonl is damaged from line {count + 1:,} on")
    except Damaged as error:
        if said.holds == "zarr":
            raise
        wrong.append(f"Of what was changed not all can be read: {error}.")
    recording.add_events(events)
    return parameters


def _vectors(folder: Path, line: lines.Vectors, tables: int, parameters: dict[int, dict[int, np.ndarray]]) -> None:
    name = f"{line.file}.safetensors"
    arrays = tensors.read(tensors.Written(line.bytes, line.crc32), folder, PARAMETERS, name)
    for key, array in arrays.items():
        table, _, step = key.partition(".")
        if not (table.isdecimal() and step.isdecimal() and int(table) < tables):
            raise Damaged(f"{PARAMETERS}/{name} holds {key[:100]!r}, which belongs nowhere")
        parameters.setdefault(int(table), {})[int(step)] = array


def _from_journal(folder: Path, said: Manifest, number: int, table: Table, wrong: list[str], live: bool) -> None:
    promised, name = said.tables[number].rows, f"{number}.arrow"
    if not promised and not any(entry.name == name for entry in listed(folder, JOURNAL)):
        return
    damaged = False
    try:
        with opened(folder, JOURNAL, name) as file:
            for batch in rows.read(file, rows.seed(said.id, number, table), table.described):
                table.append(batch)
    except Damaged:
        damaged = True
    if len(table) < promised or (damaged and not live):
        wrong.append(f"The journal of {table.name!r} is damaged from row {len(table):,} on.")


def _from_zarr(folder: Path, said: Manifest, recording: Recording) -> None:
    if said.zarr is None:
        raise Damaged("run.json does not say what its arrays are")
    zarray.check_processes(folder, list(recording))
    time = zarray.read_time(folder, said.zarr)
    for i, table in enumerate(recording.tables):
        columns = zarray.read_rows(folder, said.zarr, i, table.described, said.tables[i].matrices)
        there = columns.pop(RECORDED)
        columns["time"] = time[there]
        if len(columns["time"]) != said.tables[i].rows:
            raise Damaged(
                f"{RECORDED} marks {len(columns['time']):,} rows of {table.name!r}, not {said.tables[i].rows:,}"
            )
        if said.tables[i].rows:
            table.append(columns)


def _summary(path: Path, folder: Path, said: Manifest) -> Summary:
    live = not said.closed and held(folder)
    status = said.standing(said.status, said.status.step, live=live)
    steps = said.spec.get("steps")
    return Summary(
        path,
        said.spec["problem"]["name"],
        said.spec["optimizer"]["label"],
        status,
        steps if type(steps) is int else None,
        sum(table.rows for table in said.tables),
        weight(folder),
        len(states.names(folder)),
        live,
    )
