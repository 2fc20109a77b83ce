"""Small problems whose answers are known on paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ...errors import ArgumentError
from ...vocabulary import Parameter
from ..checks import check_dtype
from ..problem import Problem
from ..registry import PROBLEMS, register

START = Parameter("w0", "start", 0.3, -1e6, 1e6, meaning="starting point")


def _toy(f: Callable[[Tensor], Tensor], w0: Sequence[float], name: str, dtype: torch.dtype) -> Problem:
    start = torch.tensor([float(v) for v in w0], dtype=check_dtype("dtype", dtype))
    return Problem.from_function(f, start, name=name)


@register(PROBLEMS, "quadratic")
def quadratic(sharpness: float = 1.0, w0: float = 0.3, dtype: torch.dtype = torch.float64) -> Problem:
    """L(w) = ½ sharpness w², one parameter: unstable exactly when learning_rate · sharpness > 2."""
    s = Parameter("sharpness", "sharpness", 1.0, 0.0, 1e6, open_lower=True).check(sharpness)
    return _toy(lambda w: s * (w * w).sum() / 2, [START.check(w0)], f"quadratic, sharpness {s:g}", dtype)


@register(PROBLEMS, "quartic")
def quartic(S: float = 1.0, Q: float = 0.1, w0: float = 0.3, dtype: torch.dtype = torch.float64) -> Problem:
    """L(w) = S w²/2 − Q w⁴/4: beyond the edge gradient descent oscillates with Σ = S/Q − 2/(learning_rate Q)."""
    s = Parameter("S", "sharpness at 0", 1.0, 0.0, 1e6, open_lower=True).check(S)
    q = Parameter("Q", "quartic term", 0.1, 0.0, 1e6, open_lower=True).check(Q)
    start = START.check(w0)
    if start * start >= s / q:
        raise ArgumentError(f"w0={w0} lies beyond the crest of the quartic: give |w0| < {(s / q) ** 0.5:g}.")
    return _toy(lambda w: (s * w**2 / 2 - q * w**4 / 4).sum(), [start], f"quartic, S = {s:g}, Q = {q:g}", dtype)


@register(PROBLEMS, "valley")
def valley(
    epsilon: float = 1e-2,
    zeta: float = 1.0,
    w0: Sequence[float] = (0.05, 5.6),
    dtype: torch.dtype = torch.float64,
) -> Problem:
    """L(x, y) = ½(y + ζx)x² − ε(x + y): a valley along y that sharpens as one moves down it.

    The sharpness across it is y, so gradient descent comes to y = 2 / learning_rate as ε → 0.
    Source: Berthier 2026, the multiple timescales of gradient descent on the edge of stability.
    """
    e = Parameter("epsilon", "slope", 1e-2, 0.0, 1.0, open_lower=True).check(epsilon)
    z = Parameter("zeta", "cubic term", 1.0, -1e3, 1e3).check(zeta)

    def loss(w: Tensor) -> Tensor:
        x, y = w[0], w[1]
        return (y + z * x) * x * x / 2 - e * (x + y)

    return _toy(loss, _pair("w0", w0), f"valley, ε = {e:g}", dtype)


@register(PROBLEMS, "double_well")
def double_well(w0: float = 1.001, dtype: torch.dtype = torch.float64) -> Problem:
    """L(w) = (w² − 1)²/4, one parameter: two minima of sharpness 2, each at its edge at learning_rate 1."""
    return _toy(lambda w: ((w * w - 1) ** 2).sum() / 4, [START.check(w0)], "double well", dtype)


@register(PROBLEMS, "product")
def product(w0: Sequence[float] = (3.2, 0.1), dtype: torch.dtype = torch.float64) -> Problem:
    """L(x, y) = (1 − x²y²)²/4: a curved valley of minima, flattest where |x| = |y|, with a catapult at its start.

    From (3.2, 0.1) at learning_rate 0.2 gradient descent starts beyond its edge and is thrown across the valley.
    Source: the design of arXiv 2602.01480.
    """
    return _toy(lambda w: (1 - (w[0] * w[1]) ** 2) ** 2 / 4, _pair("w0", w0), "product, (1 − x²y²)²/4", dtype)


@register(PROBLEMS, "masking")
def masking(
    slope: float = 2e-3,
    sharpness: float = 1.8,
    w0: Sequence[float] = (0.05, 0.0),
    dtype: torch.dtype = torch.float64,
) -> Problem:
    """L(u, v) = ½(sharpness + v)u² − slope · v: the drift along v is what hides the oscillation along u.

    At learning_rate 1 a rod that follows the drift does not see that u has passed its edge; the mean of Σ_uu beyond it
    is 2 · slope.
    """
    a = Parameter("slope", "slope", 2e-3, 0.0, 1.0, open_lower=True).check(slope)
    s = Parameter("sharpness", "sharpness at the start", 1.8, 0.0, 1e6, open_lower=True).check(sharpness)
    return _toy(lambda w: (s + w[1]) * w[0] ** 2 / 2 - a * w[1], _pair("w0", w0), f"masking, slope {a:g}", dtype)


@register(PROBLEMS, "twin_valley")
def twin_valley(
    epsilon: float = 1e-2,
    ratio: float = 0.97,
    w0: Sequence[float] = (0.05, 0.04, 5.6),
    dtype: torch.dtype = torch.float64,
) -> Problem:
    """L(x, z, y) = ½y(x² + ratio · z²) − ε(x + z + y): a valley with two directions that come to the edge one by one.

    The sharpnesses across it are y and ratio · y. Derived here from Berthier's valley, which has one.
    """
    e = Parameter("epsilon", "slope", 1e-2, 0.0, 1.0, open_lower=True).check(epsilon)
    r = Parameter("ratio", "second sharpness / first", 0.97, 0.0, 1.0, open_lower=True).check(ratio)
    if not isinstance(w0, Sequence) or len(w0) != 3:
        raise ArgumentError(f"w0={w0!r} is not usable: give the three coordinates (x, z, y).")

    def loss(w: Tensor) -> Tensor:
        return w[2] * (w[0] ** 2 + r * w[1] ** 2) / 2 - e * w.sum()

    return _toy(loss, [START.check(v) for v in w0], f"twin valley, ε = {e:g}", dtype)


def _pair(name: str, value: Sequence[float]) -> list[float]:
    if not isinstance(value, Sequence) or len(value) != 2:
        raise ArgumentError(f"{name}={value!r} is not usable: give the two coordinates.")
    return [START.check(v) for v in value]
