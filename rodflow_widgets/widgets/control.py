"""The kernel's side of the side panel in JupyterLab: which runs there are, how they stand, and their pause and resume.

The page opens a comm of the target `rodflow.control` on the kernel connection that its notebook has. Only while such a
comm is open a thread looks at the runs, twice a second, and sends what has changed, if the page has seen what it was sent
before. So a kernel without a panel sends nothing, one whose page has gone falls silent and soon forgets it, and runs know
nothing of panels.
A page that comes later finds out by the beacon, a comm that is listed and says nothing.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from ..errors import ArgumentError, RodflowError
from ..session import Shown
from ..wire.codec import content
from ..wire.messages import PROTOCOL
from ..wire.panel import PanelReply, PanelRun, PanelRuns

log = logging.getLogger(__name__)

TARGET = "rodflow.control"
BEACON = "rodflow.beacon"
SECONDS = 0.5
GONE_SECONDS = 20.0
"""A page says something every eleven seconds at least; one that has been silent for so long is not there any more."""
POINTS = 48
STEERING: tuple[Literal["pause", "resume"], ...] = ("pause", "resume")
Kind = Literal["run", "fork", "forecast", "loop"]


@dataclass(frozen=True)
class Entry:
    """A run with its place in the panel.

    id: of the run, as long as it is listed.
    view: model of the live view that shows it; "" where none does.
    """

    id: str
    view: str
    kind: Kind
    name: str
    run: Shown


class Lister(Protocol):
    """Something that has runs for the panel."""

    def listed(self) -> Iterable[Entry]: ...


class Panel:
    """What one side panel has been told; it is told nothing while it owes a sign that it has seen the last message."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self.replies: deque[PanelReply] = deque()
        self.heard = time.monotonic()
        self._send = send
        self._seq = 0
        self.hello(PROTOCOL)

    def hello(self, protocol: Any) -> None:
        """The page knows nothing, and waits; one that speaks another protocol is told so, and nothing else."""
        self._foreign = protocol != PROTOCOL
        if self._foreign:
            self.replies.append(PanelReply("", False, _foreign(protocol)))
        self._told: dict[str, PanelRun] = {}
        self._order: list[str] | None = None
        self._owes = False
        self.waits = True

    def seen(self, seq: int) -> None:
        """Message `seq`, and all before it, have been seen."""
        self._owes = self._owes and seq < self._seq

    def answer(self) -> None:
        """Send the replies that are due."""
        while self.replies:
            self._send(content(self.replies.popleft()))

    def tell(self, runs: list[PanelRun]) -> None:
        """Send what is new of all `runs`."""
        if self._owes or self._foreign:
            self.waits = False
            return
        order = [run.id for run in runs]
        changed = [run for run in runs if self._told.get(run.id) != run]
        if changed or order != self._order:
            self._seq += 1
            self._send(content(PanelRuns(self._seq, order, changed)))
            self._owes = True
            self._told, self._order = {run.id: run for run in runs}, order
        self.waits = False


