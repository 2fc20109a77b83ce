"""Runge–Kutta–Chebyshev of order two: explicit, with as many stages as the stiffest mode of the equation needs.

With s stages it is stable on the negative real axis down to −0.65 (s² − 1), at the cost of s evaluations of the rate.
Source: Sommeijer, Shampine and Verwer, J. Comput. Appl. Math. 88 (1998) 315.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

DAMPING = 2 / 13
SAFETY, SHRINK, GROW = 0.9, 0.2, 2.0
SLACK = 1e-3
"""How much a mode that should decay may grow in one step: what the error control sees long before it matters."""

Rate = Callable[[float, Tensor], Tensor]


@dataclass(frozen=True)
class Stage:
    """y_j = (1 − mu − nu) y_0 + mu y_{j−1} + nu y_{j−2} + h (moved F_{j−1} + back F_0), an approximation at c h."""

    mu: float
    nu: float
    moved: float
    back: float
    c: float


@dataclass(frozen=True)
class Method:
    """The coefficients of s stages; on y' = λy it multiplies y by a + b T_s(w0 + w1 h λ)."""

    w0: float
    w1: float
    a: float
    b: float
    first: float
    stages: tuple[Stage, ...]


@functools.lru_cache(maxsize=512)
def method(stages: int) -> Method:
    """The method with so many stages (two at least)."""
    w0 = 1 + DAMPING / stages**2
    T, dT, ddT = [1.0, w0], [0.0, 1.0], [0.0, 0.0]
    for _ in range(2, stages + 1):
        ddT.append(4 * dT[-1] + 2 * w0 * ddT[-1] - ddT[-2])
        dT.append(2 * T[-1] + 2 * w0 * dT[-1] - dT[-2])
        T.append(2 * w0 * T[-1] - T[-2])
    w1 = dT[-1] / ddT[-1]
    b = [ddT[j] / dT[j] ** 2 for j in range(2, stages + 1)]
    b = [b[0], b[0], *b]
    a = [1 - b_j * T_j for b_j, T_j in zip(b, T, strict=True)]
    c = [0.0, b[1] * w1] + [w1 * ddT[j] / dT[j] for j in range(2, stages + 1)]
    made = []
    for j in range(2, stages + 1):
        moved = 2 * b[j] * w1 / b[j - 1]
        made.append(Stage(2 * b[j] * w0 / b[j - 1], -b[j] / b[j - 2], moved, -a[j - 1] * moved, c[j]))
    return Method(w0, w1, a[-1], b[-1], b[1] * w1, tuple(made))


def growth(stages: int, z: np.ndarray) -> np.ndarray:
    """What one step of the method multiplies a mode by, for every z = h · eigenvalue (complex, any shape)."""
    made = method(stages)
    x = made.w0 + made.w1 * np.asarray(z)
    before, T = np.ones_like(x), x
    for _ in range(2, stages + 1):
        before, T = T, 2 * x * T - before
    return made.a + made.b * T


def stages_for(z: np.ndarray, most: int) -> int | None:
    """The fewest stages, at most `most`, with which no mode z = h · eigenvalue [k] grows unless it should; or None."""
    allowed = np.exp(np.maximum(z.real, 0.0)) + SLACK
    # The stiffest mode alone excludes what is below; the complex ones near zero decide from there on.
    fewest = max(2, math.floor(math.sqrt(1 + 1.5 * max(-float(z.real.min()), 0.0))))
    for stages in range(fewest, min(fewest + 5, most) + 1):
        if (np.abs(growth(stages, z)) <= allowed).all():
            return stages
    return None


def step(rate: Rate, time: float, state: Tensor, first: Tensor, h: float, stages: int) -> Tensor:
    """The state a step h later, from `state` at `time` with `first` its rate; stages − 1 more evaluations."""
    made = method(stages)
    before, now, reached = state, state + h * made.first * first, made.first
    for stage in made.stages:
        moved = rate(time + reached * h, now)
        new = (1 - stage.mu - stage.nu) * state + stage.mu * now + stage.nu * before
        before, now, reached = now, new + h * (stage.moved * moved + stage.back * first), stage.c
    return now


def error(state: Tensor, new: Tensor, first: Tensor, last: Tensor, h: float) -> Tensor:
    """The local error of a step from `state` with rate `first` to `new` with rate `last`."""
    return 0.8 * (state - new) + 0.4 * h * (first + last)


def factor(size: float) -> float:
    """By what the step may change after an error of `size` tolerances: the local error is of third order."""
    if not size > 0.0:
        return GROW if size == 0.0 else SHRINK
    return min(GROW, max(SHRINK, SAFETY * size ** (-1 / 3)))
