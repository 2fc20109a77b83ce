"""One loss at the parameter vectors of many runs at once: small networks leave most of a processor idle one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .checks import FINITE_DIFFERENCE
from .point import AutodiffPoint, Point
from .problem import Problem
from .runs import Spent

CLOSE = 1e-3
"""How far the rounding of a batched loss may be from that of one run, in square roots of the rounding unit."""

WORTH_IT = 5
"""From how many products at once of a single run (they share a cache) a batch of runs is faster than a loop."""


class TogetherPoint(Point):
    """The loss of every run at its own parameter vector: loss [runs], grad [runs, p].

    Products take [runs, k, p], one backward pass of all runs for every k.
    """

    product_cost = AutodiffPoint.product_cost
    third_cost = AutodiffPoint.third_cost

    def __init__(self, function: Any, w: Tensor) -> None:
        with torch.enable_grad():
            self._w = w.detach().requires_grad_()
            loss = function(self._w)
            (self._grad,) = torch.autograd.grad(loss.sum(), self._w, create_graph=True)
        self.loss, self.grad = loss.detach(), self._grad.detach()

    def products(self, vectors: Tensor) -> Tensor:
        if self._grad.grad_fn is None:
            return torch.zeros_like(vectors)
        images = [
            torch.autograd.grad(self._grad, self._w, v, retain_graph=True, allow_unused=True)[0]
            for v in vectors.unbind(-2)
        ]
        return torch.stack([torch.zeros_like(self._w) if image is None else image for image in images], -2)

    def thirds(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError("third derivatives are taken run by run")


class Together(Problem):
    """A problem at one parameter vector a run: [runs, p] for [p] wherever a process meets one.

    Args:
        problem: whose loss it is.
        starts: starting points [runs, p].
    """

    point_class = TogetherPoint

    def __init__(self, problem: Problem, starts: Tensor) -> None:
        vars(self).update(vars(problem))
        self._w0 = starts.detach().clone()
        self._function: Any = torch.vmap(problem.function)

    @property
    def nothing_spent(self) -> Spent:
        """Counts of what no run has spent yet."""
        return np.zeros(len(self._w0), dtype=int)

    def function(self, w: Tensor) -> Tensor:
        """The losses [runs] at w [runs, p] as torch differentiates them."""
        return self._function(w)

    def loss(self, w: Tensor) -> Tensor:
        """The losses [runs] at w [runs, p], without graph."""
        with torch.no_grad():
            return self._function(w.detach())

    def value_and_grad(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """Losses [runs] and gradients [runs, p] at w [runs, p]."""
        with torch.enable_grad():
            leaf = w.detach().requires_grad_()
            loss = self._function(leaf)
            (grad,) = torch.autograd.grad(loss.sum(), leaf)
        return loss.detach(), grad

    def at(self, w: Tensor) -> TogetherPoint:
        return TogetherPoint(self._function, w)


def alone(problem: Problem, starts: Sequence[Tensor]) -> str | None:
    """Why runs of `problem` are computed one after the other, in words; None where they can be together."""
    if problem.processes > 1:
        return f"its loss is summed over {problem.processes} processes"
    if problem.splits:
        return "its loss is summed over micro-batches (batch_size)"
    if problem.hessian == FINITE_DIFFERENCE:
        return "its products are differences of gradients (hessian='finite-difference')"
    if problem.product_dtype != problem.compute_dtype:
        return "its products are computed in another precision (product_dtype)"
    if problem.is_compiled:
        return "its gradients are compiled (compile)"
    w = torch.stack([starts[0], starts[-1]])
    try:
        both = Together(problem, w)
        losses, gradients = both.value_and_grad(w)
        images = both.at(w).products(w[:, None])
    except (RuntimeError, NotImplementedError, ValueError, TypeError) as error:
        said = str(error).strip() or type(error).__name__
        return f"torch cannot batch its loss ({said.splitlines()[0]})"
    for i in range(2):
        point = problem.at(w[i])
        found = (losses[i : i + 1], gradients[i], images[i, 0])
        wanted = (point.loss[None], point.grad, point.products(w[i : i + 1])[0])
        for a, b in zip(found, wanted, strict=True):
            size = torch.linalg.vector_norm(b)
            if not torch.linalg.vector_norm(a - b) <= CLOSE * torch.finfo(b.dtype).eps ** 0.5 * (1 + size):
                return "its loss in a batch of runs differs from that of one run"
    if problem.products_at_once < WORTH_IT:
        return "its arrays fill the processor one run at a time: a batch would not be faster"
    return None
