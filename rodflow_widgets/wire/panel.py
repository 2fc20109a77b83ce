"""The messages between a kernel and the side panel of JupyterLab, apart from those of a live view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..vocabulary import State


@dataclass(frozen=True)
class PanelRun:
    """One entry of the side panel: a run, a fork or forecast of one, or a training loop, of this kernel.

    `view` is the model of the live view that shows it, "" where none does. `ratio` is the newest sharpness / edge and `line`
    all of it so far, thinned, null where it was not measured.
    """

    id: str
    view: str
    kind: Literal["run", "fork", "forecast", "loop"]
    name: str
    problem: str
    optimizer: str
    state: State
    step: int
    steps: int | None
    sentence: str
    ratio: float | None
    line: list[float | None]
    commands: list[Literal["pause", "resume"]]


@dataclass(frozen=True)
class PanelRuns:
    """What is new to a side panel: the entries that changed, and the ids of all in their order."""

    seq: int
    order: list[str]
    changed: list[PanelRun]
    kind: Literal["panel-runs"] = "panel-runs"


@dataclass(frozen=True)
class PanelReply:
    """Answer to a command of a side panel, or with an empty id to a hello that cannot be fulfilled; the message is for people."""

    id: str
    ok: bool
    message: str
    kind: Literal["panel-reply"] = "panel-reply"


@dataclass(frozen=True)
class PanelHello:
    """A side panel listens and knows of no run: it opens the comm with this, and says it again when it hears nothing."""

    protocol: int
    kind: Literal["panel-hello"] = "panel-hello"


@dataclass(frozen=True)
class PanelSeen:
    """A side panel has seen `seq`; it is told nothing more before."""

    seq: int
    kind: Literal["panel-seen"] = "panel-seen"


@dataclass(frozen=True)
class PanelCommand:
    """A wish of a side panel: that a run pause or go on."""

    id: str
    run: str
    name: Literal["pause", "resume"]
    kind: Literal["panel-command"] = "panel-command"


TO_PANEL = (PanelRuns, PanelReply)
FROM_PANEL = (PanelHello, PanelSeen, PanelCommand)
