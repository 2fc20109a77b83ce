"""What a probe is: named columns and how they follow from an observation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ...vocabulary import Column
from ..optimizers.base import Optimizer
from ..process import Observation, Process


@dataclass(frozen=True)
class Context:
    """What the row is measured against: the optimizer of this step, the iterates' midpoint and mean second moment, w0."""

    optimizer: Optimizer
    midpoint: Tensor
    origin: Tensor
    second_moment: Tensor | None = None


class Probe(ABC):
    """One measurement of one type of process; it never waits for the device.

    Args:
        process: what is measured.
        eigenvalues: how many are recorded.
        coordinates: names of the parameters where there are so few that they are recorded too, else none.

    vectors: columns that are [rows, width] even where the width is 1.
    """

    vectors: ClassVar[tuple[str, ...]] = ()

    def __init__(self, process: type[Process], eigenvalues: int, coordinates: tuple[str, ...] = ()) -> None:
        self.process = process
        self.eigenvalues = eigenvalues
        self.coordinates = coordinates

    @classmethod
    def applies(cls, process: type[Process]) -> bool:
        """Whether this probe has something to say about `process`."""
        return True

    @classmethod
    def fits(cls, optimizer: Optimizer) -> bool:
        """Whether there is something to measure with `optimizer`."""
        return True

    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """The columns that `measure` fills, in its order."""

    @abstractmethod
    def measure(self, process: Process, seen: Observation, context: Context) -> tuple[Tensor | float, ...]:
        """One value a column: a tensor of the device ([] or [width]) or a number of the host."""