class Control:
    """All that can be listed in this kernel, and the panels that listen.

    Args:
        gone: seconds of silence after which a page is given up, without a word, which other pages would hear and not
            understand; it is listened to again when it says something after all.
    """

    def __init__(self, gone: float = GONE_SECONDS) -> None:
        self._gone = gone
        self._listers: list[weakref.ref[Lister]] = []
        self._panels: dict[str, Panel] = {}
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._thread: threading.Thread | None = None
        self._beacon: Any = None

    def add(self, lister: Lister) -> None:
        """List the runs of `lister` as long as it is there."""
        with self._lock:
            self._listers = [*(held for held in self._listers if held() is not None), weakref.ref(lister)]
        self._offer()

    @property
    def entries(self) -> list[Entry]:
        """What is listed now, in the order of its making."""
        found = [lister() for lister in self._listers]
        return [entry for lister in found if lister is not None for entry in lister.listed()]

    def _offer(self) -> None:
        """Let pages find out that there is something to ask for; in a Jupyter kernel only."""
        from IPython import get_ipython

        if self._beacon is not None or not hasattr(getattr(get_ipython(), "kernel", None), "comm_manager"):
            return
        import comm

        manager = comm.get_comm_manager()
        manager.register_target(TARGET, self.opened)
        # Not the one that opens: it is in the list that pages ask for, and no message tells them of it.
        self._beacon = comm.create_comm(target_name=BEACON, primary=False)
        manager.register_comm(self._beacon)

    # ------------------------------------------------------------------ from pages

    def opened(self, comm: Any, message: dict[str, Any]) -> None:
        """A page has opened `comm`, with a hello as its data."""
        if hasattr(comm, "_reply_subshell_for"):  # answers while a cell is busy, as Live._route says
            comm._reply_subshell_for = lambda data, default: default
        panel = Panel(comm.send)

        def receive(heard: dict[str, Any]) -> None:
            self._receive(panel, heard["content"]["data"])
            self._attend(comm.comm_id, panel)

        comm.on_msg(receive)
        comm.on_close(lambda heard: self._closed(comm.comm_id))
        receive(message)

    def _attend(self, identity: str, panel: Panel) -> None:
        with self._lock:
            self._panels[identity] = panel
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="rodflow-control", daemon=True)
                self._thread.start()

    def _closed(self, identity: str) -> None:
        with self._lock:
            self._panels.pop(identity, None)
        self._news.set()

    def _receive(self, panel: Panel, message: dict[str, Any]) -> None:
        panel.heard = time.monotonic()
        kind = message.get("kind")
        if kind == "panel-hello":
            panel.hello(message.get("protocol"))
        elif kind == "panel-seen":
            panel.seen(int(message["seq"]))
            return
        elif kind == "panel-command":
            self._command(panel, str(message.get("id", "")), str(message.get("run", "")), str(message.get("name", "")))
        self._news.set()

    def _command(self, panel: Panel, identity: str, run: str, name: str) -> None:
        def done(future: Future[Any]) -> None:
            error = None if future.cancelled() else future.exception()
            panel.replies.append(PanelReply(identity, error is None, "" if error is None else str(error)))
            self._news.set()

        try:
            self._named(run, name).submit(name, {}).add_done_callback(done)
        except RodflowError as error:
            panel.replies.append(PanelReply(identity, False, str(error)))

    def _named(self, identity: str, name: str) -> Shown:
        for entry in self.entries:
            if entry.id == identity and name in STEERING and name in entry.run.commands:
                return entry.run
        raise ArgumentError(f"{name}={identity!r} is not possible: there is no such run any more.")

    # ------------------------------------------------------------------ to pages

    def _work(self) -> None:
        last = 0.0
        while True:
            self._give_up()
            with self._lock:
                panels = tuple(self._panels.values())
                if not panels:
                    self._thread = None
                    return
            due = time.monotonic() - last >= SECONDS or any(panel.waits for panel in panels)
            if due:
                last = time.monotonic()
            try:
                self._pump(panels, due)
            except Exception:
                log.exception("Telling the side panel of the runs failed; it asks again.")
            self._news.wait(SECONDS)
            self._news.clear()

    def _give_up(self) -> None:
        """Forget the panels whose pages have gone without a word."""
        with self._lock:
            self._panels = {
                identity: panel
                for identity, panel in self._panels.items()
                if time.monotonic() - panel.heard <= self._gone
            }

    def _pump(self, panels: Iterable[Panel], due: bool) -> None:
        runs = [described(entry) for entry in self.entries] if due else []
        for panel in panels:
            panel.answer()
            if due:
                panel.tell(runs)


def described(entry: Entry) -> PanelRun:
    """How a run stands, as a line of the panel."""
    run, recording, status = entry.run, entry.run.recording, entry.run.status
    ratios = _ratios(recording)
    known = [value for value in ratios if value is not None]
    return PanelRun(
        id=entry.id,
        view=entry.view,
        kind=entry.kind,
        name=entry.name,
        problem=recording.spec["problem"]["name"],
        optimizer=recording.spec["optimizer"]["label"],
        state=status.state,
        step=status.step,
        steps=run.steps,
        sentence=status.sentence,
        ratio=known[-1] if known else None,
        line=ratios,
        commands=[name for name in STEERING if name in run.commands],
    )


def _ratios(recording: Any) -> list[float | None]:
    """Sharpness / edge of the iterates, or else of the first process that has it, at up to POINTS rows from first to last."""
    tables = sorted(recording.tables, key=lambda table: table.name != "discrete")
    for table in tables:
        if "sharpness_ratio" in table:
            values = table["sharpness_ratio"]
            rows = np.unique(np.linspace(0, len(values) - 1, min(len(values), POINTS)).round().astype(int))
            return [float(f"{value:.4g}") if np.isfinite(value) else None for value in values[rows]]
    return []


def _foreign(protocol: Any) -> str:
    return (
        f"This panel speaks protocol {protocol}, the kernel {PROTOCOL}: install one version of rodflow_widgets for "
        "JupyterLab and for the kernel, and reload the page."
    )


CONTROL = Control()
