"""A run on disk: a folder with a journal while it goes and Zarr when it has ended; `docs/storage.md` describes it."""

from .finding import find
from .journal import Journal, JournalState
from .lines import Change
from .loading import Summary, changes, checkpoints, load, look, read_checkpoint, token
from .manifest import FORMAT
from .saving import save
from .states import CheckpointInfo
from .sweeps import SweepFolder, SweepSummary, holds_sweep, look_sweep, read_sweep, readable, run_folder, sweep_mark

__all__ = [
    "FORMAT",
    "Change",
    "CheckpointInfo",
    "Journal",
    "JournalState",
    "Summary",
    "SweepFolder",
    "SweepSummary",
    "changes",
    "checkpoints",
    "find",
    "holds_sweep",
    "load",
    "look",
    "look_sweep",
    "read_checkpoint",
    "read_sweep",
    "readable",
    "run_folder",
    "save",
    "sweep_mark",
    "token",
]
