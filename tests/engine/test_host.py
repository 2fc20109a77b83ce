"""The budget of host synchronisations, counted by a dispatch mode that sees every scalar read and copy to the host."""

from __future__ import annotations

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem, Simulation
from rodflow_widgets.engine.curvature import small
from rodflow_widgets.engine.flows import chebyshev

from .problems import network

WAITS = {
    "aten::_local_scalar_dense",
    "aten::is_nonzero",
    "aten::nonzero",
    "aten::masked_select",
    "aten::equal",
    "aten::_linalg_eigh",
    "aten::linalg_eig",
    "aten::_linalg_svd",
    "aten::linalg_cholesky_ex.L",
    "aten::_linalg_check_errors",
}
"""Operators for which an accelerator makes the host wait."""


class Count(TorchDispatchMode):
    """Counts scalar reads, operators that wait, and copies to the host."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = 0
        self.copies = 0
        self.largest = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func.name().removesuffix(".default")
        if name in WAITS:
            self.waits += 1
        if name == "aten::_to_copy" and str(kwargs.get("device")) == "cpu":
            self.copies += 1
            self.largest = max(self.largest, args[0].numel())
        return func(*args, **kwargs)


@pytest.fixture(autouse=True)
def as_on_an_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eigenvalues as they are computed where torch.linalg.eigh would make the host wait."""
    monkeypatch.setattr(small, "EIGH_DOES_NOT_WAIT", ())


def counted(processes, steps: int = 12, eigenvalues: int = 1) -> tuple[Count, Simulation]:
    simulation = Simulation(
        network(), rf.optimizers.GradientDescent(0.2), processes, steps=200, eigenvalues=eigenvalues, start=0
    )
    for _ in range(20):
        simulation.advance()
    simulation.drain()
    with Count() as count:
        for _ in range(steps):
            simulation.advance()
    return count, simulation


def test_the_optimizer_and_its_probes_never_wait() -> None:
    count, simulation = counted(("discrete",), eigenvalues=3)
    assert (count.waits, count.copies) == (0, 0)
    with Count() as drain:
        simulation.drain()
    assert (drain.waits, drain.copies) == (0, 1)


@pytest.mark.parametrize(
    ("flow", "transfers"),
    [
        (rf.flows.Rod(), 2),
        (rf.flows.Rod(substeps=4), 4),
        (rf.flows.CovarianceRod(substeps=4), 4),
        (rf.flows.CovarianceRod(modes=1, seed=1, substeps=4), 4),
    ],
)
def test_a_flow_waits_at_most_once_a_substep_for_a_few_numbers(flow, transfers: float) -> None:
    steps = 20
    count, _ = counted(("discrete", flow), steps)
    assert count.waits == 0
    assert count.copies == transfers * steps
    assert count.largest <= 300


@pytest.mark.parametrize("tolerance", [1e-3, 1e-6])
def test_stable_flow_waits_once_a_substep(tolerance: float, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def step(*arguments):
        tried.append(arguments)
        return chebyshev_step(*arguments)

    chebyshev_step = chebyshev.step
    _, simulation = counted(("discrete", rf.flows.Stable(tolerance=tolerance)), 20)
    monkeypatch.setattr(chebyshev, "step", step)
    with Count() as count:
        for _ in range(20):
            simulation.advance()
    assert count.waits == 0
    assert count.copies == len(tried) >= 20
    assert count.largest <= 2


VALLEY = Problem.from_function(lambda w: (1.99 + w[1]) * w[0] ** 2 / 2 - 0.004 * w[1], [0.05, 0.0])


@pytest.mark.parametrize(
    ("problem", "optimizer"),
    [(VALLEY, rf.optimizers.GradientDescent(1.0)), (network(), rf.optimizers.RMSProp(0.01))],
)
def test_central_flow_waits_at_most_once_a_substep(problem, optimizer) -> None:
    simulation = Simulation(problem, optimizer, ("discrete", "central"), steps=200)
    for _ in range(45):
        simulation.advance()
    assert simulation.drain()[1].columns["critical"][-5:].min() >= 1
    with Count() as count:
        for _ in range(5):
            simulation.advance()
    assert (count.waits, count.copies) == (0, 2 * 5)
    assert count.largest <= 300


def test_edge_flow_waits_once_a_substep() -> None:
    count, simulation = counted(("discrete", rf.flows.Edge()), 20)
    with Count() as again:
        simulation.advance()
    assert (count.waits, again.waits) == (0, 0)
    assert again.copies == simulation._lockstep.lanes[1].process.spent
    assert count.largest == 4


def adam(w, state, g, n, learning_rate):
    m, v = 0.9 * state["m"] + 0.1 * g, 0.99 * state["v"] + 0.01 * g * g
    step = m / (1 - 0.9**n) / ((v / (1 - 0.99**n)).sqrt() + 1e-8)
    return w - learning_rate * step, {"m": m, "v": v}


def test_a_map_of_ones_own_costs_no_further_wait() -> None:
    zeros = {"m": torch.zeros_like, "v": torch.zeros_like}
    optimizer = rf.optimizers.from_map(adam, zeros, learning_rate=0.02)
    simulation = Simulation(network(), optimizer, ("discrete", "rod"), steps=60, start=5)
    for _ in range(20):
        simulation.advance()
    simulation.drain()
    with Count() as count:
        for _ in range(10):
            simulation.advance()
    assert (count.waits, count.copies) == (0, 2 * 10)
    assert count.largest <= 400


def test_the_counter_sees_what_it_is_there_for() -> None:
    with Count() as count:
        float(torch.ones(()))
        torch.ones(2).to("cpu", copy=True)
        torch.linalg.eigh(torch.eye(2))
    assert (count.waits, count.copies) == (2, 1)
