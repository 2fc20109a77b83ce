"""The largest eigenvalues along a trajectory of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ...errors import named_keywords
from ...vocabulary import Parameter
from ..checks import whole
from ..host import fetch
from ..problem import Problem, check_problem
from .davidson import Davidson, Effort, forecast_error
from .operator import Operator, share, vector

KEPT = 10
GUARD = 5
CALM = 0.8
NEAR = 0.9
AT_MOST_NEAR = 16
SHARE = 0.3
MOST_CORRECTIONS = 10


@dataclass(frozen=True)
class Tracked:
    """The largest eigenpairs of P^{-1/2} H P^{-1/2} at one point of a trajectory.

    values [≥ k]: descending, in 1/learning_rate; k, or as many as are near the edge.
    vectors [≥ k, p]: orthonormal rows in the coordinates P^{1/2} w. residuals [≥ k]: ‖A u − λ u‖.
    error: forecast of the largest relative error. place: where it was measured, an iterate or the midpoint of two.
    carried: no product went to these values, they are the last ones carried on linearly.
    products, gradients: what this look spent.
    """

    values: Tensor
    vectors: Tensor
    residuals: Tensor
    error: float
    place: Literal["iterate", "midpoint"]
    carried: bool
    products: int
    gradients: int


class Tracker:
    """The k largest eigenvalues along a trajectory, for a few products a look.

    Near the edge a look spends k + 2 products and corrections until the forecast error is below 0.3 of the tolerance. Below 0.8
    of the edge, while error and surprise are below that too, it spends k + 1 at every second look, carries the values on
    linearly at the others, and gives one product in eight looks to the search. An eigenvalue that was missed is kept within
    40 looks (`davidson.FOUND_WITHIN`), below 0.8 of the edge within 160.

    Args:
        problem: whose Hessian.
        k: how many at least.
        tolerance: relative error aimed at.
        edge: sharpness beyond which an oscillation grows, e.g. 2 / learning_rate; every kept eigenvalue beyond 0.9 of it is
            returned too. None never calms down and returns k.
        seed: of the random vectors.

    Raises:
        ArgumentError: an argument that cannot work.

    Source: see `davidson.Davidson`.
    """

    @named_keywords("curvature.Tracker")
    def __init__(
        self, problem: Problem, k: int = 1, *, tolerance: float = 1e-3, edge: float | None = None, seed: int = 0
    ) -> None:
        self.problem = check_problem(problem)
        self.k = whole("k", k, 1, problem.dim)
        self.tolerance = share("tolerance", tolerance)
        self.edge = None if edge is None else Parameter("edge", "edge", 1.0, 0.0, 1e300, open_lower=True).check(edge)
        self._davidson = Davidson(self.k, KEPT - min(self.k, GUARD), whole("seed", seed, 0, 2**63 - 1))
        self._known = np.zeros(0)
        self._settled = False

    def look(self, w: Any, following: Any = None, *, preconditioner: Any = None) -> Tracked:
        """Eigenpairs at w [p], or at the midpoint of w and the iterate `following` [p], which moves less: fewer products for the same error.

        Raises ArgumentError for a wrong shape, numbers that are not finite, a preconditioner ([1] or [p]) not positive.
        """
        where = vector("w", w, self.problem, (self.problem.dim,))
        if following is not None:
            where = (where + vector("following", following, self.problem, (self.problem.dim,))) / 2
        A = Operator(self.problem, where, preconditioner)
        calm = self._calm()
        self._davidson.count = max(self.k, min(self._near(), AT_MOST_NEAR, self.problem.dim))
        most = 0 if calm else MOST_CORRECTIONS + 2 * self._davidson.count
        seen = self._davidson.look(A, A.gradient, Effort(calm, most), self._enough)
        count = len(seen.vectors)
        forecast = forecast_error(seen.residuals, seen.values[:count])
        judged, self._known = fetch([torch.stack([forecast, self._davidson.surprise]), seen.values])
        error, surprise = judged.tolist()
        self._settled = max(error, surprise) <= SHARE * self.tolerance
        place: Literal["iterate", "midpoint"] = "iterate" if following is None else "midpoint"
        return Tracked(
            seen.values[:count],
            seen.vectors,
            seen.residuals,
            error,
            place,
            seen.carried,
            A.meter.products,
            A.meter.gradients,
        )

    def _calm(self) -> bool:
        return self.edge is not None and self._settled and self._known[0] < CALM * self.edge

    def _near(self) -> int:
        """Kept eigenvalues near the edge, guards included, when last looked at."""
        return 0 if self.edge is None else int((self._known > NEAR * self.edge).sum())

    def _enough(self, residuals: Tensor, values: Tensor) -> bool:
        (error,) = fetch([forecast_error(residuals, values)])
        return float(error) <= SHARE * self.tolerance
