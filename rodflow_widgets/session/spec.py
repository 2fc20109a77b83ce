"""What is asked for."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import unknown

if TYPE_CHECKING:
    from ..engine import Simulation


class Plan(Protocol):
    """Something that a simulation can be made of, again and again."""

    def simulation(self) -> Simulation: ...


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
    """

    problem: Any
    optimizer: Any
    processes: tuple[Any, ...] = ("discrete", "rod", "stable")
    steps: int = 1000
    start: int | None = None
    eigenvalues: int = 1
    every: int = 1
    snapshots: tuple[int, ...] = ()
    seed: int = 0

    @classmethod
    def of(cls, problem: Any, optimizer: Any, options: dict[str, Any], *, more: tuple[str, ...] = ()) -> RunSpec:
        """A spec of keyword arguments; one that is neither known here nor in `more` raises UnknownNameError."""
        known = [field.name for field in fields(cls)][2:]
        for name in options:
            if name not in known:
                raise unknown("keyword", name, [*known, *more])
        return cls(problem, optimizer, **options)

    def simulation(self) -> Simulation:
        """A new simulation at step 0; raises for every argument that cannot work."""
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
        )
