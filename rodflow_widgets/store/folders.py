"""A folder that is made aside, and takes its name when there is a run in it."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from ..errors import ArgumentError
from .aside import settle
from .carrying import carry, ours
from .lock import Lock, held, holder
from .places import LOCK, RUN, absolute, beside

ABANDONED_SECONDS = 60.0
GONE = "replaced.part"
"""What a run is called while it is removed."""


class Making:
    """A folder aside of `path`, locked, that becomes `path` by `install`.

    Args:
        path: where the run will be.
        overwrite: whether a run that is there may be replaced.

    Raises:
        ArgumentError: something is there that may not be replaced, somebody writes to it, or no folder can be made.
    """

    def __init__(self, path: str | os.PathLike[str], *, overwrite: bool) -> None:
        self.path = absolute(path)
        self._former: Lock | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._restore()
            self._former = self._refused_or_former(overwrite)
            self._sweep()
            self.folder = Path(tempfile.mkdtemp(".part", f".{self.path.name}.", self.path.parent))
            self.folder.chmod(0o777 & ~_umask())
            self.lock = Lock(self.folder).take(self.folder, self.path)
        except (OSError, ValueError) as error:
            self._give_up_former()
            if isinstance(error, ArgumentError):
                raise
            said = getattr(error, "strerror", None) or error
            raise ArgumentError(f"path={str(path)!r} cannot be written to: {said}.") from error

    def install(self, *, keep: bool = False) -> None:
        """Give the folder its name, and drop the run that had it; `keep` takes over what others have put into its folder.

        Raises:
            ArgumentError: somebody else has made a run there in the meantime.
        """
        former = beside(self.path, "replaced")
        try:
            if self._former is not None:
                os.rename(self.path, former)
            os.rename(self.folder, self.path)
            settle(self.path.parent)
        except OSError as error:
            if self._former is not None and former.is_dir() and not self.path.exists():
                os.rename(former, self.path)
            raise ArgumentError(
                f"path={str(self.path)!r} cannot be given to this run: {error.strerror or error}."
            ) from error
        self.folder = self.path
        carried = self._former is None or not keep or carry(former, self.path)
        self._give_up_former()
        if former.is_dir():
            _clear(former, self.path, carried=carried)

    def drop(self) -> None:
        """Leave everything as it was."""
        self.lock.release()
        self._give_up_former()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _refused_or_former(self, overwrite: bool) -> Lock | None:
        """The lock of the run that is to be replaced, if there is one."""
        path = self.path
        if not os.path.lexists(path):
            return None
        if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            return None
        if not path.is_dir() or path.is_symlink() or not (path / RUN).is_file():
            raise ArgumentError(f"path={str(path)!r} exists and is no run: give another path.")
        if not overwrite:
            if held(path):
                raise ArgumentError(f"path={str(path)!r} is being written to by {holder(path)}: give another path.")
            raise ArgumentError(
                f"path={str(path)!r} holds a run already: give another path, overwrite=True (--overwrite) to replace it, or "
                "go on with it by rf.resume."
            )
        try:
            return Lock(path).take(path, path)
        except OSError as error:
            raise ArgumentError(f"path={str(path)!r} may not be replaced: {error.strerror or error}.") from error

    def _give_up_former(self) -> None:
        if self._former is not None:
            self._former.release()
            self._former = None

    def _restore(self) -> None:
        """Put back what was there when somebody was killed while replacing it."""
        former = beside(self.path, "replaced")
        if former.is_dir() and not held(former):
            if self.path.exists():
                _clear(former, self.path, carried=carry(former, self.path))
            else:
                os.rename(former, self.path)

    def _sweep(self) -> None:
        """Remove what those who were killed have left aside."""
        for part in self.path.parent.iterdir():
            named = part.name.startswith(f".{self.path.name}.") and part.name.endswith(".part")
            if named and part.is_dir() and not part.is_symlink() and not held(part):
                made = part.stat().st_mtime
                gone = part == beside(self.path, GONE)
                if gone or (part / LOCK).exists() or time.time() - made > ABANDONED_SECONDS:
                    shutil.rmtree(part, ignore_errors=True)


def _clear(former: Path, path: Path, *, carried: bool) -> None:
    """Remove a run that was replaced; what is not of it and could not be carried stays in a folder beside."""
    if carried:
        gone = beside(path, GONE)
        shutil.rmtree(gone, ignore_errors=True)
        with contextlib.suppress(OSError):
            former = former.rename(gone)  # half removed it would not say any more what was of the run
        shutil.rmtree(former, ignore_errors=True)
        return
    for entry in sorted(ours(former), key=lambda entry: entry.name == RUN):
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    left, number = path.with_name(f"{path.name}-left"), 1
    while os.path.lexists(left):
        number += 1
        left = path.with_name(f"{path.name}-left-{number}")
    with contextlib.suppress(OSError):
        os.rename(former, left)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
