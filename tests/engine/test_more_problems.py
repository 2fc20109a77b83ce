"""The further toys, and that the first networks come to their edge."""

from __future__ import annotations

import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine import Simulation
from rodflow_widgets.errors import ArgumentError, UnknownNameError

from .problems import run


@pytest.mark.parametrize(
    ("problem", "loss", "sharpness"),
    [
        (rf.problems.double_well(w0=1.0 + 1e-9), 0.0, 2.0),
        (rf.problems.product(w0=(2.0, 0.5)), 0.0, 8.5),
        (rf.problems.masking(), 0.5 * 1.8 * 0.05**2, None),
        (rf.problems.twin_valley(w0=(0.0, 0.0, 5.0)), -0.05, 5.0),
    ],
    ids=["double well", "product", "masking", "twin valley"],
)
def test_toys_have_the_loss_and_the_sharpness_of_their_formula(problem, loss: float, sharpness: float | None) -> None:
    w = problem.w0
    assert float(problem.loss(w)) == pytest.approx(loss, abs=1e-12)
    if sharpness is not None:
        H = problem.hvp(w, torch.eye(problem.dim, dtype=w.dtype))
        assert float(torch.linalg.eigvalsh(H)[-1]) == pytest.approx(sharpness, rel=1e-6)


@pytest.mark.parametrize(("name", "rate"), [("digits_cnn", 1.0), ("digits_transformer", 0.3)])
def test_the_networks_come_to_their_edge(name: str, rate: float) -> None:
    problem = getattr(rf.problems, name)(n=60)
    columns = run(Simulation(problem, rf.optimizers.GradientDescent(rate), ("discrete",), steps=140, every=4))
    ratio = columns["discrete"]["sharpness_ratio"]
    assert ratio.max() > 1
    assert ratio[-1] < 1.2


def test_bad_options_are_refused() -> None:
    with pytest.raises(ArgumentError, match="channels=0"):
        rf.problems.digits_cnn(channels=0)
    with pytest.raises(UnknownNameError, match="activation"):
        rf.problems.digits_cnn(activation="step")
    with pytest.raises(ArgumentError, match="w0"):
        rf.problems.product(w0=(1.0,))
    with pytest.raises(ArgumentError, match="3 of them"):
        rf.problems.twin_valley(w0=(1.0, 2.0))
    with pytest.raises(ArgumentError, match="ratio"):
        rf.problems.twin_valley(ratio=2.0)
