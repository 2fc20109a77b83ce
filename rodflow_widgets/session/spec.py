"""What is asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ..errors import ArgumentError, unknown

if TYPE_CHECKING:
    from ..engine import Simulation
    from .forking import Past

PROCESSES = ("discrete", "rod", "stable")


class Plan(Protocol):
    """Something that a simulation can be made of, again and again; `past` is what had been measured before it begins."""

    @property
    def past(self) -> Past | None: ...
    def simulation(self) -> Simulation: ...
    def starting_at(self, start: Any) -> Plan: ...


@dataclass(frozen=True)
class RunSpec:
    """The arguments of `simulate`; two simulations made of one spec give the same numbers.

    Args:
        problem: the loss.
        optimizer: makes the iterates.
        processes: names or objects; each is found in the recording under its name.
        steps: optimizer steps; rows are measured at times 0 to steps.
        start: step at which the flows are initialised; None takes the optimizer's default.
        eigenvalues: how many of the largest Hessian eigenvalues are tracked.
        every: steps between two measured rows.
        snapshots: steps at which parameter vectors are kept.
        seed: of everything random.
        schedule: of the learning rate, of `rodflow_widgets.schedules`; None keeps it until it is changed.
    """

    problem: Any
    optimizer: Any
    processes: Sequence[Any] = PROCESSES
    steps: int = 1000
    start: int | None = None
    eigenvalues: int = 1
    every: int = 1
    snapshots: Sequence[int] = ()
    seed: int = 0
    schedule: Any = None
    past: ClassVar[None] = None

    def simulation(self, trail: int = 0) -> Simulation:
        """A new simulation at step 0; raises for every argument that cannot work.

        Args:
            trail: bytes for the parameter vectors of the last rows, of which surveys are made.
        """
        from ..engine import Simulation

        return Simulation(
            self.problem,
            self.optimizer,
            processes=self.processes,
            steps=self.steps,
            start=self.start,
            eigenvalues=self.eigenvalues,
            every=self.every,
            snapshots=self.snapshots,
            seed=self.seed,
            trail=trail,
            schedule=self.schedule,
        )

    def starting_at(self, start: Any) -> RunSpec:
        """The same from another starting point [p]; raises where the problem cannot start there."""
        from ..engine.checks import check_vector

        w = check_vector("start", start)
        if w.numel() != self.problem.dim:
            raise ArgumentError(
                f"start has {w.numel()} numbers: give one for each of the {self.problem.dim} parameters."
            )
        return replace(self, problem=self.problem.starting_at(w))


def refuse(given: Iterable[str], function: Callable[..., Any]) -> None:
    """Raise UnknownNameError for the first of the keywords `given`: none is among those that `function` spells out."""
    known = [name for name, p in inspect.signature(function).parameters.items() if p.kind is not p.VAR_KEYWORD]
    for name in given:
        raise unknown("keyword", name, known[2:])
