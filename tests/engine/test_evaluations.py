"""No process evaluates a point twice: the graph of a gradient that was taken serves products and measurements too.

The iterates are measured at the midpoint of two of them, where their own gradients are not taken: that is another point.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem

from .problems import network, run

SEEN: list[bytes] = []


def watched() -> Problem:
    inner = network(n=10)

    def function(w: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            SEEN.append(w.detach().numpy().tobytes())
        return inner.function(w)

    return Problem.from_function(function, inner.w0)


@pytest.mark.parametrize("flow", [None, "rod", "rod-paper", "rod-covariance", "stable", "central", "edge"])
def test_no_point_is_evaluated_twice(flow: str | None) -> None:
    processes = ("discrete",) if flow is None else ("discrete", flow)
    simulation = rf.Simulation(watched(), rf.optimizers.GradientDescent(0.2), processes, steps=6, start=2)
    SEEN.clear()
    run(simulation)
    shared = 0 if flow is None else 3  # a flow begins at the midpoint of two iterates, a rod with them as its ends
    assert len(SEEN) >= 2 * 6
    assert len(SEEN) - len(set(SEEN)) <= shared
