"""The part of a watch that lives in the hooks of an optimizer: in the training thread, before and after every step."""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import threading
import weakref
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .. import store
from ..errors import RunError
from ..recording import Recording
from ..vocabulary import State, Status
from .cadence import Cadence
from .commands import Command
from .edges import Stays
from .keeping import Destination, Keeper
from .learning_rates import LearningRates
from .listeners import Listeners
from .orders import RATE
from .shown import Cost, Failure, Saving
from .stopwatch import Stopwatch

if TYPE_CHECKING:
    from ..engine.watching import Looker

SAY_SECONDS = 0.25
HELD_SECONDS = 0.1
MOST_FAILURES = 3
TABLE = "discrete"

_watched: weakref.WeakKeyDictionary[Any, weakref.ref[Attached]] = weakref.WeakKeyDictionary()
_going: weakref.WeakSet[Attached] = weakref.WeakSet()


class Attached:
    """Hooks on an optimizer, the looks that they make, and where that stands.

    Without a look and without a command a step costs a few comparisons, and nothing waits for the device.

    Args:
        looker: measures.
        cadence: says when.
        spec: of the recording.
        step: steps that the optimizer has made before.
        clock: seconds.
        save: the folder that the recording goes to while it grows.
    """

    notes: tuple[str, ...] = ()
    cost: Cost | None = None

    def __init__(
        self,
        looker: Looker,
        cadence: Cadence,
        spec: dict[str, Any],
        step: int,
        clock: Callable[[], float],
        save: Destination | None = None,
    ) -> None:
        self._looker, self._cadence, self._clock = looker, cadence, clock
        self._subject = looker.subject
        self._groups = self._subject.optimizer.param_groups
        self._recording = Recording(spec, saver=store.save)
        self._step = self._first = step
        self._rates = LearningRates(self._subject.learning_rate)
        self._stays = Stays()
        self._stopwatch = Stopwatch()
        self._state: State = "ready"
        self._ended: str | None = None
        self._failure: Failure | None = None
        self._failures, self._blind = 0, ""
        self._lost: int | None = None
        self._told: Any = None
        self._due = self._inside = self._held = False
        self._said = self._seen = -math.inf
        self._queue: deque[Command] = deque()
        self._wake = threading.Event()
        self._lock = threading.RLock()
        self._thread = threading.get_ident()
        self._listeners, self._before_return = Listeners(BaseException), Listeners(Exception)
        rule = self._subject.first_rule()
        self._factor = math.nan if rule is None else rule.edge_threshold(step + 1) * self._rates.rate
        self.cost = cadence.cost(clock())
        self._attach()
        self._keeper: Keeper | None = None
        if save is not None:
            try:
                self._keeper = Keeper(self._recording, save)
            except BaseException:
                self._ended = "It could not be saved."
                self._detach()
                raise
        _going.add(self)

    @property
    def saving(self) -> Saving | None:
        """How it gets to disk, if it does."""
        return None if self._keeper is None else self._keeper.saving

    def _is_over(self) -> bool:
        """Whether it is over, so that the hooks do nothing any more."""
        return self._ended is not None

    def _attach(self) -> None:
        optimizer = self._subject.optimizer
        held = _watched.get(optimizer, lambda: None)()
        if held is not None and held._ended is None:
            raise RunError("This optimizer is being watched already: close() that watch first.")
        if held is not None:
            held._detach()
        self._hooks = (
            optimizer.register_step_pre_hook(self._before),
            optimizer.register_step_post_hook(self._after),
        )
        _watched[optimizer] = weakref.ref(self)

    def _detach(self) -> None:
        for hook in self._hooks:
            hook.remove()

    # ------------------------------------------------------------------ around a step

    def _before(self, optimizer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The hook before a step: commands, a pause, and what a look will need of the present."""
        if self._is_over():
            return None
        now = self._clock()
        if self._state != "running":
            self._begin(now)
        while not self._enter():
            self._attend()
            if self._held:
                self._hold()
            if self._is_over():
                return None
            now = self._clock()
        self._due = not self._blind and self._cadence.due(self._step, now)
        if self._due:
            self._keep(now)
        return self._overheard(args, kwargs) if len(args) > 1 or kwargs else None

    def _after(self, optimizer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """The hook after a step: the learning rate that it was made with, and a look where one is due."""
        self._inside = False
        if self._is_over():
            return
        rate = self._groups[0]["lr"]
        if isinstance(rate, float | int) and (rate != self._rates.rate or self._rates.moving):
            self._recording.add_events(self._rates.seen(self._step, rate))
        if self._due:
            self._look()
        self._step += 1
        self._seen = now = self._clock()
        if self._due or now - self._said > SAY_SECONDS:
            self._due = False
            self._say()

    def _enter(self) -> bool:
        """Be inside a step, unless there is something to attend to; waits for a thread that attends to something."""
        with self._lock:
            self._inside = not self._queue and not self._held and not self._is_over()
            return self._inside

    def _begin(self, now: float) -> None:
        self._thread = threading.get_ident()
        self._cadence.begin(now)
        if self._state == "ready":
            self._move("running")

    def _overheard(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The arguments of `step` with a closure that also says what it returns."""
        closure = args[1] if len(args) > 1 else kwargs.get("closure")
        if not callable(closure):
            return None

        def telling() -> Any:
            loss = closure()
            self._told = loss.detach() if hasattr(loss, "detach") else loss
            return loss

        return ((args[0], telling, *args[2:]), kwargs) if len(args) > 1 else (args, {**kwargs, "closure": telling})

    def _hold(self) -> None:
        """Keep the training thread here until somebody resumes, stops or interrupts."""
        since = self._clock()
        self._move("paused")
        try:
            while self._held and self._ended is None:
                self._wake.wait(HELD_SECONDS)
                self._wake.clear()
                self._attend()
        finally:
            self._held = False
            self._cadence.paused(self._clock() - since)
            if self._ended is None:
                self._move("running")

    # ------------------------------------------------------------------ looking

    def _keep(self, begun: float) -> None:
        """Keep the parameters before the step; the time that it takes is part of the look."""
        try:
            self._looker.before()
        except Exception as error:
            self._missed(error)
            self._due = False
        self._keeping = self._clock() - begun

    def _look(self) -> None:
        """Look, and record what was seen, or that nothing was."""
        self._looker.wait()
        begun = self._clock()
        row: dict[str, Any] = {}
        try:
            row = self._looker.after(self._step)
        except Exception as error:
            self._missed(error)
        else:
            self._failures = 0
        with contextlib.suppress(Exception):
            row["training_loss"] = math.nan if self._told is None else float(self._told)
        self._looker.done()
        self._cadence.looked(self._keeping + self._clock() - begun)
        self._record(row)

    def _record(self, row: dict[str, Any]) -> None:
        now = self._clock()
        rate = self._subject.learning_rate
        self._recording.add_events(self._rates.seen(self._step, rate))
        self.cost = self._cadence.cost(now)
        row |= {"time": float(self._step), "learning_rate": rate, "share": self.cost.share}
        table = self._recording[TABLE]
        full = {c.name: row.get(c.name, math.nan if c.width == 1 else [math.nan] * c.width) for c in table.described}
        table.append({name: [value] for name, value in full.items()})
        if "loss" in row:
            lost = not math.isfinite(row["loss"])
            self._lost = (self._step if self._lost is None else self._lost) if lost else None
        if "edge_threshold" in row:
            self._factor = float(row["edge_threshold"]) * rate
        self._stays.saw(self._step, float(row.get("sharpness_ratio", math.nan)))

    def _missed(self, error: Exception) -> None:
        """A look has failed; after several in a row there is no further one."""
        self._failures += 1
        words = _words(error, self._looker.batch.n)
        if self._failures >= MOST_FAILURES:
            self._blind = f"Looking has ended after {self._failures} failures: {words} measure() tries again."
        else:
            self._failed = f"The look at step {self._step:,} failed: {words}"

    _failed = ""
    _keeping = 0.0

    # ------------------------------------------------------------------ where it stands

    def _sentence(self) -> str:
        """Where it stands, while it goes."""
        if self._state == "ready":
            return "Attached: waiting for the first step of the training loop."
        begin = "Paused before" if self._state == "paused" else "Training:"
        parts = [f"{begin} step {self._step:,}."]
        standing = self._stays.words
        if self._lost is not None:
            parts.append(self._lost_words())
        elif standing:
            parts.append(standing[0].upper() + standing[1:] + ".")
        if self._blind:
            parts.append(self._blind)
        elif self._failures:
            parts.append(self._failed)
        return " ".join(parts)

    def _lost_words(self) -> str:
        return f"The loss on the probe batch has not been finite since step {self._lost:,}."

    def _say(self) -> None:
        """Tell who listens."""
        self._said = self._clock()
        if self._ended is None:
            self.cost = self._cadence.cost(self._said)
            if self._state == "running":
                self._stopwatch.run(self._step)
            self._recording.status = Status(self._state, self._step, self._sentence())
            self._recording[TABLE].status = Status(
                self._state, self._step, "It is running." if self._state != "ready" else "It has not begun."
            )
        self._recording.seconds = self._stopwatch.seconds
        self._listeners.call()

    def _move(self, state: State) -> None:
        self._state = state
        if state == "running":
            self._stopwatch.run(self._step)
        else:
            self._stopwatch.hold()
        self._say()

    def _finish(self, state: State, sentence: str) -> None:
        """The end: from now on the hooks do nothing, and what was asked for since then is answered.

        They are taken off by `_detach`, outside of a step: torch walks through them while it makes one.
        """
        self._stopwatch.hold()
        self.cost = self._cadence.cost(self._seen if self._cadence.begun else self._clock())
        self._state, self._ended = state, sentence
        _going.discard(self)
        self._recording.status = self._recording[TABLE].status = Status(state, self._step, sentence)
        self._looker.done()
        self._told = None
        if self._keeper is not None:
            self._keeper.close()
        self._say()
        self._attend()
        self._before_return.call()

    @abstractmethod
    def _attend(self) -> None:
        """Apply what was asked for."""

    @abstractmethod
    def close(self) -> None:
        """The loop is over."""


def scaled(groups: Sequence[dict[str, Any]], rate: float) -> None:
    """Give the first group this learning rate and all others the same factor; where the first has 0, all get the rate."""
    first = float(groups[0]["lr"])
    for group in groups:
        new = RATE.check(rate if first == 0 or group is groups[0] else float(group["lr"]) * (rate / first) or rate)
        if hasattr(group["lr"], "fill_"):
            group["lr"].fill_(new)
        else:
            group["lr"] = new


def _words(error: Exception, examples: int) -> str:
    """What went wrong, in a sentence."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return f"the probe batch of {examples:,} examples does not fit into memory, give fewer."
    first = (str(error).splitlines() or [""])[0].rstrip(".")
    return f"{type(error).__name__}: {first}." if first else f"{type(error).__name__}."


@atexit.register
def _close_all() -> None:
    """The program ends, and so do the loops that nobody has said were over; before their journals are closed."""
    for watch in list(_going):
        with contextlib.suppress(Exception):
            watch.close()


if hasattr(os, "register_at_fork"):  # a worker of a DataLoader that ends must not close what is its parent's
    os.register_at_fork(after_in_child=_going.clear)
