"""The folder of a sweep: `sweep.json`, the starting points, and a folder of its own for every run."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..vocabulary import State, Status
from . import tensors
from .aside import aside, settle
from .lock import Lock, held, holder, unsign
from .manifest import checked, manifest
from .places import RUN, Damaged, absolute, beside, contents, found, reading, weight
from .sealed import LARGEST, sealed, unsealed

SWEEP, RUNS, STARTS = "sweep.json", "runs", "starts.safetensors"
MARK, FORMAT = "rodflow_widgets sweep", 1


@dataclass(frozen=True)
class SweepSummary:
    """A sweep without its runs, as `Summary` is of one run; `rows` counts runs."""

    path: Path
    name: str
    optimizer: str
    status: Status
    rows: int
    bytes: int
    live: bool


def holds_sweep(path: str | os.PathLike[str]) -> bool:
    """Whether there is the folder of a sweep at `path`."""
    path = absolute(path)
    return any((folder / SWEEP).is_file() for folder in (path, beside(path, "replaced")))


def read_sweep(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The checked content of `sweep.json`, and the starting points by name.

    Raises:
        ArgumentError: there is none, it is damaged, or of a newer version.
    """
    given = absolute(path)
    with reading(given, "sweep"):
        folder = found(given)
        content = _content(folder)
        written = tensors.Written(**content["starts"])
        return content, tensors.read(written, folder, STARTS)


def look_sweep(path: str | os.PathLike[str]) -> SweepSummary:
    """What a sweep is and where it stood when that was last written down.

    Raises:
        ArgumentError: there is none, it is damaged, or of a newer version.
    """
    given = absolute(path)
    with reading(given, "sweep"):
        folder = found(given)
        content, live = _content(folder), held(folder)
        spec, states = content["spec"], Counter(status["state"] for status in content["statuses"])
        total = len(content["points"])
        ended = sum(states[state] for state in ("finished", "diverged", "error"))
        state: State = "finished" if ended == total else "running" if live else "stopped"
        sentence = f"Sweep of {total:,} runs: " + ", ".join(f"{count:,} {word}" for word, count in states.items()) + "."
        name, label = spec["problem"]["name"], f"sweep of {total:,}, {spec['optimizer']['label']}"
        return SweepSummary(Path(path), name, label, Status(state, ended, sentence), total, weight(folder), live)


def _content(folder: Path) -> dict[str, Any]:
    data = contents(folder, SWEEP, limit=LARGEST + 1024)
    content = checked(unsealed(data, SWEEP), "sweep", MARK, SWEEP, FORMAT)
    if len(content["points"]) != len(content["statuses"]):
        raise Damaged(f"{SWEEP} does not say of every run where it stands")
    return content


class SweepFolder:
    """The right to write into the folder of a sweep; given up by `release`, or with the process."""

    def __init__(self, path: Path, lock: Lock, fixed: Mapping[str, Any]) -> None:
        self.path = path
        self._lock = lock
        self._fixed = fixed

    @staticmethod
    def made(
        path: str | os.PathLike[str], content: Mapping[str, Any], arrays: Mapping[str, np.ndarray], *, overwrite: bool
    ) -> SweepFolder:
        """A new one, complete but for its runs when it takes its name.

        Raises:
            ArgumentError: something is there that may not be replaced, somebody writes to it, or the disk refuses.
        """
        place = absolute(path)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            former = _former(place, overwrite)
            part = Path(tempfile.mkdtemp(".part", f".{place.name}.", place.parent))
            try:
                part.chmod(0o755)
                lock = Lock(part).take(part, place)
                lock.sign(part)
                (part / RUNS).mkdir()
                written = tensors.write(part / STARTS, arrays)
                fixed = {"id": uuid.uuid4().hex, "starts": asdict(written)}
                _write(part, {**content, **fixed})
                gone = beside(place, "replaced")
                if former is not None:
                    os.rename(place, gone)
                    former.release()
                os.rename(part, place)
                settle(place.parent)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
            if former is not None:
                shutil.rmtree(gone, ignore_errors=True)
        except OSError as error:
            said = error.strerror or error
            raise ArgumentError(f"path={str(path)!r} cannot be written to: {said}.") from error
        return SweepFolder(place, lock, fixed)

    @staticmethod
    def of(path: str | os.PathLike[str]) -> SweepFolder:
        """The one that is there.

        Raises:
            ArgumentError: somebody else writes to it; says who.
        """
        place = absolute(path)
        lock = Lock(place).take(place, place)
        with reading(place, "sweep"):
            content = _content(place)
        lock.sign(place)
        return SweepFolder(place, lock, {name: content[name] for name in ("id", "starts")})

    def run(self, number: int) -> Path:
        """The folder of a run."""
        return run_folder(self.path, number)

    def write(self, content: Mapping[str, Any]) -> None:
        """Put `sweep.json` in place of the one that is there.

        Raises:
            OSError: the disk refuses.
        """
        _write(self.path, {**content, **self._fixed})

    def release(self) -> None:
        unsign(self.path)
        self._lock.release()


def run_folder(path: Path, number: int) -> Path:
    """The folder of a run of the sweep in `path`."""
    return path / RUNS / f"{number:04d}"


def readable(place: Path) -> bool:
    """Whether a folder holds a run whose `run.json` can be read."""
    try:
        manifest(contents(place, RUN, limit=LARGEST + 1024))
    except (Damaged, OSError):
        return False
    return True


def sweep_mark(path: Path) -> str:
    """A short text that is another one when anybody has written to the sweep in `path` since; empty where it cannot be read."""
    try:
        return hashlib.sha256(contents(path, SWEEP, limit=LARGEST + 1024)).hexdigest()
    except (Damaged, OSError):
        return ""


def _write(folder: Path, content: Mapping[str, Any]) -> None:
    with aside(folder / SWEEP) as file:
        file.write(sealed({"mark": MARK, "format": FORMAT, **content}))


def _former(place: Path, overwrite: bool) -> Lock | None:
    """The lock of the sweep that is to be replaced; None where nothing is there."""
    gone = beside(place, "replaced")
    if gone.is_dir() and not os.path.lexists(place):
        os.rename(gone, place)  # somebody was killed while replacing it
    if not os.path.lexists(place):
        return None
    if place.is_dir() and not place.is_symlink() and not any(place.iterdir()):
        place.rmdir()
        return None
    if not place.is_dir() or place.is_symlink() or not (place / SWEEP).is_file():
        raise ArgumentError(f"path={str(place)!r} exists and is no sweep: give another path.")
    if held(place):
        raise ArgumentError(f"path={str(place)!r} is being written to by {holder(place)}: give another path.")
    if not overwrite:
        raise ArgumentError(
            f"path={str(place)!r} holds a sweep already: give another path, overwrite=True (--overwrite) to replace it, or go "
            "on with it by rf.load(path).resume()."
        )
    return Lock(place).take(place, place)
