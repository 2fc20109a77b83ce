"""The one definition of every message; `generate_ts` writes the TypeScript side from it.

Names are snake_case on the wire. Keys of mappings (process, table, column and hyperparameter names) are data: they are
never converted. A float in JSON is always finite; everything that may be NaN travels in buffers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ..vocabulary import Column, Event, Parameter, State

PROTOCOL = 4

CommandName = Literal[
    "pause",
    "resume",
    "step",
    "set",
    "undo",
    "schedule",
    "stop",
    "reset",
    "extend",
    "fork",
    "edit",
    "remove",
    "survey",
    "cancel",
    "forecast",
    "measure",
]


PanelName = Literal[
    "loss",
    "sharpness",
    "eigenvalues",
    "distance",
    "rod_length",
    "learning_rate",
    "grad_norm",
    "critical_directions",
    "trajectory",
    "spectrum",
]
"""What the trait `panels` may name, in the order wanted; an empty one leaves the choice to the page."""


@dataclass(frozen=True)
class ProblemSpec:
    """The loss that is minimised; of one or two parameters also their names, and where it starts.

    A problem of `rf.problems` says in `recipe` how it was made: {"name": …, "arguments": {…}}.
    """

    name: str
    dim: int
    device: str
    dtype: str
    loss: str
    coordinates: list[str]
    start: list[float]
    recipe: dict[str, Any] | None


@dataclass(frozen=True)
class OptimizerSpec:
    """The optimizer at the start of the run; `threshold` is the formula of its edge, for people.

    Where it is preconditioned, the sharpness is that of the preconditioned Hessian.
    """

    name: str
    label: str
    values: dict[str, float]
    parameters: list[Parameter]
    threshold: str
    preconditioned: bool


@dataclass(frozen=True)
class ProcessSpec:
    """One optimizer or flow in motion; its name is the name of its table."""

    name: str
    kind: Literal["iterates", "rod", "central", "edge", "stable"]
    label: str
    detail: str
    columns: list[Column]


@dataclass(frozen=True)
class ScheduleSpec:
    """A way in which the learning rate can go by itself, with the numbers that it asks for."""

    kind: str
    label: str
    meaning: str
    parameters: list[Parameter]


@dataclass(frozen=True)
class Spec:
    """What is run, for so many `steps` where anybody knows; `run` counts resets."""

    problem: ProblemSpec
    optimizer: OptimizerSpec
    steps: int | None
    every: int
    eigenvalues: int
    seed: int
    processes: list[ProcessSpec]
    schedules: list[ScheduleSpec]
    run: int


@dataclass(frozen=True)
class Branch:
    """One entry of the trait `branches`: the run (0), or a fork or forecast of another branch from step `step` on.

    An empty `colour` leaves the choice to the page. `commands` are those that it takes, and `notes` sentences about what
    is measured.
    """

    id: int
    name: str
    colour: str
    hidden: bool
    kind: Literal["run", "fork", "forecast"]
    parent: int | None
    step: int | None
    commands: list[CommandName]
    notes: list[str]
    spec: Spec


@dataclass(frozen=True)
class ProcessStatus:
    """Where one process stands."""

    state: State
    step: int
    sentence: str


@dataclass(frozen=True)
class Failure:
    """An exception raised in mid-run."""

    message: str
    traceback: str


@dataclass(frozen=True)
class Saving:
    """How the run gets to disk: the folder, the bytes there, a sentence, and whether writing fails at present."""

    path: str
    bytes: int
    sentence: str
    failing: bool


@dataclass(frozen=True)
class Cost:
    """The share of training time that measuring takes and the most that it may take; every so many steps, or as that allows."""

    share: float
    limit: float
    every: int | None


@dataclass(frozen=True)
class RunStatus:
    """One entry of the trait `statuses`, by branch: sent at every change and about once a second.

    `edge_factor` / learning rate is the edge threshold at this step with these `values`, and at any other learning rate.
    """

    state: State
    step: int
    steps: int | None
    sentence: str
    speed: float | None
    recording_bytes: int
    processes: dict[str, ProcessStatus]
    values: dict[str, float]
    edge_factor: float | None
    error: Failure | None
    seconds: float
    saving: Saving | None
    cost: Cost | None


@dataclass(frozen=True)
class BlockColumn:
    """A column of width k takes k contiguous runs of `rows` numbers."""

    name: str
    width: int


@dataclass(frozen=True)
class BlockHeader:
    """Rows of one table; buffer i of the message belongs to block i, column after column."""

    table: str
    first_row: int
    rows: int
    columns: list[BlockColumn]
    dtype: Literal["float32"] = "float32"


@dataclass(frozen=True)
class Frame:
    """New rows, for every client: rows already held are dropped, missing ones are asked for by another hello.

    `ack` asks the client to say when it has been drawn.
    """

    branch: int
    run: int
    seq: int
    blocks: list[BlockHeader]
    events: list[Event]
    first_event: int
    ack: bool
    kind: Literal["frame"] = "frame"


@dataclass(frozen=True)
class Snapshot:
    """All rows so far, perhaps thinned, for client `to` (acknowledged by it like a frame) or, with "", in the trait.

    `total_rows` says for every table how many rows it stands for: the next frame goes on there. As bytes: header length
    as little-endian uint32, header as UTF-8 JSON padded with spaces so that the numbers begin at a multiple of 4, then
    the buffers one after the other. The trait `snapshot` holds those of all branches, one after the other.
    """

    branch: int
    run: int
    seq: int
    blocks: list[BlockHeader]
    events: list[Event]
    first_event: int
    to: str
    thinned: bool
    total_rows: dict[str, int]
    kind: Literal["snapshot"] = "snapshot"


@dataclass(frozen=True)
class ArrayHeader:
    """Shape of one array of float32 numbers, row after row."""

    name: str
    shape: list[int]


@dataclass(frozen=True)
class Survey:
    """What the command `id` asked of the engine beside the recording: facts, words, and one buffer an array.

    It may come several times while the work goes on, of which `share` is done; the last one holds all.
    """

    branch: int
    run: int
    id: str
    topic: str
    step: int
    share: float
    facts: dict[str, float | None]
    words: dict[str, str]
    arrays: list[ArrayHeader]
    kind: Literal["survey"] = "survey"


@dataclass(frozen=True)
class Reply:
    """Answer to a command; `step` is the first optimizer step that uses a new value, or the first of a fork's own.

    With the id of a client it answers a hello that cannot be fulfilled: the message says why, for people.
    """

    branch: int
    id: str
    ok: bool
    message: str
    step: int | None
    kind: Literal["reply"] = "reply"


@dataclass(frozen=True)
class Hello:
    """A client is there, and holds so many rows of every table of run `run`."""

    branch: int
    client: str
    protocol: int
    run: int | None
    rows: dict[str, int]
    kind: Literal["hello"] = "hello"


@dataclass(frozen=True)
class Ack:
    """Frame `seq`, and all before it, have been drawn."""

    branch: int
    client: str
    seq: int
    kind: Literal["ack"] = "ack"


@dataclass(frozen=True)
class Bye:
    """A client has gone."""

    branch: int
    client: str
    kind: Literal["bye"] = "bye"


@dataclass(frozen=True)
class Command:
    """A wish.

    step {"n": 1}; set {"learning_rate": 0.7}; undo, the last change; schedule {"kind": "cosine", …its parameters};
    extend {"steps": 600}; reset {"start": [3.2, 0.1]} or {}; fork {"at": 159, "learning_rate": 0.6}, both optional;
    edit {"name": …, "colour": …, "hidden": …} and remove, of a branch; survey {"topic": …, …}; cancel {"id": …}, a survey.
    Of a training loop that is watched: forecast {"steps": 200}, by rod flow; measure {"share": 0.1} or {"every": 10}.
    """

    branch: int
    client: str
    id: str
    name: CommandName
    args: dict[str, Any]
    kind: Literal["command"] = "command"


TO_PAGE = (Frame, Snapshot, Survey, Reply)
TO_KERNEL = (Hello, Ack, Bye, Command)
