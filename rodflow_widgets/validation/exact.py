"""Rod flow and the optimizers against answers known on paper or by torch, each again with dt halved where there is one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from ..engine import Problem, optimizers
from ..engine.flows import CovarianceRod, Rod
from ..engine.flows.base import Flow
from ..engine.optimizers.base import Optimizer
from ..engine.problems.toys import quadratic, quartic
from ..session import simulate
from .beside_dense import start_at, tracking, truncation
from .networks import PrincipalDigits, UniformDigits

ROD = (Rod(name="a"), Rod(substeps=4, name="b"))


@dataclass(frozen=True)
class Row:
    """One quantity: what it must be (or stay below), and what was measured, the second time with dt halved."""

    quantity: str
    wanted: float
    measured: tuple[float, ...]
    tolerance: float
    at_most: bool = False

    @property
    def holds(self) -> bool:
        excess = [value - self.wanted for value in self.measured]
        return all(math.isfinite(e) and (e if self.at_most else abs(e)) <= self.tolerance for e in excess)

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        finite = [value if math.isfinite(value) else None for value in self.measured]
        return {**asdict(self), "measured": finite, "holds": self.holds}


def run(problem: Problem, optimizer: Optimizer, flows: tuple[Flow, Flow], steps: int) -> tuple[Any, ...]:
    """Tables of the iterates and the two flows, begun at step 0."""
    recording = simulate(problem, optimizer, ("discrete", *flows), steps=steps, start=0, progress=False)
    return tuple(recording[name] for name in ("discrete", *(str(flow.name) for flow in flows)))


def paper(coarse: int | None, fine: int) -> tuple[Flow, Flow]:
    """The paper's closure with two numbers of substeps; None is the default dt of at most ¼."""
    first, second = (
        CovarianceRod(modes=1, seed=1, substeps=count, name=name) for count, name in ((coarse, "a"), (fine, "b"))
    )
    return first, second


def fixed_points() -> Iterator[Row]:
    """L = w²/2 − w⁴/40: gradient descent oscillates with Σ = 10 − 20 / learning rate, or comes to rest."""
    for rate in (2.05, 2.2, 2.5, 2.9, 1.8):
        _, *tables = run(quartic(S=1.0, Q=0.1), optimizers.GradientDescent(rate), ROD, 400)
        ends = tuple(float(c["oscillation"][-1] ** 2) for c in tables)
        wanted = max(10 - 20 / rate, 0.0)
        yield Row(f"rod, quartic, learning rate {rate}: Σ at step 400", wanted, ends, 1e-6)


def rates() -> Iterator[Row]:
    """On a quadratic the rod grows by h − 1 a step, and the paper's covariance by exp(h²/2 − 2); h is the learning rate."""
    problem = quadratic(sharpness=1.0)
    for h in (1.9, 2.0, 2.1):
        _, *tables = run(problem, optimizers.GradientDescent(h), ROD, 20)
        measured = tuple(float(np.log(c["oscillation"][20] / c["oscillation"][10])) / 10 for c in tables)
        yield Row(f"rod, quadratic, h = {h}: rate of the rod, ln(h − 1)", math.log(h - 1), measured, 1e-9)
    for h, wanted in ((1.9, -0.195), (2.0, 0.0), (2.1, 0.205)):
        _, *tables = run(problem, optimizers.GradientDescent(h), paper(400, 800), 6)
        measured = tuple(float(2 * np.log(c["oscillation"][6] / c["oscillation"][5])) for c in tables)
        yield Row(f"rod-paper, quadratic, h = {h}: rate of Σ, h²/2 − 2", wanted, measured, 2e-4)


def double_well() -> Iterator[Row]:
    """L = (w² − 1)²/4 at 1.03 times the edge: iterates and rod settle on the same pair of points."""
    problem = Problem.from_function(lambda w: ((w**2 - 1) ** 2).sum() / 4, [1.001])
    for kind in (optimizers.GradientDescent, optimizers.HeavyBall, optimizers.Nesterov):
        optimizer = kind(1.03 * kind(1.0).edge_threshold() / 2)
        discrete, *tables = run(problem, optimizer, ROD, 1000)
        apart = tuple(float(c["distance"][-1]) for c in tables)
        yield Row(f"rod, double well, {optimizer.label}: distance at step 1000", 0.0, apart, 1e-8)
        off = tuple(abs(float(c["oscillation"][-1] - discrete["oscillation"][-1])) for c in tables)
        yield Row(f"rod, double well, {optimizer.label}: oscillation off by", 0.0, off, 1e-8)


def masking() -> Iterator[Row]:
    """L = ½ (1.8 + v) u² − 0.002 v, learning rate 1: v sharpens the valley until u oscillates and holds it back."""
    problem = Problem.from_function(lambda w: (1.8 + w[1]) * w[0] ** 2 / 2 - 0.002 * w[1], [0.05, 0.0])
    optimizer = optimizers.GradientDescent(1.0)
    _, *tables = run(problem, optimizer, ROD, 400)
    peaks = tuple(2 * float(c["sharpness_ratio"].max()) for c in tables)
    yield Row("rod, masking toy: largest learning rate × sharpness", 2.219, peaks, 5e-3)
    squares = tuple(float((c["oscillation"][200:] ** 2).mean()) for c in tables)
    yield Row("rod, masking toy: mean Σ of steps 200 to 400", 0.0056, squares, 3e-4)
    _, *tables = run(problem, optimizer, paper(None, 8), 400)
    ends = tuple(2 * float(c["sharpness_ratio"][-1]) for c in tables)
    yield Row("rod-paper, masking toy: learning rate × sharpness at step 400", 2.598, ends, 5e-3)
    two = CovarianceRod(modes=2, seed=1, name="a"), CovarianceRod(modes=2, seed=1, substeps=8, name="b")
    _, *tables = run(problem, optimizer, two, 400)
    tops = tuple(2 * float(c["sharpness_ratio"].max()) for c in tables)
    yield Row("two modes, masking toy: largest learning rate × sharpness", 2.3, tops, 0.0, at_most=True)


