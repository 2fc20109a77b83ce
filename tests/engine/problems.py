"""Small problems that only the tests need."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rodflow_widgets.engine import Problem, Simulation
from rodflow_widgets.engine.curvature.following import Watch
from rodflow_widgets.engine.optimizers import Moments, Optimizer
from rodflow_widgets.engine.process import Start, State
from rodflow_widgets.engine.schedule import Schedule


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
