"""A run as a view needs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ..errors import RunError
from ..recording import Recording
from ..vocabulary import Status
from .listeners import Listener


@dataclass(frozen=True)
class Failure:
    """An exception in mid-run: what was raised, its message and its traceback as text."""

    exception: BaseException
    message: str
    traceback: str


@dataclass(frozen=True)
class Saving:
    """How a run gets to disk: where, how many bytes are there, a sentence, and whether it fails at present."""

    path: str
    bytes: int
    sentence: str
    failing: bool = False


@dataclass(frozen=True)
class Cost:
    """What measuring takes of the time of training: its share, the share that it may take, and every how many steps it looks.

    `every` is None where the share decides.
    """

    share: float
    limit: float
    every: int | None


class Shown(ABC):
    """What a view shows: a recording that may grow, where it stands, and the commands that it takes.

    `commands` are those that make sense; `notes` are sentences about what is measured; `steps` is None where nobody knows
    how many there will be. Every property may be read from any thread.
    """

    name: str = ""
    commands: ClassVar[tuple[str, ...]] = ()
    notes: tuple[str, ...] = ()

    @property
    def cost(self) -> Cost | None:
        """What measuring takes, where it takes it from a training loop."""
        return None

    @property
    def saving(self) -> Saving | None:
        """How it gets to disk, if it does."""
        return None

    @property
    @abstractmethod
    def recording(self) -> Recording: ...

    @property
    def number(self) -> int:
        """1, and one more after every reset."""
        return 1

    @property
    def problem(self) -> Any:
        """The loss, where there is one."""
        raise self._refusal("asked for its problem")

    @property
    def status(self) -> Status:
        """ready, running, paused, finished, stopped, diverged or error; the step; a sentence."""
        return self.recording.status

    @property
    @abstractmethod
    def steps(self) -> int | None: ...

    @property
    @abstractmethod
    def values(self) -> dict[str, float]: ...

    @property
    @abstractmethod
    def edge_factor(self) -> float: ...

    @property
    @abstractmethod
    def speed(self) -> float | None: ...

    @property
    @abstractmethod
    def seconds(self) -> float: ...

    @property
    @abstractmethod
    def failure(self) -> Failure | None: ...

    @abstractmethod
    def on_change(self, listener: Listener, *, before_return: bool = False) -> Callable[[], None]: ...

    def start(self) -> Any:
        """Begin; raises RunError where there is nothing to begin."""
        raise self._refusal("started")

    def submit(self, name: str, args: Mapping[str, Any]) -> Future[Any]:
        """Hand a command over; the future holds the events, or what spoke against it."""
        raise self._refusal(f"told to {name}")

    def survey(self, topic: str, on_part: Any = None, *, identity: Any = None, **args: Any) -> Future[Any]:
        """Look at it beside its steps, as `Run.survey` does."""
        raise self._refusal("surveyed")

    def fork(self, at: int | None = None, **changes: float) -> Self:
        """A new run that goes on from a step of this one."""
        raise self._refusal("forked")

    def refuse_after_failure(self) -> None:
        """Raise RunError where no hyperparameter can be changed."""
        raise self._refusal("changed")

    def _refusal(self, what: str) -> RunError:
        return RunError(f"This run cannot be {what}: there is only what was recorded.")
