"""What lies in the folder of a run and is not of it: pictures, reports, forks. It stays when the run is written anew."""

from __future__ import annotations

import os
from pathlib import Path

from .manifest import Manifest, manifest
from .places import CHECKPOINTS, JOURNAL, OURS, PARAMETERS, RUN, Damaged, contents
from .sealed import LARGEST
from .zarray import AXES


def carry(former: Path, folder: Path) -> bool:
    """Move what is not of the run `former` into `folder`; says whether all of it is there."""
    mine = set(ours(former))
    whole = True
    for entry in sorted(former.iterdir()):
        target = folder / entry.name
        if entry in mine:
            continue
        if os.path.lexists(target):
            whole = False
            continue
        try:
            entry.rename(target)
        except OSError:
            whole = False
    return whole


def ours(folder: Path) -> list[Path]:
    """Files and folders of the run in `folder`, and what it leaves when it is killed."""
    folders = {JOURNAL, CHECKPOINTS, PARAMETERS}
    try:
        folders |= _arrays(manifest(contents(folder, RUN, limit=LARGEST + 1024)))
    except (Damaged, OSError):
        folders |= {*AXES}
    found = []
    for entry in folder.iterdir():
        if entry.is_symlink():
            continue
        part = entry.name.startswith(".") and entry.name.endswith(".part")
        if entry.name in folders if entry.is_dir() else entry.name in OURS or part:
            found.append(entry)
    return found


def _arrays(said: Manifest) -> set[str]:
    """Names that the Zarr arrays of a run have, or may have where it was killed while they were written."""
    if said.zarr is not None:
        return {*AXES, *said.zarr["variables"]}
    columns = {column["name"] for process in said.spec["processes"] for column in process["columns"]}
    return {*AXES, *columns, *(f"variable_{i}" for i in range(len(columns)))}
