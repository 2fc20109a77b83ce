"""What a simulation is asked for: every argument checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ..errors import ArgumentError, ProblemError, unknown
from .checks import whole
from .curvature.tracker import EigenTracker
from .flows.base import Flow
from .lane import Lane
from .optimizers.base import Optimizer
from .origin import Origin
from .problem import Problem, check_problem
from .rates import Rates, check_schedule
from .registry import FLOWS, lookup


@dataclass(frozen=True)
class Request:
    """One run, as `Simulation` takes it.

    flows: name, flow and the step at which it begins. shown: whether the iterates are recorded too; they are always made.
    trail: bytes for the parameter vectors of the last rows. origin: where it begins, if not at the problem's start.
    """

    problem: Problem
    optimizer: Optimizer
    flows: tuple[tuple[str, Flow, int], ...]
    shown: bool
    steps: int
    eigenvalues: int
    every: int
    snapshots: frozenset[int]
    seed: int
    trail: int = 0
    schedule: Rates | None = None
    origin: Origin | None = None

    @staticmethod
    def of(
        problem: Problem,
        optimizer: Optimizer,
        processes: Sequence[str | Flow] = ("discrete", "rod", "stable"),
        *,
        steps: int = 1000,
        start: int | None = None,
        eigenvalues: int = 1,
        every: int = 1,
        snapshots: Iterable[int] = (),
        seed: int = 0,
        trail: int = 0,
        schedule: Rates | None = None,
        origin: Origin | None = None,
    ) -> Request:
        """The arguments of `Simulation`, checked; ArgumentError, UnknownNameError or ProblemError says what cannot be."""
        check_problem(problem)
        if not isinstance(optimizer, Optimizer):
            raise ArgumentError(
                f"optimizer={optimizer!r} is no optimizer: give, e.g., rf.optimizers.GradientDescent(0.1)."
            )
        steps, every = whole("steps", steps, 1), whole("every", every, 1)
        eigenvalues = min(whole("eigenvalues", eigenvalues, 1), problem.dim)
        seed = whole("seed", seed, 0, upper=2**32 - 1)
        if not isinstance(snapshots, Iterable):
            raise ArgumentError(f"snapshots={snapshots!r} is not usable: give the steps, e.g. (0, 100).")
        kept = frozenset(whole("snapshots", s, 0) for s in snapshots)
        begun = None if origin is None else _fitting(origin, problem, optimizer)
        first = 0 if begun is None else begun.step
        last = first + steps
        if start is not None and whole("start", start, 0) >= last:
            below = f"steps={steps}" if begun is None else f"{last}, {steps} after the origin's"
            raise ArgumentError(f"start={start} lies beyond the last step: give a step below {below}.")
        if min(start if start is not None else first, *kept, first) < first:
            raise ArgumentError(f"start={start} and snapshots={sorted(kept)} begin before the origin's step {first}.")
        if max(kept, default=0) > last:
            raise ArgumentError(f"snapshots={max(kept)} lies beyond the last step {last}.")
        flows = _flows(processes, optimizer, first if start is None and begun is not None else start)
        late = [name for name, _, begin in flows if begin > last]
        if late:
            raise ArgumentError(f"steps={steps} end before {late[0]!r} begins: run more steps, or give start=0.")
        rates = None if schedule is None else check_schedule(schedule)
        _check_moves(problem, problem.w0 if begun is None else begun.w)
        shown, trail = "discrete" in processes, whole("trail", trail, 0)
        return Request(
            problem, optimizer, tuple(flows), shown, steps, eigenvalues, every, kept, seed, trail, rates, begun
        )

    @property
    def first(self) -> int:
        """The first row."""
        return 0 if self.origin is None else self.origin.step

    @property
    def last(self) -> int:
        """The last row, unless it is extended."""
        return self.first + self.steps

    def lanes(self, runs: int | None = None) -> list[Lane]:
        """Lanes for the iterates and the flows, of one run or of several together."""
        processes = [("discrete", None, 0), *self.flows]
        shared = (self.eigenvalues, self.optimizer, runs, self.problem.coordinates)
        return [Lane(name, flow, begin, *shared) for name, flow, begin in processes]

    def shown_lanes(self) -> list[Lane]:
        """Lanes of one run as a recording shows them, for `describe`."""
        lanes = self.lanes()
        return lanes if self.shown else lanes[1:]

    @property
    def cites(self) -> list[str]:
        """Keys of the sources of what it uses, in `sources.bib`."""
        flows = [flow.sources(self.optimizer) for _, flow, _ in self.flows]
        used = [self.problem.cites, self.optimizer.cites, *flows, EigenTracker.cites]
        return list(dict.fromkeys(key for keys in used for key in keys))

    def describe(self, lanes: Sequence[Lane]) -> dict[str, Any]:
        """Problem, optimizer, processes and columns as JSON-able data: what a page needs to label a picture."""
        problem = self.problem
        start = problem.w0 if self.origin is None else self.origin.w
        return {
            "problem": {
                "name": problem.name,
                "dim": problem.dim,
                "device": str(problem.device),
                "dtype": str(problem.dtype).removeprefix("torch."),
                "loss": problem.loss_name,
                "coordinates": list(problem.coordinates),
                "start": start.tolist() if problem.coordinates else [],
                "recipe": None if problem.recipe is None else dict(problem.recipe),
            },
            "optimizer": self.optimizer.describe(),
            "steps": self.last,
            "every": self.every,
            "snapshots": sorted(self.snapshots),
            "eigenvalues": self.eigenvalues,
            "seed": self.seed,
            "cites": self.cites,
            "processes": [lane.describe() for lane in lanes],
        }


def _flows(processes: Sequence[str | Flow], optimizer: Optimizer, start: int | None) -> list[tuple[str, Flow, int]]:
    if isinstance(processes, str) or not isinstance(processes, Sequence) or not processes:
        raise ArgumentError(f"processes={processes!r} is not usable: give a tuple of names or flows.")
    flows: dict[str, tuple[str, Flow, int]] = {}
    for item in processes:
        if item == "discrete":
            continue
        if isinstance(item, str):
            if item not in FLOWS:
                raise unknown("process", item, ["discrete", *FLOWS])
            name, flow = item, lookup(FLOWS, "process", item)()
        elif isinstance(item, Flow):
            name, flow = item.name or item.default_name, item
        else:
            raise ArgumentError(f"processes holds {item!r}: give a name or a flow such as rf.flows.Rod().")
        if name in flows or name == "discrete":
            raise ArgumentError(f"processes name {name!r} twice: give one of them name=….")
        flow.check(optimizer)
        flows[name] = name, flow, flow.default_start(optimizer) if start is None else start
    return list(flows.values())


def _fitting(origin: Any, problem: Problem, optimizer: Optimizer) -> Origin:
    if not isinstance(origin, Origin):
        raise ArgumentError(f"origin={origin!r} is no Origin: give Origin(w, moments, step).")
    return origin.fitting(problem, optimizer)


def _check_moves(problem: Problem, w: Tensor) -> None:
    _, gradient = problem.value_and_grad(w)
    if not bool((gradient != 0).any()):
        raise ProblemError(
            "the gradient at the start is exactly zero, so nothing would move: start elsewhere, or use a loss "
            "whose gradient reaches the parameters (rounding and thresholds have none)."
        )
