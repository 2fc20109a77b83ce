"""Where the files of a run lie, and opening them: only regular files inside its folder, never through a link."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..errors import ArgumentError

RUN = "run.json"
LINES = "events.jsonl"
JOURNAL = "journal"
PARAMETERS = "parameters"
CHECKPOINTS = "checkpoints"
LOCK = "lock"
HOLDER = "lock.json"
OURS = frozenset({RUN, LINES, LOCK, HOLDER, "zarr.json"})
"""Files at the top of a folder that belong to its run."""


class Damaged(Exception):
    """What is wrong with a file, as the rest of a sentence that begins with the path of the run."""


@contextlib.contextmanager
def reading(path: Path, what: str = "run") -> Iterator[None]:
    """Whatever is wrong with a run, or a sweep, becomes one ArgumentError that names its path."""
    try:
        yield
    except Damaged as error:
        raise ArgumentError(f"path={str(path)!r} cannot be read as a {what}: {error}.") from error
    except MemoryError as error:
        raise ArgumentError(
            f"path={str(path)!r} cannot be read as a {what}: it needs more memory than there is."
        ) from error
    except OSError as error:
        raise ArgumentError(f"path={str(path)!r} cannot be read as a {what}: {error.strerror or error}.") from error


def absolute(path: str | os.PathLike[str]) -> Path:
    """The folder that somebody means, with a name of its own.

    Raises:
        ArgumentError: that is no path.
    """
    if not isinstance(path, str | os.PathLike) or not os.fspath(path) or not isinstance(os.fspath(path), str):
        raise ArgumentError(f"path={path!r} is not usable: give the path of the folder of a run, e.g. 'runs/eos'.")
    found = Path(path)
    with contextlib.suppress(RuntimeError):  # ~ of somebody whom the system does not know
        found = found.expanduser()
    found = found.absolute()
    return found.resolve() if found.name in ("", "..") else found


def beside(path: Path, what: str) -> Path:
    """A hidden name next to `path`, which is absolute."""
    return path.parent / f".{path.name}.{what}"


def found(path: Path) -> Path:
    """The folder of a run: `path`, or what `path` was when somebody was killed while replacing it."""
    former = beside(path, "replaced")
    if not path.exists() and former.is_dir():
        return former
    if not path.exists():
        raise Damaged("there is nothing of that name")
    if not path.is_dir():
        with open(path, "rb") as file:
            older = stat.S_ISREG(os.fstat(file.fileno()).st_mode) and file.read(4) == b"PK\x03\x04"
        raise Damaged(
            "it is one file, as an older version of rodflow_widgets wrote them: load and save it with that one"
            if older
            else "it is no folder"
        )
    return path


def opened(folder: Path, *names: str) -> IO[bytes]:
    """A regular file inside `folder`, for reading."""
    said = "/".join(names)
    try:
        for depth in range(1, len(names)):
            inner = folder.joinpath(*names[:depth])
            if not stat.S_ISDIR(os.lstat(inner).st_mode):
                raise Damaged(f"{'/'.join(names[:depth])} is no folder of its own")
        path = folder.joinpath(*names)
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise Damaged(f"{said} is no regular file")
        flags = ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
        handle = os.open(path, os.O_RDONLY | sum(getattr(os, flag, 0) for flag in flags))
    except FileNotFoundError:
        raise Damaged(f"{said} is missing") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Damaged(f"{said} is no regular file")
    return os.fdopen(handle, "rb")


def size(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_size


def contents(folder: Path, *names: str, limit: int) -> bytes:
    """All of a file that has at most `limit` bytes."""
    with opened(folder, *names) as file:
        length = size(file)
        if length > limit:
            raise Damaged(f"{'/'.join(names)} has {length:,} bytes, more than the {limit:,} that it may have")
        return file.read(length)


def listed(folder: Path, name: str) -> list[os.DirEntry[str]]:
    """What lies in a folder inside `folder`, which may be missing."""
    inner = folder / name
    try:
        if not stat.S_ISDIR(os.lstat(inner).st_mode):
            raise Damaged(f"{name} is no folder of its own")
        with os.scandir(inner) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def weight(folder: Path) -> int:
    """Bytes of all regular files of a folder."""
    total, waiting = 0, [folder]
    while waiting:
        with contextlib.suppress(FileNotFoundError), os.scandir(waiting.pop()) as entries:  # a run that goes on renames
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    with contextlib.suppress(FileNotFoundError):
                        total += entry.stat(follow_symlinks=False).st_size
    return total
