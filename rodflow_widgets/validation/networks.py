"""The networks of the validation, on scikit-learn's digits."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from ..engine import Problem
from ..engine.problems.losses import half_mean_squared_error
from ..engine.registry import PROBLEMS

CLASSES, PIXELS = 10, 64


@dataclass(frozen=True)
class UniformDigits:
    """A tanh network on the first n examples of the digits, from a uniform start.

    Weights and biases, layer by layer, are uniform in ±gain/√fan_in. The pixels of the chosen examples are centred and
    divided by the mean over pixels of their standard deviations, where `rf.problems.digits_mlp` divides by the standard
    deviation of all pixels of all digits.

    Args:
        hidden: widths of the hidden layers.
        n: number of examples of the permutation with seed 0.
        seed: of the weights.
        dtype: of everything that is computed.
    """

    hidden: tuple[int, ...] = (32, 32)
    n: int = 500
    gain: float = 1.0
    seed: int = 1
    dtype: str = "float64"

    @property
    def name(self) -> str:
        return f"{'-'.join(map(str, self._sizes))} tanh, n = {self.n}, gain {self.gain:g}{_precision(self.dtype)}"

    @property
    def _sizes(self) -> tuple[int, ...]:
        return (PIXELS, *self.hidden, CLASSES)

    def problem(self) -> Problem:
        from sklearn.datasets import load_digits

        data = load_digits()
        chosen = np.random.RandomState(0).permutation(len(data.data))[: self.n]
        x = data.data[chosen] / 16.0
        x = (x - x.mean(0)) / x.std(0).mean()
        y = np.eye(CLASSES)[data.target[chosen]]
        name = f"digits MLP {self.name}"
        x, y = torch.from_numpy(x), torch.from_numpy(y)
        return Problem(self._network(), half_mean_squared_error, x, y, dtype=getattr(torch, self.dtype), name=name)

    def _network(self) -> nn.Sequential:
        random = np.random.RandomState(self.seed)
        layers: list[nn.Module] = []
        for fan_in, fan_out in itertools.pairwise(self._sizes):
            layer = nn.Linear(fan_in, fan_out, dtype=torch.float64)
            reach = self.gain / math.sqrt(fan_in)
            with torch.no_grad():
                for part in (layer.weight, layer.bias):
                    part.copy_(torch.from_numpy(random.uniform(-reach, reach, tuple(part.shape))))
            layers += [layer, nn.Tanh()]
        return nn.Sequential(*layers[:-1])


@dataclass(frozen=True)
class PrincipalDigits:
    """A 6-6-6-1 tanh network, 91 parameters, on six principal components of the first 100 digits of that permutation.

    Components are divided by the standard deviation of all of them; targets are +1 for digits from 5 on, else −1; weights
    are normal with standard deviation 0.7/√fan_in, biases 0.
    """

    n: int = 100
    width: int = 6
    gain: float = 0.7

    def problem(self) -> Problem:
        from sklearn.datasets import load_digits

        data = load_digits()
        chosen = np.random.RandomState(0).permutation(len(data.data))[: self.n]
        x = data.data[chosen] / 16.0
        x = x - x.mean(0)
        axes = np.linalg.svd(x, full_matrices=False)[2][: self.width]
        axes = axes * np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(1)])[:, None]
        x = x @ axes.T
        y = np.where(data.target[chosen] >= 5, 1.0, -1.0)[:, None]
        name = f"digits, {self.width} principal components"
        inputs, targets = torch.from_numpy(x / x.std()), torch.from_numpy(y)
        return Problem(self._network(), half_mean_squared_error, inputs, targets, name=name)

    def _network(self) -> nn.Sequential:
        random = np.random.RandomState(0)
        layers: list[nn.Module] = []
        for fan_in, fan_out in itertools.pairwise((self.width, self.width, self.width, 1)):
            layer = nn.Linear(fan_in, fan_out, dtype=torch.float64)
            weight = random.randn(fan_out, fan_in) * self.gain / fan_in**0.5
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(weight))
                layer.bias.zero_()
            layers += [layer, nn.Tanh()]
        return nn.Sequential(*layers[:-1])


@dataclass(frozen=True)
class Registered:
    """A problem of `rf.problems` with these options.

    Args:
        options: name and value of each.
        problem_name: its name in the registry.
        dtype: of everything that is computed.
    """

    options: tuple[tuple[str, Any], ...] = ()
    problem_name: str = "digits_mlp"
    dtype: str = "float64"

    @property
    def name(self) -> str:
        options = ", ".join(f"{name.replace('_', ' ')} {_plain(value)}" for name, value in self.options)
        kind = "" if self.problem_name == "digits_mlp" else f"{self.problem_name}: "
        return f"{kind}{options or 'the defaults'}{_precision(self.dtype)}"

    def problem(self) -> Problem:
        return PROBLEMS[self.problem_name](**dict(self.options), dtype=getattr(torch, self.dtype))


def _precision(dtype: str) -> str:
    return "" if dtype == "float64" else f", {dtype}"


def _plain(value: Any) -> str:
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)
