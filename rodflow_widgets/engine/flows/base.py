"""What a flow is: a small frozen description that begins as a process from three consecutive iterates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from ...vocabulary import Setting
from ..optimizers.base import Optimizer
from ..process import Process, Start


def step_text(substeps: int) -> str:
    """The step of so many substeps an optimizer step, for a person: dt ½."""
    return "dt " + {2: "½", 4: "¼", 8: "⅛"}.get(substeps, f"1/{substeps}")


@dataclass(frozen=True, kw_only=True)
class Flow(ABC):
    """A continuous-time model of an optimizer; `name` is where the recording keeps it.

    batches: whether its process moves several runs at once, [runs, …] for every quantity.
    """

    name: str | None = None

    label: ClassVar[str]
    kind: ClassVar[str]
    process: ClassVar[type[Process]]
    parameters: ClassVar[tuple[Setting, ...]] = ()
    cites: ClassVar[tuple[str, ...]] = ()
    cites_beyond: ClassVar[tuple[str, ...]] = ()
    batches: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for parameter in self.parameters:
            object.__setattr__(self, parameter.name, parameter.check(getattr(self, parameter.name)))

    def __deepcopy__(self, memo: dict[int, Any]) -> Flow:
        return self

    @property
    @abstractmethod
    def default_name(self) -> str:
        """The name under which this flow is registered."""

    @property
    @abstractmethod
    def detail(self) -> str:
        """Closure and setting in a few words, shown beside the label."""

    @abstractmethod
    def begin(self, start: Start) -> Process:
        """The flow in motion, from the iterates in `start`."""

    def default_start(self, optimizer: Optimizer) -> int:
        """The step at which this flow begins when the user names none."""
        return optimizer.rod_start

    def sources(self, optimizer: Optimizer | type[Optimizer]) -> tuple[str, ...]:
        """Keys of what to cite: `cites`, and for an optimizer beyond gradient descent `cites_beyond`."""
        beyond = optimizer.has_momentum or optimizer.has_second_moment
        return (*self.cites, *(self.cites_beyond if beyond else ()))

    def check(self, optimizer: Optimizer) -> None:
        """Raise ArgumentError where this flow does not model `optimizer`."""
