"""A run on disk: a folder with a journal while it goes and Zarr when it has ended; `docs/storage.md` describes it."""

from .finding import find
from .journal import Journal, JournalState
from .lines import Change
from .loading import Summary, changes, checkpoints, load, look, read_checkpoint, token
from .manifest import FORMAT
from .saving import save
from .states import CheckpointInfo

__all__ = [
    "FORMAT",
    "Change",
    "CheckpointInfo",
    "Journal",
    "JournalState",
    "Summary",
    "changes",
    "checkpoints",
    "find",
    "load",
    "look",
    "read_checkpoint",
    "save",
    "token",
]
