"""The live view of runs and their forks."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import typing
import weakref
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import anywidget
import traitlets

from ..errors import ArgumentError, RunError, unknown
from ..session import Shown, Watch
from ..wire.codec import content
from ..wire.messages import PROTOCOL, PanelName
from . import bundle, cells, host
from .branches import MOST, Branch, Branches
from .control import CONTROL, Entry, Kind
from .saved import CSS, LIVE_CLASS
from .sender import SENDER
from .steered import Steered
from .still import Places, Still

PANELS: tuple[str, ...] = typing.get_args(PanelName)
_lives: weakref.WeakSet[Live] = weakref.WeakSet()


class Live(Steered, anywidget.AnyWidget):
    """A run, drawn while it goes, with controls; the picture at the end stays in a saved notebook.

    The kernel owns all state: traits go to the page, new rows are messages, and the page's wishes are commands of a run.
    Closing the widget stops the runs and keeps their recordings. Its traits `step` (of the run, not of its forks),
    `status` ("running", "paused", …) and `learning_rate` may be observed and linked; setting `learning_rate` steers the
    run as `run.set` does.

    Args:
        run: what is shown.
        panels: names of what is shown, in order: loss, sharpness, eigenvalues, distance, rod_length, learning_rate,
            grad_norm, critical_directions, trajectory, spectrum. None leaves it to the page, where it may be changed.
        beside: further runs, drawn over the first under their names.

    Raises:
        ArgumentError: more than eight runs, whose colours could not be told apart.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    protocol = traitlets.Int(PROTOCOL).tag(sync=True)
    panels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    directions = traitlets.List(traitlets.Unicode()).tag(sync=True)
    branches = traitlets.List(traitlets.Dict()).tag(sync=True)
    statuses = traitlets.Dict().tag(sync=True)
    snapshot = traitlets.Bytes(b"").tag(sync=True)

    def __init__(self, run: Shown, panels: Sequence[str] | None = None, *, beside: Sequence[Shown] = ()) -> None:
        self.run = run
        shown = check_panels(panels)
        if len(beside) >= MOST:
            raise ArgumentError(
                f"{len(beside) + 1} runs are too many for one view, whose colours tell {MOST} apart: give fewer."
            )
        self._branches = branches = Branches(weakref.ref(self), SENDER.budget, SENDER.wake)
        drawn = [branches.add(each) for each in (run, *beside)]
        self._snapshots: dict[int, bytes] = {}
        self._turn = threading.RLock()
        self._still = Still(run, lambda: traits(shown, branches))
        super().__init__(
            panels=list(shown),
            branches=[plain(branch.describe()) for branch in drawn],
            statuses={str(branch.id): plain(content(branch.feed.status())) for branch in drawn},
            learning_rate=run.values["learning_rate"],
        )
        self._own_layout = self.layout
        self.add_class(LIVE_CLASS)
        self.add_class(f"rodflow-view-{self.model_id}")
        self.on_msg(Live._receive)
        self._route()
        cells.replace(self)
        CONTROL.add(self)
        for branch in drawn:
            SENDER.add(branch.feed)
        for each in beside:
            self._still.add(each)
        _lives.add(self)

    @traitlets.default("_esm")
    def _read_esm(self) -> str:
        return bundle.read("live.js")

    @traitlets.default("_css")
    def _read_css(self) -> str:
        return bundle.read("live.css") + CSS

    def notify_change(self, change: Any) -> None:
        """What another thread sets waits until the sender has told what it holds: a held change belongs to one of them."""
        with self._turn:
            super().notify_change(change)

    # ------------------------------------------------------------------ for people

    @property
    def runs(self) -> dict[str, Shown]:
        """All that are drawn, by name: the run, those beside it, forks."""
        return {branch.name: branch.run for branch in self._branches}

    def listed(self) -> Iterator[Entry]:
        """The runs that the side panel of JupyterLab lists: all that can be told something, while the view is open."""
        for branch in self._branches if self.comm is not None else ():
            if branch.run.commands:
                kind: Kind = "loop" if isinstance(branch.run, Watch) else branch.kind
                yield Entry(f"{self.model_id} {branch.id}", self.model_id, kind, branch.name, branch.run)

    def fork(self, *, at: int | None = None, name: str | None = None, of: str | None = None, **changes: float) -> Shown:
        """Start a second run from a state of the first, drawn over it.

        Args:
            at: step of the state; None is the present one. What came before is computed again from a kept state.
            name: of the fork, shown beside it; None is "fork at …".
            of: name of the run to fork; None is the first.
            changes: hyperparameters of the fork, e.g. learning_rate=0.6.

        Raises:
            ArgumentError, UnknownNameError, RunError: it cannot be forked so; nothing has changed.
        """
        parent = self._branches[0] if of is None else self._branches.named(of)
        return self._fork(parent, at, name, changes).run

    def edit(self, branch: str, **changes: Any) -> None:
        """Rename, colour, hide or show one of `runs`: name="…", colour="#c63b08", hidden=True."""
        self.wish(self._branches.named(branch).id, "edit", changes)

    def remove(self, branch: str) -> None:
        """Take one of `runs` but the first off the view, and stop it; its recording stays with whoever holds the run."""
        self.wish(self._branches.named(branch).id, "remove", {})

    def add_direction(self, name: str, vector: Any) -> None:
        """Offer a direction of the parameters for the plane of the Trajectory view.

        Args:
            name: under which it is offered there.
            vector: [p], of any length but 0.

        Raises:
            ArgumentError: a name that is taken or empty, or a vector that does not fit.
        """
        from ..engine.curvature.operator import vector as checked
        from ..engine.surveys.directions import NAMES

        if not name.strip() or name in NAMES or re.fullmatch(r"eigenvector \d+", name):
            raise ArgumentError(f"name={name!r} is not usable: give one that is not empty and not a direction already.")
        problem = self.run.problem
        given = checked("vector", vector, problem, (problem.dim,))
        if not bool(given.any()):
            raise ArgumentError("vector is zero everywhere: give a direction.")
        with self._turn:
            self._branches.vectors[name] = given
            self.directions = list(self._branches.vectors)

    def close(self) -> None:
        """Take the view off the page and stop its runs; their recordings stay."""
        if "_branches" not in self.__dict__:
            super().close()
            return
        with self._turn:
            if self.comm is not None:
                for branch in self._branches:
                    self._end(branch)
                self._still.close()
                self._own_layout.close()
            super().close()

    # ------------------------------------------------------------------ for the sender

    def show(self, branch: int, **what: Any) -> None:
        """Tell the page of a branch: spec, status, snapshot; called by the sender only."""
        with self._turn, self.hold_sync():
            if branch not in self._branches:
                return
            if "spec" in what:
                self._list()
            if "status" in what:
                self.statuses = {**self.statuses, str(branch): plain(what["status"])}
                if branch == 0:
                    self._tell(what["status"])
            if "snapshot" in what:
                self._snapshots[branch] = what["snapshot"]
                self.snapshot = b"".join(self._snapshots.values())

    def wish(self, branch: int, name: str, args: dict[str, Any]) -> int | None:
        """Do what concerns the view rather than a run: fork, forecast, edit or remove a branch."""
        if name == "fork":
            changes = dict(args)
            at, title = changes.pop("at", None), changes.pop("name", None)
            return self._fork(self._branches[branch], at, title, changes).step
        if name == "forecast":
            return self._forecast(self._branches[branch], args)
        with self._turn, self.hold_sync():
            if name == "edit":
                self._branches.edit(branch, **args)
            else:
                self._end(self._branches.remove(branch))
                self._snapshots.pop(branch, None)
                self.statuses = {key: status for key, status in self.statuses.items() if key != str(branch)}
            self._list()
        return None

    def follow(self, places: Places) -> None:
        """Keep the picture for a saved notebook in outputs that others publish."""
        self._still.follow(places)

    def _fork(self, parent: Branch, at: int | None, name: str | None, changes: dict[str, Any]) -> Branch:
        self._refuse_if_closed()
        run = parent.run.fork(at=at, **changes)
        with self._turn, self.hold_sync():
            branch = self._draw(run, name, parent.id, "fork")
            run.start()
        return branch

    def adopt(self, forecast: Shown) -> None:
        """Draw a forecast of the first run over it."""
        with self._turn, self.hold_sync():
            self._draw(forecast, None, 0, "forecast")

    def _forecast(self, of: Branch, args: dict[str, Any]) -> int:
        """Have a forecast made, which comes back through `adopt`."""
        if not isinstance(of.run, Watch):
            raise RunError(f"There is no forecast of {of.name!r}: it is a run itself. fork() it.")
        step: int = of.run.forecast(**args).recording.spec["parent"]["step"]
        return step

    def _draw(self, run: Shown, name: str | None, parent: int, kind: Literal["fork", "forecast"]) -> Branch:
        """Take a run in as a branch, from the step on where it leaves its parent."""
        self._refuse_if_closed()
        branch = self._branches.add(run, name, parent, run.recording.spec["parent"]["step"], kind)
        self.statuses = {**self.statuses, str(branch.id): plain(content(branch.feed.status()))}
        self._list()
        SENDER.add(branch.feed)
        self._still.add(run)
        return branch

    def _refuse_if_closed(self) -> None:
        if self.comm is None:
            raise RunError("This view was closed: run the cell that made it again, or fork its run.")

    def _end(self, branch: Branch) -> None:
        SENDER.remove(branch.feed)
        self._still.remove(branch.run)
        branch.feed.close()
        if "stop" in branch.run.commands and not branch.run.status.ended:
            branch.run.submit("stop", {})

    def _list(self) -> None:
        self.branches = [plain(branch.describe()) for branch in self._branches]

    # ------------------------------------------------------------------ messages and display

    def _receive(self, message: dict[str, Any], buffers: list[Any]) -> None:
        identity = message.get("branch", 0)
        if identity in self._branches:
            self._branches[identity].feed.receive(message)

    def _route(self) -> None:
        """Hear the page while a cell is busy, and when it has gone."""
        host.while_busy(self.comm)
        page = weakref.ref(self)
        host.on_close(self.comm, lambda: _close(page))

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
        forks = "".join(f"; {name}: {run.status}" for name, run in list(self.runs.items())[1:])
        return f"<Live: {spec['optimizer']['label']} on {spec['problem']['name']}; {self.run.status}{forks}>"


