"""Many runs of one problem as one thing that runs, stops, goes on and is looked at."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import store
from ..errors import ArgumentError
from ..recording import Recording
from ..session.listeners import Listener, Listeners
from ..vocabulary import Status
from .board import ENDED, Board
from .crews import crew_of
from .described import described, planned, sketched
from .here import Crew, Here
from .memory import fitting
from .plan import Plan, Sketch
from .points import Axes, Point
from .standing import read, runs, standing, unfinished
from .summary import summary
from .written import Written

if TYPE_CHECKING:
    import numpy as np
    import pandas

log = logging.getLogger(__name__)
Described = tuple[Mapping[str, Any], Mapping[str, "np.ndarray"]]
_going: weakref.WeakSet[Sweep] = weakref.WeakSet()


class Sweep:
    """Runs that differ in hyperparameters, starting point or seed; `rf.sweep` makes it and `rf.load` reads it from disk.

    The runs are computed on a thread of their own, several as one batch where that is possible. Everything that was measured
    is in `recordings`, which may be read at any time from any thread.
    """

    def __init__(self, sketch: Sketch, plan: Plan | None, *, at_once: int, crew: Crew | None = None) -> None:
        self._plan = plan
        self._asked = self._at_once = at_once
        self._listeners = Listeners(Exception)
        self._lock = threading.RLock()
        self._board = Board(sketch, self._listeners.call)
        self._crew: Crew = crew or Here()
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()  # an interrupt while a thread is joined makes it look as if it had ended
        self._described: Described | None = None
        self._path: Path | None = None
        self._mark = ""
        if plan is not None:
            self._at_once = fitting(plan, at_once, self._crew.in_memory)
            self._board.arrange(plan, range(len(plan.points)), self._at_once, self._crew.hands)

    @staticmethod
    def of(plan: Plan, *, at_once: int, crew: Crew | None = None) -> Sweep:
        """A sweep that has not begun."""
        return Sweep(plan.sketch(), plan, at_once=at_once, crew=crew)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Sweep:
        """The sweep in the folder `path`, with everything that its runs have recorded; `resume` goes on with it.

        Raises:
            ArgumentError: there is none, it is damaged, or of a newer version.
        """
        place = Path(path).expanduser().absolute()
        mark = store.sweep_mark(place)
        content, arrays = store.read_sweep(place)
        made = Sweep(sketched(content, arrays), None, at_once=content["at_once"])
        made._described, made._path, made._mark = (content, arrays), place, mark
        read(made._board, place, content["statuses"])
        return made

    # ------------------------------------------------------------------ what it is and holds

    @property
    def points(self) -> tuple[Point, ...]:
        """What every run is, in order."""
        return self._board.sketch.points

    @property
    def axes(self) -> Axes:
        """What varies, a hyperparameter, "start" or "seed", with its distinct values in order."""
        return dict(self._board.sketch.axes)

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """What was measured, a recording a run, in order.

        They grow while they are computed in this process; one without rows has not begun. A run that has to begin again has
        another recording from then on.
        """
        return tuple(self._board.recordings)

    @property
    def errors(self) -> dict[int, str]:
        """Number of a run that failed -> what was raised in it."""
        return dict(self._board.errors)

    @property
    def steps(self) -> int:
        """Optimizer steps of every run."""
        return self._board.sketch.steps

    @property
    def at_once(self) -> int:
        """The most runs in one batch: what was asked for, or what there is memory for."""
        return self._at_once

    @property
    def path(self) -> Path | None:
        """The folder that it is written to, if it is."""
        return self._path

    @property
    def status(self) -> Status:
        """Where it stands: ready, running, stopped, finished, or error where every run failed; `step` counts runs that ended."""
        return standing(self._board, self._running)

    @property
    def _running(self) -> bool:
        return self._thread is not None

    # ------------------------------------------------------------------ what it does

    def resume(
        self,
        *,
        problem: Any = None,
        optimizer: Any = None,
        processes: Any = None,
        failed: bool = False,
        workers: int | None = None,
        client: Any = None,
        executor: Any = None,
    ) -> Status:
        """Go on with what is not done, and return at once; `wait` waits for it.

        What was stopped in this process goes on exactly where it was. Of a sweep that was read from disk, runs that have ended
        stay as they are; of the others those that have a checkpoint, which a run computed alone has, go on from it, and the
        rest begins again.

        Args:
            problem: of a sweep from disk, where it is one of your own; None makes one of `rf.problems` again.
            optimizer, processes: likewise, where a rule or a flow is your own.
            failed: run those that failed once more, too.
            workers, client, executor: who computes from now on, as for `rf.sweep`; None leaves it as it was.

        Raises:
            ArgumentError: another problem, something of one's own is missing, or another process writes to the folder.
        """
        with self._lock:
            if self._running:
                return self.status
            crew = crew_of(workers, client, executor)
            board = self._board
            if crew is not None:
                self._crew.leave(board)
                self._crew = crew
            plan = self._planned(problem, optimizer, processes)
            self._crew.prepare(plan)
            if failed:
                board.add(sorted(board.errors), self._at_once, self._crew.hands)
            if not board.todo and self._crew.idle:
                return self.status
            self._open(plan)
            board.stopping.clear()
            board.trouble = ""
            self._ended = threading.Event()
            self._thread = threading.Thread(target=self._work, name="rodflow-sweep", daemon=True)
            _going.add(self)
            self._thread.start()
        return self.status

    def _planned(self, problem: Any, optimizer: Any, processes: Any) -> Plan:
        if self._plan is None:
            assert self._described is not None
            self._plan = planned(*self._described, problem, optimizer, processes)
            self._at_once = fitting(self._plan, self._asked, self._crew.in_memory)
            left, on = unfinished(self._board, self._path)
            self._board.arrange(self._plan, left, self._at_once, self._crew.hands, on)
        return self._plan

    def _open(self, plan: Plan) -> None:
        """Have the folder, if there is one, as it was left."""
        if self._path is None or self._board.disk is not None:
            return
        folder = store.SweepFolder.of(self._path)
        if store.sweep_mark(self._path) != self._mark:
            folder.release()
            raise ArgumentError(f"path={str(self._path)!r} has gone on elsewhere since it was read: rf.load it again.")
        self._board.disk = Written(folder, self._describe(plan)[0])

    def _describe(self, plan: Plan) -> Described:
        if self._described is None:
            self._described = described(plan, self._asked)
        return self._described

    def keep(self, path: str | os.PathLike[str], overwrite: bool) -> None:
        """Write it to a folder from now on; before it begins."""
        assert self._plan is not None
        content, arrays = self._describe(self._plan)
        statuses = [asdict(recording.status) for recording in self.recordings]
        folder = store.SweepFolder.made(path, {**content, "statuses": statuses}, arrays, overwrite=overwrite)
        self._path = folder.path
        self._board.disk = Written(folder, content)

    def save(self, path: str | os.PathLike[str], overwrite: bool = False) -> Path:
        """Write everything as it is now into a folder, which `rf.load` reads; returns its path.

        Args:
            path: of the folder, which is made.
            overwrite: replace the sweep that is there.

        Raises:
            ArgumentError: something else is there, or a sweep that may not be replaced, or the disk refuses.
        """
        if self._described is None:
            assert self._plan is not None
            self._describe(self._plan)
        assert self._described is not None
        content, arrays = self._described
        recordings = self.recordings
        statuses = [asdict(recording.status) for recording in recordings]
        folder = store.SweepFolder.made(path, {**content, "statuses": statuses}, arrays, overwrite=overwrite)
        try:
            for run, recording in enumerate(recordings):
                if any(len(table) for table in recording.tables):
                    store.save(recording, folder.run(run))
        finally:
            folder.release()
        return folder.path

    def stop(self) -> Status:
        """End after the present step; everything computed is kept."""
        with self._lock:
            thread, ended = self._thread, self._ended
            self._board.stopping.set()
        if thread is not None and thread is not threading.current_thread():
            ended.wait()
        return self.status

    def wait(self, timeout: float | None = None, *, progress: bool = False) -> Status:
        """Wait until it has come to its end or was stopped.

        Args:
            timeout: seconds after which to return anyway.
            progress: show a progress bar, in optimizer steps of all runs.
        """
        from tqdm.auto import tqdm

        until = None if timeout is None else time.monotonic() + timeout
        with tqdm(total=self.steps * len(self.points), unit="step", disable=not progress) as bar:
            while True:
                running, ended = self._running, self._ended
                left = BEAT if until is None else min(BEAT, until - time.monotonic())
                over = not running or ended.wait(max(left, 0))
                if progress:
                    self._show(bar)
                if over or left <= 0:
                    return self.status

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` without arguments, on any thread, when rows or statuses are new; returns a function that ends this."""
        return self._listeners.add(listener)

    def _work(self) -> None:
        board = self._board
        try:
            self._crew.work(board)
        except Exception as error:
            log.exception("A sweep stopped")
            board.trouble = f"The sweep stopped: {type(error).__name__}: {error}"
        try:
            if board.disk is not None:
                self._mark = board.disk.close(board.recordings)
                board.trouble = board.trouble or board.disk.trouble
        finally:
            with self._lock:
                self._thread, board.disk = None, None
            _going.discard(self)
            self._ended.set()
            self._listeners.call()

    def _show(self, bar: Any) -> None:
        done = sum(self.steps if r.status.state in ENDED else _step(r) for r in self._board.recordings)
        bar.set_postfix_str(f"{self.status.step} of {runs(len(self.points))} ended", refresh=False)
        bar.update(done - bar.n)

    # ------------------------------------------------------------------ what came of it

    def summary(self) -> dict[str, np.ndarray]:
        """A row a run, as columns by name [runs]: all hyperparameters, seed, start where there are starts, and what came of it.

        state; steps, of the last row; final_loss and final_sharpness_ratio, the last that were measured; edge_step, the first
        step with a sharpness ratio of at least 1; diverged_step; error. They are of the iterates where those are recorded,
        else of the first flow; NaN where there is none.
        """
        return summary(self.points, self.recordings, self.errors)

    def to_pandas(self) -> pandas.DataFrame:
        """`summary` as a DataFrame."""
        try:
            import pandas
        except ImportError as error:
            raise ImportError("to_pandas needs pandas, which is not installed: pip install pandas") from error
        return pandas.DataFrame(self.summary())

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        varied = ", ".join(f"{len(values)} × {name}" for name, values in self.axes.items())
        return f"<Sweep of {runs(len(self.points))} ({varied or 'nothing varies'}): {self.status}>"


BEAT = 0.2
"""Seconds between two looks of somebody who waits."""


def _step(recording: Recording) -> int:
    """The last step that was measured."""
    times = [table.rows(len(table) - 1, len(table), ["time"])["time"] for table in recording.tables if len(table)]
    return int(max((time[0] for time in times), default=0))


@atexit.register
def _stop_all() -> None:
    for sweep in list(_going):
        sweep.stop()