def maps() -> Iterator[Row]:
    """Fifty steps beside torch.optim on a network; the scalar variants have no counterpart there."""
    sgd = torch.optim.SGD
    pairs: tuple[tuple[Optimizer, Callable[[Any], torch.optim.Optimizer]], ...] = (
        (optimizers.GradientDescent(0.3), lambda p: sgd(p, lr=0.3)),
        (optimizers.HeavyBall(0.5), lambda p: sgd(p, lr=0.05, momentum=0.9)),
        (optimizers.Nesterov(0.5), lambda p: sgd(p, lr=0.05, momentum=0.9, nesterov=True)),
        (optimizers.RMSProp(1e-3), lambda p: torch.optim.RMSprop(p, lr=1e-3)),
        (optimizers.Adam(5e-3), lambda p: torch.optim.Adam(p, lr=5e-3, betas=(0.9, 0.99))),
        (optimizers.NAdam(3e-3), lambda p: torch.optim.NAdam(p, lr=3e-3, betas=(0.9, 0.99))),
    )
    network = UniformDigits(hidden=(8, 8), n=100)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # torch's NAdam keeps its products in the default dtype
    try:
        for optimizer, make in pairs:
            problem = network.problem()
            w = torch.nn.Parameter(problem.w0)
            theirs = make([w])
            ours, moments = problem.w0, optimizer.initial(problem.w0)
            for n in range(1, 51):
                ours, moments = optimizer.step(ours, moments, problem.value_and_grad(ours)[1], n)
                w.grad = problem.value_and_grad(w)[1]
                theirs.step()
            apart = float((ours - w.detach()).abs().max())
            yield Row(f"{optimizer.label} beside torch.optim: largest difference after 50 steps", 0.0, (apart,), 1e-12)
    finally:
        torch.set_default_dtype(before)


def dense() -> Iterator[Row]:
    """Four columns against the whole Σ, tracked modes against the whole Hessian; network of 91 parameters at its edge.

    Centres are apart by a share of the distance moved, Σ and alternating part by a share of their size. Four columns miss
    1e-4 with momentum, with four directions near the edge (RMSProp from step 20), and while a direction that will grow is
    smaller in Σ than the fourth column. The bounds on tracked modes are chosen here: 2 % of the edge is what their cadence
    tolerates of a predicted eigenvalue.
    """
    problem = PrincipalDigits().problem()
    descent, ball = optimizers.GradientDescent(0.4), optimizers.HeavyBall(9.0)
    scalar, component = optimizers.ScalarRMSProp(0.1), optimizers.RMSProp(0.01)
    nesterov, adam = optimizers.Nesterov(2.0), optimizers.Adam(0.3)
    cut: tuple[tuple[Optimizer, int, int, tuple[int, ...], tuple[int, ...]], ...] = (
        (descent, 150, 24, (4,), (4, 8)),
        (scalar, 20, 10, (4,), (4, 8)),
        (component, 80, 10, (4,), (4, 8)),
        (component, 20, 20, (4, 8), (4,)),
        (ball, 36, 10, (4, 16), (4,)),
        (adam, 124, 10, (4, 8), (4,)),
        (descent, 110, 20, (4, 8), (4,)),
    )
    for optimizer, row, steps, columns, counts in cut:
        start = start_at(problem, optimizer, row)
        for modes in columns:
            found = [truncation(start, steps, modes=modes, substeps=count) for count in counts]
            name = f"{modes} columns, {optimizer.label} from step {row}"
            yield _below(f"{name}: centre off by", 1e-4, [f.centre for f in found])
            yield _below(f"{name}: Σ off by", 1e-4, [f.sigma for f in found])
    followed: tuple[tuple[Optimizer, int, int], ...] = (
        (descent, 160, 28),
        (nesterov, 56, 20),
        (scalar, 20, 10),
        (component, 80, 10),
        (adam, 118, 10),
    )
    for optimizer, row, steps in followed:
        start = start_at(problem, optimizer, row)
        both = [tracking(start, steps, substeps=count) for count in (2, 4)]
        name = f"tracked modes, {optimizer.label} from step {row}"
        yield _below(f"{name}: centre off by", 1e-2, [t.centre for t in both])
        yield _below(f"{name}: alternating part off by", 0.1, [t.alternating for t in both])
        yield _below(f"{name}: S/threshold off by, in the mean", 2e-2, [t.ratio for t in both])


def _below(quantity: str, most: float, measured: list[float]) -> Row:
    return Row(quantity, most, tuple(measured), 0.0, at_most=True)


GROUPS: dict[str, Callable[[], Iterator[Row]]] = {
    "fixed-points": fixed_points,
    "rates": rates,
    "double-well": double_well,
    "masking": masking,
    "maps": maps,
    "dense": dense,
}


def measure(group: str) -> dict[str, Any]:
    """All rows of a group, as JSON holds them."""
    return {"rows": [row.plain() for row in GROUPS[group]()]}