def lives() -> list[Live]:
    """The views of this kernel that are not closed."""
    return [live for live in _lives if live.comm is not None]


def check_panels(panels: Sequence[str] | None) -> tuple[str, ...]:
    """The names of panels as they were given, or none for None.

    Raises:
        UnknownNameError: no such panel, with the nearest one.
        ArgumentError: none at all, or one twice.
    """
    if panels is None:
        return ()
    names = (panels,) if isinstance(panels, str) else tuple(panels)
    for name in names:
        if name not in PANELS:
            raise unknown("panel", name, PANELS)
    if not names or len(set(names)) < len(names):
        raise ArgumentError(f"panels={panels!r} is not usable: name at least one panel, and none twice.")
    return names


def traits(panels: Sequence[str], branches: Branches) -> dict[str, Any]:
    """What the page is told of runs that hold still now; any thread."""
    shown = tuple(branches)
    return {
        "protocol": PROTOCOL,
        "panels": list(panels),
        "branches": [plain(branch.describe()) for branch in shown],
        "statuses": {str(branch.id): plain(content(branch.feed.status())) for branch in shown},
        "snapshot": b"".join(branch.feed.snapshot() for branch in shown),
    }


def plain(value: Any) -> Any:
    """JSON data as the page will have it; fails here rather than in the page on NaN, which is no JSON."""
    return json.loads(json.dumps(value, allow_nan=False))


def _close(page: weakref.ref[Live]) -> None:
    live = page()
    if live is not None:
        with contextlib.suppress(Exception):  # the comm is already gone
            live.close()
