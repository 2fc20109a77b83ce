"""Runge–Kutta–Chebyshev: order, stability interval, and the choice of the number of stages."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from rodflow_widgets.engine.flows import chebyshev

STAGES = [2, 3, 5, 10, 30]


def test_two_stages_are_the_polynomial_of_order_two() -> None:
    z = np.array([-1.9, -0.5, 0.3 + 0.4j])
    assert chebyshev.growth(2, z) == pytest.approx(1 + z + z**2 / 2, rel=1e-13)


@pytest.mark.parametrize("stages", STAGES)
def test_a_step_multiplies_a_mode_by_the_stability_polynomial(stages: int) -> None:
    z = -torch.tensor([0.1, 1.0, 1.9, 0.6 * (stages**2 - 1)], dtype=torch.float64)
    one = torch.ones_like(z)
    made = chebyshev.step(lambda t, y: z * y, 0.0, one, z * one, 1.0, stages)
    assert made.numpy() == pytest.approx(chebyshev.growth(stages, z.numpy()), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("stages", STAGES)
def test_it_is_of_order_two_and_its_estimate_of_order_three(stages: int) -> None:
    """y' = −y² cos t has y = 1 / (1 + sin t)."""

    def rate(t, y):
        return -(y**2) * math.cos(t)

    global_errors, estimates = [], []
    for count in (16, 32, 64):
        h, y = 1 / count, torch.ones(1, dtype=torch.float64)
        for i in range(count):
            first = rate(i * h, y)
            new = chebyshev.step(rate, i * h, y, first, h, stages)
            estimate = chebyshev.error(y, new, first, rate((i + 1) * h, new), h)
            y = new
        global_errors.append(abs(float(y) - 1 / (1 + math.sin(1))))
        estimates.append(abs(float(estimate)))
    assert np.diff(np.log2(global_errors)) == pytest.approx([-2, -2], abs=0.15)
    assert np.diff(np.log2(estimates)) == pytest.approx([-3, -3], abs=0.15)


@pytest.mark.parametrize("stages", STAGES)
def test_it_is_stable_as_far_as_the_source_says(stages: int) -> None:
    reach = 2 / 3 * (stages**2 - 1) * (1 - 2 / 15 * chebyshev.DAMPING)
    assert np.abs(chebyshev.growth(stages, np.linspace(-reach, 0, 4001))).max() <= 1 + 1e-12
    assert abs(chebyshev.growth(stages, np.array(-1.5 * reach))) > 1


@pytest.mark.parametrize("stiff", [0.0, 1.9, 5.0, 40.0, 3000.0])
def test_stages_are_enough_and_not_more(stiff: float) -> None:
    z = np.linspace(-stiff, 0, 2001).astype(complex)
    stages = chebyshev.stages_for(z, 1000)
    assert stages is not None
    assert np.abs(chebyshev.growth(stages, z)).max() <= 1 + chebyshev.SLACK
    assert stages == 2 or np.abs(chebyshev.growth(stages - 1, z)).max() > 1 + chebyshev.SLACK
    assert chebyshev.stages_for(z, stages - 1) is None


def test_modes_that_should_grow_may_and_oscillating_ones_may_not() -> None:
    assert chebyshev.stages_for(np.array([0.1 + 0j, -1.0]), 50) == 2
    assert chebyshev.stages_for(np.array([-1.0 + 1.9j]), 50) == 3
    assert chebyshev.stages_for(np.array([4j]), 50) is None


def test_the_next_step_follows_the_error() -> None:
    assert chebyshev.factor(0.0) == 2.0
    assert chebyshev.factor(math.nan) == 0.2
    assert chebyshev.factor(8.0) == pytest.approx(0.45)
