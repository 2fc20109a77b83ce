"""Zarr in place of a journal, so that whoever reads at any moment finds one of the two whole."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import replace
from pathlib import Path

from ..errors import RunError
from ..recording.aligned import align
from . import zarray
from .places import CHECKPOINTS, JOURNAL, PARAMETERS
from .writing import Files


def close(files: Files, *, closed: bool = True) -> None:
    """Put the rows of a flushed run into Zarr and the journal away; a run without a common time axis keeps its journal.

    `closed` is what `run.json` says of it: False of a run that has not ended, and will not be written to any more.

    Raises:
        OSError: there was no room for it; the journal is as it was.
    """
    try:
        aligned = align(files.recording)
    except RunError:
        files.put(replace(files.manifest(), closed=closed).data())
        return
    try:
        said = zarray.write(files.folder, aligned)
        manifest = replace(files.manifest(), closed=closed).written_as(
            said, tuple(len(places) for places in aligned.places)
        )
        files.put(manifest.data())
    except BaseException:
        _remove(files.folder, [variable.name for variable in aligned.variables])
        with contextlib.suppress(OSError):
            files.put(replace(files.manifest(), closed=closed).data())
        raise
    files.close()
    shutil.rmtree(files.folder / JOURNAL, ignore_errors=True)
    for empty in (PARAMETERS, CHECKPOINTS):
        with contextlib.suppress(OSError):
            (files.folder / empty).rmdir()


def _remove(folder: Path, variables: list[str]) -> None:
    (folder / zarray.METADATA).unlink(missing_ok=True)
    for name in (*zarray.AXES, *variables):
        shutil.rmtree(folder / name, ignore_errors=True)
