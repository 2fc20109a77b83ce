"""Where a sweep stands, in words, and what the folders of its runs say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import store
from ..errors import ArgumentError
from ..vocabulary import State, Status
from .board import ENDED, Board

WORDS: dict[State, str] = {"finished": "finished", "diverged": "diverged", "error": "failed"}


def standing(board: Board, running: bool) -> Status:
    """Its state, how many runs have ended, and a sentence."""
    recordings = board.recordings
    total, ended = len(recordings), sum(board.ended(run) for run in range(len(recordings)))
    found = Counter(recording.status.state for recording in recordings)
    said = ", ".join(f"{found[state]} {word}" for state, word in WORDS.items() if found[state])
    if running or found["running"]:
        where = "Running" if running else "Running elsewhere when it was read"
        return Status("running", ended, f"{where}: {ended} of {runs(total)} ended{f' ({said})' if said else ''}.")
    if ended == total:
        sentence = f"Finished {runs(total)}: {said}. {board.trouble}".strip()
        return Status("error" if found["error"] == total else "finished", ended, sentence)
    if board.trouble:
        return Status("stopped", ended, board.trouble)
    if not ended and not found["stopped"]:
        return Status("ready", 0, f"{runs(total)}, none of which has begun.")
    begun = f", {found['stopped']} stopped on their way" if found["stopped"] else ""
    return Status("stopped", ended, f"Stopped: {ended} of {runs(total)} ended{begun}. resume() goes on.")


def runs(count: int) -> str:
    """So many runs."""
    return "1 run" if count == 1 else f"{count:,} runs"


def read(board: Board, path: Path, statuses: Sequence[Mapping[str, Any]]) -> None:
    """Take the recordings of the runs from their folders; what cannot be read has failed."""
    for run, said in enumerate(statuses):
        place = store.run_folder(path, run)
        if place.is_dir():
            try:
                board.recordings[run] = store.load(place)
            except ArgumentError as error:
                board.mark(run, str(error))
        elif said["state"] == "error":
            board.recordings[run].status = Status(**said)
        if board.recordings[run].status.state == "error":
            board.mark(run, board.recordings[run].status.sentence)


def unfinished(board: Board, path: Path | None) -> tuple[list[int], list[int]]:
    """The runs that have to begin, and those that go on from a checkpoint."""
    left: list[int] = []
    on: list[int] = []
    for run, recording in enumerate(board.recordings):
        if recording.status.state not in ENDED:
            place = None if path is None else store.run_folder(path, run)
            (on if place is not None and _has_checkpoint(place) else left).append(run)
    return left, on


def _has_checkpoint(place: Path) -> bool:
    try:
        return place.is_dir() and bool(store.checkpoints(place))
    except ArgumentError:
        return False
