"""One file a run: a zip of .npy members and `run.json`, which names them; nothing in it is ever executed."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from ..errors import ArgumentError
from ..recording import Recording
from ..vocabulary import Event, Status
from .aside import aside

FORMAT = 1
MANIFEST = "run.json"
MARK = "rodflow_widgets run"


def save(recording: Recording, path: str | os.PathLike[str]) -> Path:
    """Write a recording to `path`, aside first and renamed at the end, so that no half file is ever seen there."""
    path = Path(path)
    if not path.parent.is_dir():
        raise ArgumentError(f"path={str(path)!r} lies in a folder that does not exist: create {path.parent} first.")
    if path.is_dir():
        raise ArgumentError(f"path={str(path)!r} is a folder: give the name of a file.")
    with aside(path) as file:
        _write(recording, file)
    return path


def load(path: str | os.PathLike[str]) -> Recording:
    """The recording that `save` wrote to `path`.

    Raises:
        ArgumentError: the file is missing, no run, damaged, or of a newer version.
    """
    path = Path(path)
    if not path.is_file():
        raise ArgumentError(f"path={str(path)!r} is no file: give what Recording.save returned.")
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read(MANIFEST))
            if not isinstance(manifest, dict) or manifest.get("mark") != MARK:
                raise KeyError("mark")
            if manifest["format"] <= FORMAT:
                return _read(archive, manifest)
    except (zipfile.BadZipFile, zlib.error, KeyError, TypeError, ValueError, OSError, EOFError) as error:
        raise ArgumentError(f"path={str(path)!r} is no run, or is damaged: give what Recording.save wrote.") from error
    raise ArgumentError(
        f"path={str(path)!r} has format {manifest['format']}, newer than {FORMAT}: update rodflow_widgets."
    )


def _write(recording: Recording, file: Any) -> None:
    tables = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for i, table in enumerate(recording.tables):
            rows = table.rows(0, len(table))
            columns = {name: f"table{i}_column{j}" for j, name in enumerate(rows)}
            parameters = {str(step): f"table{i}_parameters{step}" for step in table.parameters}
            for name, member in columns.items():
                _put(archive, member, rows[name])
            for step, member in parameters.items():
                _put(archive, member, table.parameters[int(step)])
            tables.append(
                {
                    "name": table.name,
                    "status": asdict(table.status),
                    "columns": columns,
                    "parameters": parameters,
                }
            )
        manifest = {
            "mark": MARK,
            "format": FORMAT,
            "spec": recording.spec,
            "status": asdict(recording.status),
            "seconds": recording.seconds,
            "events": [asdict(event) for event in recording.events],
            "tables": tables,
        }
        archive.writestr(MANIFEST, json.dumps(manifest, allow_nan=False, indent=1))


def _read(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> Recording:
    recording = Recording(manifest["spec"], saver=save)
    for entry in manifest["tables"]:
        table = recording[entry["name"]]
        columns = {name: _get(archive, member) for name, member in entry["columns"].items()}
        parameters = {int(step): _get(archive, member) for step, member in entry["parameters"].items()}
        table.append(columns, parameters)
        table.status = Status(**entry["status"])
    recording.status = Status(**manifest["status"])
    recording.seconds = manifest["seconds"]
    recording.add_events([Event(**event) for event in manifest["events"]])
    return recording


def _put(archive: zipfile.ZipFile, member: str, array: np.ndarray) -> None:
    with archive.open(f"{member}.npy", "w", force_zip64=True) as file:
        npy.write_array(file, np.ascontiguousarray(array), allow_pickle=False)


def _get(archive: zipfile.ZipFile, member: str) -> np.ndarray:
    with archive.open(f"{member}.npy") as file:
        return npy.read_array(file, allow_pickle=False)
