"""The largest preconditioned eigenvalue alone, by a power iteration that is kept warm along a trajectory."""

from __future__ import annotations

import torch
from torch import Tensor

from ..curvature.draws import Draws
from ..problem import Meter, Point

COLD, DOUBTED = 10, 4
SURPRISED, CALM = 0.03, 0.01
SHORTEST, LONGEST = 0.25, 8.0
MARGIN = 1.1


class Sharpest:
    """A bound of |λ| over the spectrum of P^{-1/2} H P^{-1/2}: what the last look found and a tenth more.

    One look is one Hessian-vector product, every quarter of a step to every eight as the eigenvalue moves; the first makes
    ten. ‖A u‖ of a unit vector is never above the true value, and the error is of second order in that of u. `doubt`
    says that the bound was too low: it doubles until `trust`, and the next look makes four products.
    """

    def __init__(self, seed: int | tuple[int, ...]) -> None:
        self._draws = Draws(seed)
        self._vector: Tensor | None = None
        self._value = 0.0
        self._time = 0.0
        self._interval = 1.0
        self._doubt = 1.0

    @property
    def bound(self) -> float:
        return MARGIN * self._doubt * self._value

    def due(self, time: float) -> bool:
        return self._doubt > 1 or time >= self._time + self._interval - 1e-9

    def look(self, meter: Meter, point: Point, P: Tensor) -> Tensor:
        """The estimate at `point` with the preconditioner P ([1] or [p]), a scalar tensor (or [runs]) for `saw`."""
        root = P.sqrt()
        repeats = DOUBTED if self._doubt > 1 else 1
        if self._vector is None:
            repeats = COLD
            start = self._draws.normal(point.grad.shape[-1], like=point.grad)
            self._vector = start / torch.linalg.vector_norm(start, dim=-1, keepdim=True)
        vector = self._vector
        for _ in range(repeats):
            image = meter.apply(point, (vector / root)[..., None, :])[..., 0, :] / root
            value = torch.linalg.vector_norm(image, dim=-1, keepdim=True)
            usable = torch.isfinite(value) & (value > 0)
            vector = torch.where(usable, image / value.clamp_min(torch.finfo(value.dtype).tiny), vector)
        self._vector = vector
        return value[..., 0]

    def direction(self, P: Tensor) -> Tensor:
        """The eigenvector as a row [1, p], of length one in the metric P."""
        assert self._vector is not None
        return (self._vector / P.sqrt())[None]

    def saw(self, time: float, value: float) -> None:
        """Take note of what a look found, and plan the next one."""
        if self._value > 0:
            change = abs(value / self._value - 1)
            if change > SURPRISED:
                self._interval = max(SHORTEST, self._interval / 2)
            elif change < CALM:
                self._interval = min(LONGEST, 2 * self._interval)
        self._value, self._time = value, time

    def doubt(self) -> None:
        self._doubt *= 2

    def trust(self) -> None:
        self._doubt = 1.0
