"""Small problems whose answers are known on paper: one parameter."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ...errors import ArgumentError
from ...vocabulary import Parameter
from ..checks import check_dtype
from ..problem import Problem
from ..registry import PROBLEMS, register


def start(default: float, lower: float = -1e6, upper: float = 1e6, meaning: str = "starting point") -> Parameter:
    """One coordinate of the starting point."""
    return Parameter("w0", "start", default, lower, upper, meaning=meaning)


def toy(f: Callable[[Tensor], Tensor], w0: Sequence[float], name: str, dtype: torch.dtype) -> Problem:
    """The problem of a function of a few numbers that starts at w0."""
    return Problem.from_function(f, torch.tensor([*w0], dtype=check_dtype("dtype", dtype)), name=name)


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
