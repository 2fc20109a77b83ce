"""A run on a worker thread."""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
import traceback
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from ..errors import RunError
from ..recording import Recording
from ..vocabulary import State, Status
from .changes import Change
from .checkpoints import Checkpoints
from .commands import COMMANDS, Command, command
from .keeping import Destination, Keeper
from .leading import refuse
from .listeners import Listener, Listeners
from .recorder import Driver
from .shown import Failure, Shown
from .spec import Plan
from .stopwatch import Stopwatch
from .surveying import Surveyed, Surveys, simulation_of
from .tuning import Tuned
from .written import WrittenDown, over

if TYPE_CHECKING:
    from ..engine import Problem, Simulation

ANSWER_SECONDS = 30.0

_running: weakref.WeakSet[Run] = weakref.WeakSet()


class Run(Surveyed, WrittenDown, Tuned, Shown):
    """A simulation that is driven on a thread of its own, between the steps of which commands are applied.

    The thread lives while there is something to do: a paused or ended run has none. Methods that change the run return
    when the change has been applied, and raise what spoke against it. Everything measured is in `recording`, which can
    be read at any time from any thread.

    Args:
        plan: makes the simulation, now and at every reset; arguments that cannot work raise here.
        save: the folder that everything measured goes to while it goes; a reset and a fork take one beside it.
    """

    commands = (*COMMANDS, "fork", "survey", "cancel")

    def __init__(self, plan: Plan, save: Destination | None = None) -> None:
        self._plan = plan
        self._surveys = Surveys(lambda: self._recorder.simulation)
        self._lock = threading.Lock()
        self._queue: deque[Command] = deque()
        self._thread: threading.Thread | None = None
        self._listeners = Listeners(BaseException)
        self._before_return = Listeners(Exception)
        self._ended = threading.Event()
        self._stepping: list[Command] = []
        self._history: tuple[Recording, ...] = ()
        self._number = 0
        self._keeper: Keeper | None = None
        simulation = simulation_of(plan)
        refuse(getattr(simulation, "problem", None))
        self._begin(simulation, *self._made(plan, simulation, save))

    # ------------------------------------------------------------------ what it is and does

    @property
    def recording(self) -> Recording:
        """What was measured since the last reset."""
        return self._recorder.recording

    @property
    def history(self) -> tuple[Recording, ...]:
        """The recordings of before each reset, oldest first."""
        return self._history

    @property
    def number(self) -> int:
        """1, and one more after every reset."""
        return self._number

    @property
    def status(self) -> Status:
        """ready, running, paused, finished, stopped, diverged or error; the step; a sentence."""
        return self.recording.status

    @property
    def problem(self) -> Problem:
        """The loss, and where the run starts."""
        return self._recorder.simulation.problem

    @property
    def steps(self) -> int:
        """Steps in all, the ones still to come included."""
        return self._recorder.simulation.steps

    @property
    def values(self) -> dict[str, float]:
        """The optimizer's hyperparameters as they are now."""
        return dict(self._recorder.simulation.optimizer.values)

    @property
    def edge_factor(self) -> float:
        """Edge threshold × learning rate at the present step, with the hyperparameters as they are now."""
        return self._recorder.simulation.edge_factor

    @property
    def speed(self) -> float | None:
        """Steps a second while running, else None."""
        return self._watch.speed

    @property
    def seconds(self) -> float:
        """Seconds spent running."""
        return self._watch.seconds

    @property
    def failure(self) -> Failure | None:
        """What was raised in mid-run."""
        return self._failure

    def __repr__(self) -> str:
        return f"<Run {self._number}: {self.status}>"

    # ------------------------------------------------------------------ commands

    def start(self) -> Run:
        """Begin, or go on after a pause; returns at once."""
        self.submit("resume", {})
        return self

    def resume(self) -> Status:
        """Go on after a pause."""
        return self._do("resume")

    def pause(self) -> Status:
        """Hold between two steps."""
        return self._do("pause")

    def step(self, n: int = 1) -> Status:
        """Make n steps and hold; returns when they have been made. While stepping, n more."""
        return self._do("step", n=n)

    def extend(self, steps: int) -> Status:
        """Add steps; a finished run goes on."""
        return self._do("extend", steps=steps)

    def reset(self, start: Any = None) -> Status:
        """Begin again, ready to start; the recording so far moves to `history`. A fork begins again at its fork step.

        Args:
            start: another starting point [p], for this and every later reset; None keeps the one there is.

        Raises:
            ArgumentError, ProblemError: it does not fit, is not finite, or nothing would move there; the run goes on as before.
            RunError: a fork has no starting point.
        """
        return self._do("reset", start=start)

    def stop(self) -> Status:
        """End the run; the recording is kept."""
        return self._do("stop")

    def submit(self, name: str, args: Mapping[str, Any]) -> Future[Any]:
        """Hand a command to the worker and return at once; the future holds the events, or what spoke against it.

        Raises:
            ArgumentError, UnknownNameError: the command cannot work.
        """
        order = command(name, args)
        if name == "set":
            self._recorder.simulation.optimizer.replace(**args)
        return self._queued(order)

    def _queued(self, order: Command) -> Future[Any]:
        with self._lock:
            self._queue.append(order)
            self._wake()
        return order.done

    def _wake(self) -> None:
        """Have a worker; called with the lock held."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="rodflow-run", daemon=True)
            _running.add(self)
            self._thread.start()

    def wait(self, timeout: float | None = None) -> Status:
        """Block until the run has ended, or for `timeout` seconds; an interrupt ends the waiting, not the run.

        Raises:
            RunError: the run was never started.
            Exception: what was raised in mid-run, with its traceback.
        """
        if self.status.state == "ready" and self._thread is None:
            raise RunError("wait() was called, but the run was not started: call start() first.")
        end = None if timeout is None else time.monotonic() + timeout
        while not self._ended.is_set():
            # In slices: an endless wait cannot be interrupted on every system.
            left = 0.5 if end is None else min(0.5, end - time.monotonic())
            if left <= 0:
                return self.status
            self._ended.wait(left)
        self._before_return.call()
        failure = self._failure
        if failure is not None:
            raise failure.exception.with_traceback(failure.exception.__traceback__)
        return self.status

    def on_change(self, listener: Listener, *, before_return: bool = False) -> Callable[[], None]:
        """Call `listener` on the worker whenever rows or the state are new; it must return at once.

        What it raises is logged, once, and changes nothing about the run.

        Args:
            before_return: call it in the thread of a `wait()` instead, when that is over.

        Returns:
            A function that ends this.
        """
        return (self._before_return if before_return else self._listeners).add(listener)

    def _do(self, name: str, **args: Any) -> Status:
        self._answer(name, self.submit(name, args))
        return self.status

    def _answer(self, name: str, future: Future[Any]) -> Any:
        if threading.current_thread() is self._thread:
            return ()
        timeout = None if name == "step" else ANSWER_SECONDS
        try:
            return future.result(timeout)
        except TimeoutError:
            if future.done():  # just now, or it raised a TimeoutError of its own
                return future.result()
        if name != "fork":
            then = "It stays queued and is applied when the step is over."
        elif future.cancel():  # nobody would have what comes of it
            then = "Nothing was forked: try again, or pause() the run first."
        else:
            return future.result()
        raise RunError(f"{name}() was not applied within {timeout:g} seconds: a step takes longer than that. {then}")

    # ------------------------------------------------------------------ the worker

    def _made(self, plan: Plan, simulation: Simulation, save: Destination | None) -> tuple[Driver, Keeper | None]:
        """What a run needs to begin; where a folder is refused nothing has changed."""
        driver = Driver(simulation, self._number + 1, past=plan.past)
        return driver, None if save is None else self._keeping(driver.recording, save)

    def _begin(self, simulation: Simulation, recorder: Driver, keeper: Keeper | None) -> None:
        self._recorder, self._keeper = recorder, keeper
        self._checkpoints = Checkpoints(simulation, desk=keeper)
        self._number += 1
        self._failure: Failure | None = None
        self._remaining: int | None = None
        self._watch = Stopwatch(0.0 if self._plan.past is None else self._plan.past.seconds)
        self._ended.clear()

    def _work(self) -> None:
        while True:
            with self._lock:
                order = self._queue.popleft() if self._queue else None
                running = self.status.state == "running"
                if order is None and not running and not self._surveys.waiting:
                    self._thread = None
                    return
            if order is not None:
                self._obey(order)
            elif not running:
                self._surveys.slice()
            elif self._recorder.simulation.finished:
                self._guarded(self._finish)
            else:
                self._surveys.beside(lambda: self._guarded(self._advance), lambda: bool(self._queue))

    def _advance(self) -> None:
        drained = self._recorder.advance()
        drained = self._checkpoints.take(self._recorder) or drained
        simulation = self._recorder.simulation
        if self._remaining is not None:
            self._remaining -= 1
            if self._remaining <= 0 and not simulation.finished:
                self._hold()
                return
        if drained:
            self._move("running", self._sentence())

    def _finish(self) -> None:
        self._recorder.drain()
        self._move(*self._recorder.verdict())

    def _hold(self) -> None:
        self._recorder.drain()
        self._move("paused", f"Paused at step {self._recorder.step:,}.")

    def _obey(self, order: Command) -> None:
        if not order.done.set_running_or_notify_cancel():
            return
        try:
            answer = getattr(self, f"_on_{order.name}")(**order.args) or ()
        except BaseException as error:
            order.done.set_exception(error)
        else:
            if order.name == "step":
                self._stepping.append(order)
            else:
                order.done.set_result(answer)

    def _on_pause(self) -> None:
        self._refuse_after_end("paused", "reset() it to begin again")
        if self.status.state == "running":
            self._guarded(self._hold)

    def _on_resume(self) -> None:
        self._refuse_after_end("resumed", "extend(steps) goes on after the end, reset() begins again")
        self._remaining = None
        self._move("running", self._sentence())

    def _on_step(self, n: int) -> None:
        self._refuse_after_end("stepped", "extend(steps) goes on after the end, reset() begins again")
        if self.status.state == "running":
            if self._remaining is None:
                raise RunError("step() was called while the run is going: pause() it first.")
            self._remaining += n
            return
        self._remaining = n
        self._move("running", self._sentence())

    def _on_extend(self, steps: int) -> None:
        state = self.status.state
        if state in ("diverged", "error", "stopped"):
            raise RunError(f"A run that has {self._ending(state)} cannot be extended: reset() begins again.")
        if state == "finished":
            self._reopen()
            self._ended.clear()
            self._remaining = None
        longer = Change("extend", {"steps": steps})
        longer(self._recorder.simulation)
        self.recording.spec["steps"] = self.steps
        self._checkpoints.note(self._recorder.simulation.row, longer)
        if state == "finished":
            self._move("running", self._sentence())
        else:
            self._notify()

    def _on_stop(self) -> None:
        self._surveys.drop("stopped")
        if not self.status.ended:
            self._close_stopped()

    def _on_reset(self, start: Any) -> None:
        plan = self._plan if start is None else self._plan.starting_at(start)
        simulation = simulation_of(plan)
        made = self._made(plan, simulation, None if self._keeper is None else self._keeper.beside())
        former = self.recording
        self._surveys.drop("reset")
        self._surveys.forget()
        if not self.status.ended:
            self._close_stopped()
        self._plan = plan
        self._begin(simulation, *made)
        if any(len(table) for table in former.tables):
            self._history = (*self._history, former)
        self._notify()

    def _on_tell(self) -> None:
        self._notify()

    def _close_stopped(self) -> None:
        self._recorder.drain()
        sentence = f"Stopped at step {self._recorder.step:,}. The recording up to there is kept."
        self._move("stopped", sentence)

    def _refuse_after_end(self, what: str, instead: str) -> None:
        if self.status.ended:
            raise RunError(f"A run that has {self._ending(self.status.state)} cannot be {what}: {instead}.")

    @staticmethod
    def _ending(state: State) -> str:
        return {"error": "failed", "stopped": "been stopped"}.get(state, state)

    def _sentence(self) -> str:
        fallen = [table.status.sentence for table in self._recorder.fallen]
        return " ".join([f"Running: step {self._recorder.step:,} of {self.steps:,}.", *fallen])

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # on this thread nobody else would hear of it
            step = self._recorder.simulation.row
            with contextlib.suppress(Exception):  # the rows before the failure
                self._recorder.drain()
            self._failure = Failure(error, str(error) or type(error).__name__, traceback.format_exc())
            self._move("error", f"Step {step:,} failed: {type(error).__name__}: {self._failure.message}")

    def _move(self, state: State, sentence: str) -> None:
        if state == "running":
            self._watch.run(self._recorder.step)
        else:
            self._watch.hold()
        status = Status(state, self._recorder.step, sentence)
        if status.ended:
            self._recorder.close(state, sentence, self.seconds)
            if self._keeper is not None:
                self._keeper.close()
            self._ended.set()
        else:
            self.recording.status = status
        if state != "running":
            stepping, self._stepping = self._stepping, []
            for order in stepping:
                order.done.set_result(())
        self._notify()

    def _notify(self) -> None:
        self._listeners.call()


@atexit.register
def _stop_all() -> None:
    """Threads that compute while the interpreter is taken apart can crash it."""
    over.set()
    for run in list(_running):
        thread = run._thread
        if thread is not None:
            with contextlib.suppress(Exception):
                run.submit("stop", {})
                thread.join(ANSWER_SECONDS)
