"""Small problems whose answers are known on paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ...errors import ArgumentError
from ...vocabulary import Parameter, Several
from ..checks import check_dtype
from ..problem import Problem
from ..registry import PROBLEMS, register


def start(default: float, lower: float = -1e6, upper: float = 1e6, meaning: str = "starting point") -> Parameter:
    """One coordinate of the starting point."""
    return Parameter("w0", "start", default, lower, upper, meaning=meaning)


def toy(
    f: Callable[[Tensor], Tensor],
    w0: Sequence[float],
    name: str,
    dtype: torch.dtype,
    coordinates: Sequence[str] | None = None,
) -> Problem:
    """The problem of a function of a few numbers that starts at w0."""
    start = torch.tensor([*w0], dtype=check_dtype("dtype", dtype))
    return Problem.from_function(f, start, name=name, coordinates=coordinates)


@register(
    PROBLEMS,
    "quadratic",
    parameters=(
        Parameter("sharpness", "sharpness", 1.0, 0.0, 1e6, scale="log", meaning="curvature", open_lower=True),
        start(0.3),
    ),
)
def quadratic(sharpness: float = 1.0, w0: float = 0.3, dtype: torch.dtype = torch.float64) -> Problem:
    """L(w) = ½ sharpness w², one parameter: unstable exactly when learning_rate · sharpness > 2."""
    return toy(lambda w: sharpness * (w * w).sum() / 2, [w0], f"quadratic, sharpness {sharpness:g}", dtype)


@register(
    PROBLEMS,
    "quartic",
    parameters=(
        Parameter("S", "sharpness S", 1.0, 0.0, 1e6, scale="log", meaning="sharpness at w = 0", open_lower=True),
        Parameter("Q", "quartic term Q", 0.1, 0.0, 1e6, scale="log", meaning="how fast it flattens", open_lower=True),
        start(0.3, meaning="starting point, within ±√(S/Q), the crests"),
    ),
)
def quartic(S: float = 1.0, Q: float = 0.1, w0: float = 0.3, dtype: torch.dtype = torch.float64) -> Problem:
    """L(w) = S w²/2 − Q w⁴/4: beyond the edge gradient descent oscillates with Σ = S/Q − 2/(learning_rate Q)."""
    if w0 * w0 >= S / Q:
        raise ArgumentError(f"w0={w0} lies beyond the crest of the quartic: give |w0| < {(S / Q) ** 0.5:g}.")
    return toy(lambda w: (S * w**2 / 2 - Q * w**4 / 4).sum(), [w0], f"quartic, S = {S:g}, Q = {Q:g}", dtype)


@register(PROBLEMS, "double_well", label="double well", parameters=(start(1.001),))
def double_well(w0: float = 1.001, dtype: torch.dtype = torch.float64) -> Problem:
    """L(w) = (w² − 1)²/4, one parameter: two minima of sharpness 2, each at its edge at learning_rate 1."""
    return toy(lambda w: ((w * w - 1) ** 2).sum() / 4, [w0], "double well", dtype)


@register(
    PROBLEMS,
    "product",
    label="product (catapult)",
    parameters=(Several(start(1.0), (3.2, 0.1), 2, meaning="starting point x, y; there are minima where |x y| = 1"),),
)
def product(w0: Sequence[float] = (3.2, 0.1), dtype: torch.dtype = torch.float64) -> Problem:
    """L(x, y) = (1 − x²y²)²/4: a curved valley of minima, flattest where |x| = |y|, with a catapult at its start.

    From (3.2, 0.1) at learning_rate 0.2 gradient descent starts beyond its edge and is thrown across the valley.
    Source: the design of arXiv 2602.01480.
    """
    return toy(lambda w: (1 - (w[0] * w[1]) ** 2) ** 2 / 4, w0, "product, (1 − x²y²)²/4", dtype)


@register(
    PROBLEMS,
    "masking",
    parameters=(
        Parameter("slope", "slope", 2e-3, 0.0, 1.0, scale="log", meaning="the drift along v", open_lower=True),
        Parameter("sharpness", "sharpness", 1.8, 0.0, 1e6, scale="log", meaning="along u at v = 0", open_lower=True),
        Several(start(0.05), (0.05, 0.0), 2, meaning="starting point u, v"),
    ),
)
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
    name = f"masking, slope {slope:g}"
    return toy(lambda w: (sharpness + w[1]) * w[0] ** 2 / 2 - slope * w[1], w0, name, dtype, ("u", "v"))
