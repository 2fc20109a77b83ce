"""The trace by Hutch++: what a random sketch sees is summed exactly, the rest is a mean over random vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch

from ...errors import named_keywords
from ..checks import whole
from ..host import fetch
from ..problem import Problem
from .operator import Operator
from .tracker import orthonormal_rows


@dataclass(frozen=True)
class Trace:
    """tr P^{-1/2} H P^{-1/2}: its estimate, the standard error of that, and the products spent.

    captured: the part that the sketch holds, without an error of its own.
    """

    value: float
    standard_error: float
    captured: float
    products: int


@named_keywords("curvature.trace")
def trace(problem: Problem, w: Any = None, *, preconditioner: Any = None, products: int = 60, seed: int = 0) -> Trace:
    """The trace of H, or of P^{-1/2} H P^{-1/2}, by Hutch++.

    A third of the products sketches the range, a third gives the trace on it exactly, and a third estimates the trace on
    what is orthogonal to it, as the mean over random signs; the standard error is that of this mean. Where the sketch is the
    whole space the trace is exact.

    Args:
        problem: whose Hessian.
        w: where [p]; None is the starting point.
        preconditioner: P, positive, [1] or [p]; None is the Hessian itself.
        products: to spend at most, at least 6.
        seed: of the random vectors.

    Raises:
        ArgumentError: an argument that cannot work, before anything runs.

    Source: Meyer et al. 2021, algorithm 1.
    """
    third = whole("products", products, 6) // 3
    A = Operator(problem, w, preconditioner)
    generator = torch.Generator().manual_seed(whole("seed", seed, 0, 2**63 - 1))
    if third >= A.dim:
        basis = torch.eye(A.dim, dtype=problem.dtype, device=problem.device)
        (total,) = fetch([(A(basis) * basis).sum()])
        return Trace(float(total), 0.0, float(total), A.meter.products)
    sketch = orthonormal_rows(A(_signs(A, third, generator)))
    captured = (A(sketch) * sketch).sum()
    rest = _signs(A, third, generator)
    rest = rest - (rest @ sketch.T) @ sketch
    each = (A(rest) * rest).sum(1)
    exact, samples = fetch([captured, each])
    error = float(samples.std(ddof=1)) / math.sqrt(third)
    return Trace(float(exact) + float(samples.mean()), error, float(exact), A.meter.products)


def _signs(A: Operator, count: int, generator: torch.Generator) -> torch.Tensor:
    return torch.where(A.random(count, generator) < 0, -1.0, 1.0).to(A.point.grad.dtype)
