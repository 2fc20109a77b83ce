"""Small problems and optimizers that only the tests need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from rodflow_widgets.engine import Problem, Simulation
from rodflow_widgets.engine.curvature.following import Watch
from rodflow_widgets.engine.optimizers import Coefficients, Moments, Optimizer
from rodflow_widgets.engine.optimizers.base import LEARNING_RATE
from rodflow_widgets.engine.process import Start, State
from rodflow_widgets.engine.schedule import Schedule


@dataclass(frozen=True)
class HeavyBall(Optimizer):
    """Heavy ball in its moving-average form, to hold the generic parts against a map with momentum."""

    label: ClassVar[str] = "heavy ball"
    threshold_text: ClassVar[str] = "2 (1 + β) / ((1 − β) learning rate)"
    parameters = (LEARNING_RATE,)
    has_momentum: ClassVar[bool] = True

    def coefficients(self, n: float) -> Coefficients:
        return Coefficients(a=1.0, b=0.0, beta=0.9, kappa=0.1)


@dataclass(frozen=True)
class RMSProp(Optimizer):
    """Per-component RMSProp, to hold the generic parts against a preconditioner."""

    label: ClassVar[str] = "RMSProp"
    threshold_text: ClassVar[str] = "2 / learning rate"
    parameters = (LEARNING_RATE,)
    has_second_moment: ClassVar[bool] = True
    rod_start: ClassVar[int] = 20

    def coefficients(self, n: float) -> Coefficients:
        return Coefficients(a=0.0, b=1.0, beta=0.0, kappa=1.0)

    def second_moment(self, grad: Tensor) -> Tensor:
        return grad * grad

    @property
    def second_moment_decay(self) -> float:
        return 0.99

    def preconditioner(self, nu: Tensor | None, n: float, like: Tensor) -> Tensor:
        assert nu is not None
        return nu.sqrt() + 1e-8


def network(n: int = 40, dtype: torch.dtype = torch.float64, seed: int = 0) -> Problem:
    """A tanh network of 73 parameters on random data."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=generator, dtype=torch.float64)
    y = torch.sin(2 * x[:, :1]) + x[:, 1:2] * x[:, 2:3]
    model = nn.Sequential(nn.Linear(4, 12), nn.Tanh(), nn.Linear(12, 1)).to(torch.float64)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64) * 0.5)
    return Problem(model, nn.MSELoss(), x, y, dtype=dtype)


def run(simulation: Simulation) -> dict[str, dict]:
    """All columns of all processes, drained at the end."""
    while not simulation.finished:
        simulation.advance()
    return {block.process: block.columns for block in simulation.drain()}


def still(problem: Problem, optimizer: Optimizer, rod: float) -> Start:
    """A start whose centre is at 0 and at rest, with the rod `rod` along the first parameter."""
    x = torch.zeros_like(problem.w0)
    x[0] = rod

    def state(w: Tensor) -> State:
        return State(w, Moments(torch.zeros_like(w) if optimizer.has_momentum else None, None))

    return Start(problem, Schedule(optimizer), 0, (state(x), state(-x), state(x)), Watch(1, 0))
