"""The preconditioned Hessian at one point as an operator whose products are counted."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...errors import ArgumentError
from ...vocabulary import Parameter
from ..problem import Meter, Problem, check_problem


class Operator:
    """A = P^{-1/2} H P^{-1/2} at one point: rows [k, p] go to rows [k, p], and `meter` knows what was spent.

    Args:
        problem: whose Hessian.
        w: where [p]; None is the starting point of the problem.
        preconditioner: P, positive, [1] or [p]; None is 1, so that A is the Hessian itself.

    Raises:
        ArgumentError: no problem, a wrong shape, numbers that are not finite, a preconditioner that is not positive.
    """

    def __init__(self, problem: Problem, w: Any = None, preconditioner: Any = None) -> None:
        check_problem(problem)
        where = problem.w0 if w is None else vector("w", w, problem, (problem.dim,))
        P = torch.ones(1) if preconditioner is None else preconditioner
        self.preconditioner = positive("preconditioner", P, problem)
        self.meter = Meter(problem)
        self.point = self.meter.at(where)
        self.dim = problem.dim
        self._root = self.preconditioner.sqrt()

    @property
    def gradient(self) -> Tensor:
        """P^{-1/2} ∇L [p], in the coordinates of the operator."""
        return self.point.grad / self._root

    def __call__(self, rows: Tensor) -> Tensor:
        return self.meter.apply(self.point, rows / self._root) / self._root

    def random(self, count: int, generator: torch.Generator) -> Tensor:
        """Rows [count, p] of independent normal numbers, the same on every device."""
        rows = torch.randn(count, self.dim, generator=generator, dtype=torch.float64)
        return rows.to(self.point.grad.dtype).to(self.point.grad.device)


def vector(name: str, value: Any, problem: Problem, *shapes: tuple[int, ...]) -> Tensor:
    """`value` as a finite tensor of the problem's dtype and device that has one of `shapes`, or ArgumentError."""
    try:
        tensor = value.detach() if isinstance(value, Tensor) else torch.as_tensor(value, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArgumentError(f"{name} is a {type(value).__name__}: give numbers of shape {_words(shapes)}.") from error
    if tuple(tensor.shape) not in shapes:
        raise ArgumentError(f"{name} has shape {list(tensor.shape)}: give {_words(shapes)} for this problem.")
    if not bool(torch.isfinite(tensor).all()):
        raise ArgumentError(f"{name} holds values that are not finite: give finite numbers.")
    return tensor.to(problem.dtype).to(problem.device)


def positive(name: str, value: Any, problem: Problem) -> Tensor:
    """A preconditioner [1] or [p] (a plain number is [1]) of positive finite numbers, or ArgumentError."""
    tensor = vector(name, value, problem, (1,), (problem.dim,), ()).reshape(-1)
    least = float(tensor.min())
    if least <= 0:
        raise ArgumentError(f"{name} has the entry {least:g}: give positive numbers.")
    return tensor


def share(name: str, value: Any) -> float:
    """`value` as a number between 0 and 1, neither included, or ArgumentError."""
    return Parameter(name, name, 0.5, 0.0, 1.0, open_lower=True, open_upper=True).check(value)


def _words(shapes: tuple[tuple[int, ...], ...]) -> str:
    return " or ".join(str(list(shape)) if shape else "a number" for shape in shapes)
