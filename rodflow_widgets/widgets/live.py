"""The live view of a run."""

from __future__ import annotations

import contextlib
import json
import weakref
from collections.abc import Sequence
from typing import Any

import anywidget
import traitlets

from ..session import Run, RunSpec
from ..session.spec import PROCESSES, refuse
from ..wire.codec import content
from ..wire.messages import PROTOCOL
from ..wire.pacer import Pacer
from . import bundle, cells
from .feed import Feed
from .sender import SENDER
from .still import CSS, LIVE_CLASS, Still


class Live(anywidget.AnyWidget):
    """A run, drawn while it goes, with controls; the picture at the end stays in a saved notebook.

    The kernel owns all state: traits go to the page only, new rows are messages, and the page's wishes are commands of
    `run`. Closing the widget stops the run and keeps its recording.

    Args:
        run: what is shown.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    protocol = traitlets.Int(PROTOCOL).tag(sync=True)
    spec = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)
    snapshot = traitlets.Bytes(b"").tag(sync=True)

    def __init__(self, run: Run) -> None:
        self.run = run
        self._feed = Feed(run, weakref.ref(self), Pacer(SENDER.budget), SENDER.wake)
        self._still = Still(run)
        super().__init__(spec=plain(run.recording.spec), status=plain(content(self._feed.status())))
        self.add_class(LIVE_CLASS)
        self.on_msg(Live._receive)
        self._route()
        cells.replace(self)
        SENDER.add(self._feed)

    @traitlets.default("_esm")
    def _read_esm(self) -> str:
        return bundle.read("live.js")

    @traitlets.default("_css")
    def _read_css(self) -> str:
        return bundle.read("live.css") + CSS

    def show(self, **traits: Any) -> None:
        """Set traits; called by the sender only."""
        with self.hold_sync():
            for name, value in traits.items():
                self.set_trait(name, value if isinstance(value, bytes) else plain(value))

    def close(self) -> None:
        """Take the view off the page and stop the run; `run.recording` stays."""
        feed = self.__dict__.get("_feed")
        if feed is not None and self.comm is not None:
            SENDER.remove(feed)
            feed.close()
            self._still.close()
            if not self.run.status.ended:
                self.run.submit("stop", {})
        super().close()

    def follow(self, displays: tuple[str, ...]) -> None:
        """Keep the picture for a saved notebook in outputs that others have published."""
        self._still.follow(displays)

    def _receive(self, message: dict[str, Any], buffers: list[Any]) -> None:
        self._feed.receive(message)

    def _route(self) -> None:
        """Let the page's messages be handled while a cell of the notebook is busy, e.g. waiting for this run.

        ipykernel sends them to the shell that last published on the comm, which is the one that is busy.
        """
        if hasattr(self.comm, "_reply_subshell_for"):
            self.comm._reply_subshell_for = lambda data, default: default
        if hasattr(self.comm, "on_close"):
            page = weakref.ref(self)
            self.comm.on_close(lambda message: _close(page))

    def _ipython_display_(self) -> None:
        from IPython.display import publish_display_data

        data = self._repr_mimebundle_() if self.comm is not None else None
        if data is None:
            publish_display_data({"text/plain": f"{self!r}, closed: run the cell that made it again"})
            return
        publish_display_data(*data)
        self._still.display()

    def __repr__(self) -> str:
        spec = self.run.recording.spec
        return f"<Live: {spec['optimizer']['label']} on {spec['problem']['name']}; {self.run.status}>"


def compare(
    problem: Any,
    optimizer: Any,
    processes: Sequence[Any] = PROCESSES,
    *,
    steps: int = 1000,
    start: int | None = None,
    eigenvalues: int = 1,
    every: int = 1,
    snapshots: Sequence[int] = (),
    seed: int = 0,
    progress: bool = True,
    autostart: bool = True,
    **unknown: Any,
) -> Live:
    """Run optimizer and flows side by side in a live view.

    Args:
        problem: the loss that is minimised.
        optimizer: of `rodflow_widgets.optimizers`.
        processes: names or objects; each is found in the recording under its name.
        steps: optimizer steps; rows are measured at times 0 to steps.
        start: step at which the flows are initialised; None takes the optimizer's default.
        eigenvalues: how many of the largest Hessian eigenvalues are recorded.
        every: steps between two measured rows.
        snapshots: steps at which parameter vectors are kept.
        seed: of everything random.
        progress: taken so that the arguments of `simulate` fit here too; the view shows the progress anyway.
        autostart: begin at once; else wait for the page's button or `live.run.start()`.
        **unknown: refused, with the nearest name as a hint.

    Returns:
        A widget; `.run` has pause, resume, step, stop, set, reset, extend, wait, status and recording.

    Raises:
        RodflowError: an argument cannot work; raised before anything runs.
    """
    refuse(unknown, compare)
    run = Run(RunSpec(problem, optimizer, processes, steps, start, eigenvalues, every, snapshots, seed))
    live = Live(run)
    if autostart:
        run.start()
    return live


def plain(value: Any) -> Any:
    """JSON data as the page will have it; fails here rather than in the page on NaN, which is no JSON."""
    return json.loads(json.dumps(value, allow_nan=False))


def _close(page: weakref.ref[Live]) -> None:
    live = page()
    if live is not None:
        with contextlib.suppress(Exception):  # the comm is already gone
            live.close()
