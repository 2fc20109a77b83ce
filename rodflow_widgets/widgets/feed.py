"""What goes between one run and its pages, on a clock that the caller reads."""

from __future__ import annotations

import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import asdict
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from ..recording import Chunk, Cursor, Table, envelope
from ..session import Shown
from ..wire import codec
from ..wire.messages import (
    PROTOCOL,
    BlockHeader,
    Cost,
    Failure,
    Frame,
    ProcessStatus,
    Reply,
    RunStatus,
    Saving,
    Snapshot,
)
from ..wire.pacer import Pacer
from .asked import Asked

log = logging.getLogger(__name__)

STATUS_SECONDS = 1.0
ANSWER_SECONDS = 0.75
HELLO_ROWS = 20_000
TRAIT_ROWS = 1_200
WIDGETS_OWN = ("edit", "remove")


class Page(Protocol):
    """Where feeds send: custom messages, and what traits say of a branch; and what pages wish of the widget itself."""

    def send(self, content: dict[str, Any], buffers: list[bytes]) -> None: ...

    def show(self, branch: int, **what: Any) -> None: ...

    def wish(self, branch: int, name: str, args: dict[str, Any]) -> int | None: ...


class Feed:
    """Turns what a run records into frames, and what pages say into commands.

    Pages and the worker only enqueue and call `wake`; everything else happens in `pump`, on one thread.

    Args:
        run: read through a cursor of its own.
        page: asked for at every use, and None when it has gone.
        pacer: says when a frame may go.
        wake: makes somebody call `pump` soon.
        branch: number of the run within its widget.
        vectors: directions that a page may ask for by name.
    """

    def __init__(
        self,
        run: Shown,
        page: Callable[[], Page | None],
        pacer: Pacer,
        wake: Callable[[], None],
        branch: int = 0,
        vectors: Mapping[str, Any] | None = None,
    ) -> None:
        self.run, self.branch = run, branch
        self._page, self._pacer, self._wake = page, pacer, wake
        self._inbox: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._replies: deque[Reply] = deque()
        self._greeted: list[str] = []
        self._foreign: dict[str, str] = {}
        self._silent = False
        self._seq = 0
        self._status: dict[str, Any] = {}
        self._told: tuple[Any, ...] = ()
        self._commanded = -math.inf
        self._status_time = -math.inf
        self._kept: tuple[Any, ...] = ()
        self._asked = Asked(run, wake, {} if vectors is None else vectors)
        self._described = (run.commands, run.notes)
        self._follow()
        self._forget = run.on_change(wake)

    def receive(self, content: dict[str, Any]) -> None:
        """Take a message of a page; any thread."""
        self._inbox.put(content)
        self._wake()

    def close(self) -> None:
        self._forget()
        self._asked.close()

    def pump(self, now: float) -> float:
        """Do all that may be done at time `now`; returns seconds until there may be more without a call of `wake`."""
        page = self._page()
        if page is None:
            return math.inf
        self._read(now)
        if self._silent:
            return math.inf
        if self.run.number != self._number:
            self._follow()
            page.show(self.branch, spec=self._cursor.recording.spec, snapshot=b"")
        described = (self.run.commands, self.run.notes)
        if described != self._described:
            self._described = described
            page.show(self.branch, spec=self._cursor.recording.spec)
        self._answer(page, now)
        self._greet(page, now)
        waits = [self._flush(page, now), self._say_status(page, now)]
        self._keep(page, now)
        return min(waits)

    def lost(self) -> None:
        """Sending has failed: be silent until a page is heard of, which then asks for what it misses."""
        self._silent = True
        self._status, self._told, self._kept = {}, (), ()

    # ------------------------------------------------------------------ from the page

    def _read(self, now: float) -> None:
        while True:
            try:
                message = self._inbox.get_nowait()
            except Empty:
                return
            self._silent = False
            try:
                self._take(message, now)
            except Exception:
                log.exception("A message of a page was left out, because it could not be read: %.200r", message)

    def _take(self, message: dict[str, Any], now: float) -> None:
        kind, client = message.get("kind"), str(message.get("client", ""))
        if kind == "hello":
            self._forget_client(client)
            if message.get("protocol") != PROTOCOL:
                self._foreign[client] = _foreign(message.get("protocol"))
                self._reply(client, False, self._foreign[client])
                return
            self._pacer.join(client)
            self._greeted.append(client)
        elif kind == "ack":
            self._pacer.ack(client, int(message["seq"]), now)
        elif kind == "bye":
            self._forget_client(client)
        elif kind == "command":
            self._commanded = now
            identity, name, args = str(message.get("id", "")), str(message.get("name", "")), message.get("args") or {}
            if client in self._foreign:
                self._reply(identity, False, self._foreign[client])
            else:
                self._command(identity, name, args)

    def _forget_client(self, client: str) -> None:
        self._pacer.leave(client)
        self._foreign.pop(client, None)
        self._greeted = [other for other in self._greeted if other != client]

    def _command(self, identity: str, name: str, args: dict[str, Any]) -> None:
        def done(future: Future[Any]) -> None:
            if future.cancelled():
                self._reply(identity, False, "")
                return
            error = future.exception()
            events = () if error is not None or name == "survey" else future.result()
            step = max((event.step for event in events), default=None)
            self._reply(identity, error is None, "" if error is None else str(error), step)

        try:
            if name == "survey":
                self._asked.ask(identity, args).add_done_callback(done)
            elif name == "cancel":
                self._asked.cancel(str(args.get("id", "")))
                self._reply(identity, True)
            elif name in ("fork", "forecast"):
                # It waits for the worker or the loop, and may compute what came before it: not on the thread that sends.
                threading.Thread(
                    target=self._wish, args=(identity, name, args), name="rodflow-wish", daemon=True
                ).start()
            elif name in WIDGETS_OWN:
                self._wish(identity, name, args)
            else:
                self.run.submit(name, args).add_done_callback(done)
        except Exception as error:  # the page waits for an answer, whatever was wrong
            self._reply(identity, False, str(error))

    def _wish(self, identity: str, name: str, args: dict[str, Any]) -> None:
        page = self._page()
        try:
            step = None if page is None else page.wish(self.branch, name, args)
        except Exception as error:
            self._reply(identity, False, str(error))
        else:
            self._reply(identity, True, step=step)

    def _reply(self, identity: str, ok: bool, message: str = "", step: int | None = None) -> None:
        self._replies.append(Reply(self.branch, identity, ok, message, step))
        self._wake()

    # ------------------------------------------------------------------ to the page

    def _follow(self) -> None:
        self._number = self.run.number
        self._cursor = Cursor(self.run.recording)

    def _answer(self, page: Page, now: float) -> None:
        """What surveys have found, then the replies that were there before: the last part comes before the answer."""
        due = len(self._replies)
        for message, buffers in self._asked.take(self.branch):
            page.send(codec.content(message), buffers)
            self._pacer.budget.spend(sum(map(len, buffers)), now)
        for _ in range(due):
            page.send(codec.content(self._replies[0]), [])
            self._replies.popleft()

    def _greet(self, page: Page, now: float) -> None:
        """Snapshots for those who said hello, which end where the next frame begins."""
        greeted, self._greeted = self._greeted, []
        if greeted and not set(self._pacer.awake(now)) - set(greeted):
            self._cursor.skip_to_end()
        for client in greeted:
            message, buffers = self._snapshot(client, HELLO_ROWS)
            page.send(codec.content(message), buffers)
            self._pacer.sent(message.seq, sum(map(len, buffers)), now, to=client)

    def _flush(self, page: Page, now: float) -> float:
        behind = self._cursor.behind or len(self._cursor.recording.events) > self._cursor.event
        if not behind:
            return math.inf
        urgent = self.run.status.state != "running" or now - self._commanded < ANSWER_SECONDS
        wait = self._pacer.wait(now, urgent)
        if wait > 0:
            return wait
        width = sum(column.width for table in self._cursor.recording.tables for column in table.described)
        # A page that does not answer is sent one row, which it answers if it is there, or misses those before.
        limit = max(1, int(self._pacer.budget.burst / (4 * width))) if self._pacer.awake(now) else 1
        first_event = self._cursor.event
        events = list(self._cursor.read_events())
        headers, buffers = _encode(self._cursor.read(limit))
        size = sum(map(len, buffers))
        asked = self._pacer.asks(size) or not self._pacer.awake(now)
        frame = Frame(self.branch, self._number, self._next(), headers, events, first_event, asked)
        page.send(codec.content(frame), buffers)
        self._pacer.sent(frame.seq, size, now, asked=asked)
        return self._pacer.wait(now, urgent) if self._cursor.behind else math.inf

    def _say_status(self, page: Page, now: float) -> float:
        """What traits say of the run: at once when the state is new or a value was changed, else once a second."""
        state, step = self.run.status.state, self.run.status.step
        saving, cost = self.run.saving, self.run.cost
        told = (
            self._number,
            state,
            len(self._cursor.recording.events),  # not the values: a schedule changes them at every step
            self.run.steps,
            self.run.failure,
            saving is not None and (saving.failing, state != "running" and saving.sentence),
            None if cost is None else (cost.limit, cost.every),  # as somebody has set them
            *(table.status.state for table in self._cursor.recording.tables),
        )
        wait = self._status_time + STATUS_SECONDS - now
        if wait > 0 and told == self._told:
            return wait if state == "running" or step != self._status["step"] else math.inf
        status = codec.content(self.status())
        if status == self._status:
            return math.inf
        self._status, self._status_time, self._told = status, now, told
        page.show(self.branch, status=status)
        return math.inf

    def _keep(self, page: Page, now: float) -> None:
        """The snapshot trait, once the run holds still: after the frames, so that it never overtakes them."""
        state = self.run.status.state
        if state in ("ready", "running") or (self._cursor.behind and self._pacer.awake(now)):
            return
        recording = self._cursor.recording
        kept = (self._number, state, len(recording.events), *map(len, recording.tables))
        if kept != self._kept:
            self._kept = kept
            data = self.snapshot()
            page.show(self.branch, snapshot=data)
            self._pacer.budget.spend(len(data), now)

    def status(self) -> RunStatus:
        """Where the run stands, as pages are told it."""
        run, recording = self.run, self._cursor.recording
        failure, factor = run.failure, run.edge_factor
        return RunStatus(
            state=run.status.state,
            step=run.status.step,
            steps=run.steps,
            sentence=run.status.sentence,
            speed=run.speed,
            recording_bytes=recording.nbytes,
            processes={
                t.name: ProcessStatus(t.status.state, t.status.step, t.status.sentence) for t in recording.tables
            },
            values=run.values,
            edge_factor=factor if math.isfinite(factor) else None,
            error=None if failure is None else Failure(failure.message, failure.traceback),
            seconds=round(run.seconds, 3),
            saving=None if run.saving is None else Saving(**asdict(run.saving)),
            cost=None if run.cost is None else Cost(**asdict(run.cost)),
        )

    def snapshot(self) -> bytes:
        """The recording thinned, as the trait holds it."""
        cursor = Cursor(self._cursor.recording)
        cursor.skip_to_end()
        return codec.pack(*self._thinned(cursor, "", TRAIT_ROWS, seq=0))

    def _snapshot(self, to: str, limit: int) -> tuple[Snapshot, list[bytes]]:
        return self._thinned(self._cursor, to, limit, seq=self._next())

    def _thinned(self, cursor: Cursor, to: str, limit: int, seq: int) -> tuple[Snapshot, list[bytes]]:
        tables = [(table, cursor.position[table.name]) for table in cursor.recording.tables]
        headers, buffers = _encode([_thin(table, rows, limit) for table, rows in tables])
        message = Snapshot(
            branch=self.branch,
            run=self._number,
            seq=seq,
            blocks=headers,
            events=list(cursor.recording.events[: cursor.event]),
            first_event=0,
            to=to,
            thinned=any(rows > limit for _, rows in tables),
            total_rows={table.name: rows for table, rows in tables},
        )
        return message, buffers

    def _next(self) -> int:
        self._seq += 1
        return self._seq


def _foreign(protocol: Any) -> str:
    return (
        f"This page speaks protocol {protocol}, the kernel {PROTOCOL}: reload the page, and run the cell again. "
        "If that does not help, install one version of rodflow_widgets for both."
    )


def _thin(table: Table, rows: int, limit: int) -> Chunk:
    columns = table.rows(0, rows)
    if rows > limit:
        kept = envelope(columns, limit)
        columns = {name: values[kept] for name, values in columns.items()}
    return Chunk(table.name, 0, columns)


def _encode(chunks: list[Chunk]) -> tuple[list[BlockHeader], list[bytes]]:
    pairs = [codec.encode_block(chunk.table, chunk.first_row, chunk.columns) for chunk in chunks]
    return [header for header, _ in pairs], [buffer for _, buffer in pairs]
