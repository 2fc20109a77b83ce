"""Many runs of one problem as one thing that runs, stops, goes on and is looked at."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..recording import Recording
from ..session.listeners import Listener, Listeners
from ..vocabulary import Status
from .board import ENDED, Board
from .here import Here
from .plan import Plan
from .points import Axes, Point
from .summary import summary

if TYPE_CHECKING:
    import numpy as np
    import pandas

_going: weakref.WeakSet[Sweep] = weakref.WeakSet()


class Sweep:
    """Runs that differ in hyperparameters, starting point or seed; `rf.sweep` makes it and `rf.load` reads it from disk.

    The runs are computed on a thread of their own, several as one batch where that is possible. Everything that was measured
    is in `recordings`, which may be read at any time from any thread.
    """

    def __init__(self, plan: Plan, *, at_once: int = 64) -> None:
        self._plan = plan
        self._listeners = Listeners(Exception)
        self._lock = threading.RLock()
        self._board = Board(plan, at_once, self._listeners.call)
        self._crew = Here()
        self._thread: threading.Thread | None = None

    # ------------------------------------------------------------------ what it is and holds

    @property
    def points(self) -> tuple[Point, ...]:
        """What every run is, in order."""
        return self._plan.points

    @property
    def axes(self) -> Axes:
        """What varies, a hyperparameter, "start" or "seed", with its distinct values in order."""
        return dict(self._plan.axes)

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
        return self._plan.steps

    @property
    def status(self) -> Status:
        """Where it stands: ready, running, stopped, finished, or error where every run failed; `step` counts runs that ended."""
        board, total = self._board, len(self.points)
        found = Counter(recording.status.state for recording in board.recordings)
        ended = sum(found[state] for state in ENDED)
        said = ", ".join(f"{found[state]} {word}" for state, word in WORDS.items() if found[state])
        if self._running:
            return Status("running", ended, f"Running: {ended} of {_runs(total)} ended{f' ({said})' if said else ''}.")
        if ended == total:
            return Status(
                "error" if found["error"] == total else "finished", ended, f"Finished {_runs(total)}: {said}."
            )
        if board.trouble:
            return Status("stopped", ended, board.trouble)
        if not ended and not found["stopped"]:
            return Status("ready", 0, f"{_runs(total)}, none of which has begun.")
        begun = f", {found['stopped']} stopped on their way" if found["stopped"] else ""
        return Status("stopped", ended, f"Stopped: {ended} of {_runs(total)} ended{begun}. resume() goes on.")

    @property
    def _running(self) -> bool:
        return self._thread is not None

    # ------------------------------------------------------------------ what it does

    def resume(self, *, failed: bool = False) -> Status:
        """Go on with what is not done, and return at once; a batch that was stopped goes on exactly where it was.

        Args:
            failed: run those that failed once more, too.
        """
        with self._lock:
            if not self._running:
                self._board.again(failed)
                self._board.stopping.clear()
                self._board.trouble = ""
                self._thread = threading.Thread(target=self._work, name="rodflow-sweep", daemon=True)
                _going.add(self)
                self._thread.start()
        return self.status

    def stop(self) -> Status:
        """End after the present step; everything computed is kept."""
        with self._lock:
            thread = self._thread
            self._board.stopping.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join()
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
                thread = self._thread
                left = BEAT if until is None else min(BEAT, until - time.monotonic())
                if thread is not None:
                    thread.join(max(left, 0))
                if progress:
                    self._show(bar)
                if thread is None or not thread.is_alive() or left <= 0:
                    return self.status

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` without arguments, on any thread, when rows or statuses are new; returns a function that ends this."""
        return self._listeners.add(listener)

    def _work(self) -> None:
        try:
            self._crew.work(self._board)
        finally:
            with self._lock:
                self._thread = None
            _going.discard(self)
            self._listeners.call()

    def _show(self, bar: Any) -> None:
        board = self._board
        done = sum(self.steps if r.status.state in ENDED else r.status.step for r in board.recordings)
        bar.set_postfix_str(f"{board.ended()} of {_runs(len(self.points))} ended", refresh=False)
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
        return f"<Sweep of {_runs(len(self.points))} ({varied or 'nothing varies'}): {self.status}>"


BEAT = 0.2
"""Seconds between two looks of somebody who waits."""
WORDS = {"finished": "finished", "diverged": "diverged", "error": "failed"}


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"


@atexit.register
def _stop_all() -> None:
    for sweep in list(_going):
        sweep.stop()
