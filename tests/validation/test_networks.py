"""The second family of networks, against its own words."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.datasets import load_digits

from rodflow_widgets.validation.networks import UniformDigits


def test_the_uniform_start_and_the_loss_are_those_of_the_design() -> None:
    network = UniformDigits(hidden=(5,), n=30, gain=1.5, seed=7)
    problem = network.problem()
    random, parts = np.random.RandomState(7), []
    for rows, columns in ((5, 64), (10, 5)):
        reach = 1.5 / np.sqrt(columns)
        parts += [random.uniform(-reach, reach, rows * columns), random.uniform(-reach, reach, rows)]
    w = np.concatenate(parts)
    assert torch.equal(problem.w0, torch.from_numpy(w))

    data = load_digits()
    chosen = np.random.RandomState(0).permutation(1797)[:30]
    x = data.data[chosen] / 16
    x = (x - x.mean(0)) / x.std(0).mean()
    first, b1, second, b2 = np.split(w, np.cumsum([320, 5, 50]))
    output = np.tanh(x @ first.reshape(5, 64).T + b1) @ second.reshape(10, 5).T + b2
    loss = ((output - np.eye(10)[data.target[chosen]]) ** 2).sum() / 60
    assert abs(float(problem.loss(problem.w0)) - loss) < 1e-13
