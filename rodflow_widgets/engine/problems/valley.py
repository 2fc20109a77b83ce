"""Valleys that sharpen as one moves down them, the smallest pictures of progressive sharpening."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...vocabulary import Parameter, Several
from ..problem import Problem
from ..registry import PROBLEMS, register
from .toys import start, toy

EPSILON = Parameter(
    "epsilon", "slope ε", 1e-2, 0.0, 1.0, scale="log", meaning="how steeply the valley falls", open_lower=True
)
ZETA = Parameter("zeta", "cubic term ζ", 1.0, -1e3, 1e3, meaning="how lopsided the valley is across")


@register(
    PROBLEMS,
    "valley",
    parameters=(EPSILON, ZETA, Several(start(0.05), (0.05, 5.6), 2, meaning="starting point: across x, along y")),
    cites=("berthier2026timescales",),
)
def valley(
    epsilon: float = 1e-2,
    zeta: float = 1.0,
    w0: Sequence[float] = (0.05, 5.6),
    dtype: torch.dtype = torch.float64,
) -> Problem:
    """L(x, y) = ½(y + ζx)x² − ε(x + y): a valley along y that sharpens as one moves down it.

    The sharpness across it is y, so gradient descent comes to y = 2 / learning_rate as ε → 0.
    Source: Berthier, arXiv 2609.01034.
    """

    def loss(w: Tensor) -> Tensor:
        x, y = w[0], w[1]
        return (y + zeta * x) * x * x / 2 - epsilon * (x + y)

    return toy(loss, w0, f"valley, ε = {epsilon:g}", dtype)


@register(
    PROBLEMS,
    "twin_valley",
    label="twin valley",
    parameters=(
        EPSILON,
        Parameter("ratio", "ratio", 0.97, 0.0, 1.0, meaning="second sharpness across / first", open_lower=True),
        Several(start(0.05), (0.05, 0.04, 5.6), 3, meaning="starting point: across x and z, along y"),
    ),
    cites=("berthier2026timescales",),
)
def twin_valley(
    epsilon: float = 1e-2,
    ratio: float = 0.97,
    w0: Sequence[float] = (0.05, 0.04, 5.6),
    dtype: torch.dtype = torch.float64,
) -> Problem:
    """L(x, z, y) = ½y(x² + ratio · z²) − ε(x + z + y): a valley with two directions that come to the edge one by one.

    The sharpnesses across it are y and ratio · y. Derived here from Berthier's valley, which has one.
    """

    def loss(w: Tensor) -> Tensor:
        return w[2] * (w[0] ** 2 + ratio * w[1] ** 2) / 2 - epsilon * w.sum()

    return toy(loss, w0, f"twin valley, ε = {epsilon:g}", dtype)
