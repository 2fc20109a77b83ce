"""A recording, whole, into a folder."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ArgumentError
from ..recording import Recording
from .closing import close
from .folders import Making
from .writing import Files


def save(recording: Recording, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write a recording into the folder `path`, made aside and renamed at the end, so that no half of it is ever there.

    Args:
        recording: as it is now; it may go on.
        path: of the folder.
        overwrite: replace the run that is there.

    Raises:
        ArgumentError: something is there that may not be replaced, another process writes to it, the disk refuses, or
            the spec is no JSON.
    """
    making = Making(path, overwrite=overwrite)
    try:
        files = Files(recording, making.folder)
        try:
            files.flush()
            close(files)
        finally:
            files.close()
        making.install()
    except OSError as error:
        making.drop()
        raise ArgumentError(f"path={str(path)!r} cannot be written to: {error.strerror or error}.") from error
    except BaseException:
        making.drop()
        raise
    making.lock.release()
    return making.path
