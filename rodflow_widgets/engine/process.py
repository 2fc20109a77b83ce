"""An optimizer or a flow in motion: what every process offers to the simulation and to the probes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from ..vocabulary import Column, Status
from .curvature.following import FollowedSpectrum, Watch
from .optimizers.base import Moments, Optimizer
from .origin import Origin
from .problem import Meter, Point, Problem
from .schedule import Schedule


@dataclass(frozen=True)
class State:
    """The optimizer's state at one step: parameters w [p] and moments."""

    w: Tensor
    moments: Moments


@dataclass
class Observation:
    """What a process computed at one row; probes read it and never compute a second time what is here.

    centre [p]: where sharpness and distances are taken (the midpoint of two iterates, or a flow's centre).
    position [p]: what a snapshot keeps (the iterate, or a flow's centre). Scalars are tensors on the device.
    rod [p]: of a flow that has one, half of it: the alternating vector of which `oscillation` is the length, or of a
    covariance the leading column; of the sign nothing is known.
    """

    time: float
    centre: Tensor
    position: Tensor
    gradient: Tensor
    preconditioner: Tensor
    second_moment: Tensor | None = None
    loss: Tensor | None = None
    predicted_loss: Tensor | None = None
    rod_length: Tensor | None = None
    oscillation: Tensor | None = None
    rod: Tensor | None = None
    eigenvalues: Tensor | None = None
    point: Point | None = None
    signals: Mapping[str, float] = field(default_factory=dict)


class NotFinite(ArithmeticError):
    """Raised by a process whose numbers are no longer finite: the simulation stops that process alone."""


class Process(ABC):
    """Something that moves by one optimizer step per `advance` and can be observed in between."""

    kind: ClassVar[str]
    signals: ClassVar[tuple[Column, ...]] = ()
    has_rod: ClassVar[bool] = False
    guard: ClassVar[int] = 2
    predicts_eigenvalues: ClassVar[bool] = False
    label: str
    detail: str

    def __init__(self, problem: Problem, schedule: Schedule, row: int, watch: Watch) -> None:
        self.problem = problem
        self.schedule = schedule
        self.row = row
        self.meter = Meter(problem)
        self.spectrum = FollowedSpectrum(problem, watch, self.guard)
        self.status = Status("running", row, "It is running.")
        self.ends: dict[int, Status] = {}

    @abstractmethod
    def observe(self) -> Observation:
        """The state at row `self.row`."""

    @abstractmethod
    def advance(self) -> None:
        """Move to the next row; a process that cannot sets its status."""


class Discrete(Process):
    """The optimizer itself; it runs two steps ahead, because a midpoint needs w_{t+1} and an oscillation w_{t+2}."""

    kind: ClassVar[str] = "iterates"
    guard: ClassVar[int] = 4
    label = "iterates"
    detail = ""

    def __init__(self, problem: Problem, schedule: Schedule, watch: Watch, origin: Origin | None = None) -> None:
        super().__init__(problem, schedule, 0 if origin is None else origin.step, watch)
        w = problem.w0 if origin is None else origin.w
        self.origin = w
        self._states = [State(w, schedule.at(self.row).initial(w) if origin is None else origin.moments)]
        self._losses: list[Tensor] = []
        self._gradients: list[Tensor] = []
        self._step()
        self._step()

    @property
    def next_step(self) -> int:
        """The first optimizer step that has not been computed: a change made now applies from it on."""
        return self.row + 2

    @property
    def window(self) -> tuple[State, State, State]:
        """The states at steps row, row + 1 and row + 2."""
        first, second, third = self._states
        return first, second, third

    def _step(self) -> None:
        state = self._states[-1]
        index = self.row + len(self._states) - 1
        loss, gradient = self.meter.value_and_grad(state.w)
        w, moments = self.schedule.at(index).step(state.w, state.moments, gradient, index + 1)
        self._states.append(State(w, moments))
        self._losses.append(loss)
        self._gradients.append(gradient)

    def advance(self) -> None:
        for window in (self._states, self._losses, self._gradients):
            window.pop(0)
        self.row += 1
        self._step()

    @property
    def midpoint(self) -> Tensor:
        return (self._states[0].w + self._states[1].w) / 2

    @property
    def mean_second_moment(self) -> Tensor | None:
        """Mean of the second moments at this row's iterate and the next: [1] or [p]."""
        first, second = (s.moments.second for s in self._states[:2])
        return None if first is None or second is None else (first + second) / 2

    def preconditioner(self) -> Tensor:
        """P of the step from this row's iterate."""
        before, after = self._states[0], self._states[1]
        optimizer, n = self.schedule.at(self.row), self.row + 1
        return optimizer.frozen(before.w, before.moments.momentum, after.moments.second, n, self._gradients[0]).P

    def observe(self) -> Observation:
        w0, w1, w2 = (s.w for s in self._states)
        return Observation(
            time=self.row,
            centre=self.midpoint,
            position=w0,
            gradient=self._gradients[0],
            preconditioner=self.preconditioner(),
            point=self.problem.at(self.midpoint),
            loss=self._losses[0],
            rod_length=norm(w1 - w0) / 2,
            oscillation=norm(w0 - 2 * w1 + w2) / 4,
        )


@dataclass(frozen=True)
class Start:
    """All that a flow needs to begin: the states at steps row, row + 1, row + 2 and what it shares with the others."""

    problem: Problem
    schedule: Schedule
    row: int
    window: tuple[State, State, State]
    watch: Watch

    @property
    def optimizer(self) -> Optimizer:
        return self.schedule.at(self.row)

    def mean_second_moment(self) -> Tensor | None:
        first, second = self.window[0].moments.second, self.window[1].moments.second
        return None if first is None or second is None else (first + second) / 2


def norm(t: Tensor) -> Tensor:
    """Euclidean norm of t [..., p] as a tensor [...] of the device."""
    return torch.linalg.vector_norm(t, dim=-1)
