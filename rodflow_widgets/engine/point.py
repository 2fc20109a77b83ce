"""A loss at one parameter vector: its gradient, Hessian-vector products and third derivatives."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

from ..errors import ArgumentError
from .objective import Objective, Piece

HVP_COST = 1.7
"""Gradient-equivalents of one Hessian-vector product: benchmarks/products.py measures 0.2 to 1.8 (up to 2.5 with eight forced through the graph at once)."""
THIRD_COST = 4.5
"""Gradient-equivalents of one third derivative, its product included (triple backward measured 2.7 to 5.8)."""


class Point(ABC):
    """The loss at one parameter vector, ready for any number of Hessian-vector products.

    loss: scalar; grad [p]: both without graph.
    rebuilds: gradients that the next call of `products` or `thirds` costs beside its vectors.
    """

    product_cost: ClassVar[float]
    third_cost: ClassVar[float]
    loss: Tensor
    grad: Tensor

    def __deepcopy__(self, memo: dict[int, Any]) -> Point:
        """The same point, without its graph: nothing else of it ever changes."""
        return copy.copy(self)

    @property
    def rebuilds(self) -> int:
        return 0

    @abstractmethod
    def products(self, vectors: Tensor) -> Tensor:
        """H v for every row of `vectors` [k, p]."""

    @abstractmethod
    def thirds(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """H v for every row v of `vectors` [k, p], and ∇(v_iᵀ H v_j) [k (k + 1) / 2, p] for i ≤ j, row by row.

        Some fused layers of torch (LayerNorm, BatchNorm) are known to give wrong third derivatives without saying so:
        compare with a finite difference of `products` before use.
        """


class Graph:
    """One piece of a loss at one parameter vector, with its graph kept: all its derivatives share one pass."""

    def __init__(self, piece: Piece, w: Tensor, at_once: int) -> None:
        self._at_once = at_once
        with torch.enable_grad():
            self._w = w.detach().requires_grad_()
            loss = piece(self._w)
            (self._grad,) = torch.autograd.grad(loss, self._w, create_graph=True)
        self.loss = loss.detach()
        self.grad = self._grad.detach()

    def products(self, vectors: Tensor) -> tuple[Tensor]:
        """H v for every row of `vectors` [k, p], at most `at_once` in a pass."""
        if self._grad.grad_fn is None or not len(vectors):
            return (torch.zeros_like(vectors),)
        return (torch.cat([self._together(rows) for rows in vectors.split(self._at_once)]),)

    def _together(self, rows: Tensor) -> Tensor:
        batched = len(rows) > 1
        (out,) = torch.autograd.grad(
            self._grad,
            self._w,
            rows if batched else rows[0],
            retain_graph=True,
            is_grads_batched=batched,
            allow_unused=True,
        )
        return torch.zeros_like(rows) if out is None else out.detach().reshape(rows.shape)

    def thirds(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """As `Point.thirds`."""
        images, gradients = [], {}
        for j, v in enumerate(vectors):
            image = self._derivative(self._grad, v, keep=True)
            images.append(image.detach())
            for i in range(j + 1):
                gradients[i, j] = self._derivative(image, vectors[i], keep=False)
        return torch.stack(images), torch.stack([gradients[pair] for pair in sorted(gradients)])

    def _derivative(self, output: Tensor, v: Tensor, *, keep: bool) -> Tensor:
        """∇⟨output, v⟩ at this point, with its graph if `keep`; zero where nothing depends on the parameters."""
        if output.grad_fn is None:
            return torch.zeros_like(v)
        with torch.enable_grad():
            (out,) = torch.autograd.grad(output, self._w, v, retain_graph=True, create_graph=keep, allow_unused=True)
        return torch.zeros_like(v) if out is None else out if keep else out.detach()


class AutodiffPoint(Point):
    """By automatic differentiation: the graph of a loss of one piece is kept, those of several are made anew.

    With several pieces every call of `products` or `thirds` costs one gradient more, whatever the number of vectors; where
    `second`, of which they are taken, computes in another precision than `objective`, the first call does.
    """

    product_cost = HVP_COST
    third_cost = THIRD_COST

    def __init__(self, objective: Objective, second: Objective, w: Tensor, at_once: int) -> None:
        self._second, self._w, self._at_once = second, w.detach(), at_once
        self._graph: Graph | None = None
        self._built = False
        if second is objective and not objective.splits:
            self._graph, self._built = Graph(objective.pieces[0], w, at_once), True
            self.loss, self.grad = objective.whole((self._graph.loss, self._graph.grad), self._w)
        else:
            self.loss, self.grad = objective.value_and_grad(w)

    def __deepcopy__(self, memo: dict[int, Any]) -> AutodiffPoint:
        other = copy.copy(self)
        other._graph = None
        return other

    @property
    def rebuilds(self) -> int:
        return 0 if self._built else 1

    def products(self, vectors: Tensor) -> Tensor:
        return self._ask(lambda graph: graph.products(vectors), vectors)[0]

    def thirds(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        images, gradients = self._ask(lambda graph: graph.thirds(vectors), vectors)
        return images, gradients

    def _ask(self, question: Callable[[Graph], tuple[Tensor, ...]], vectors: Tensor) -> tuple[Tensor, ...]:
        if self._graph is None and not self._second.splits:
            self._graph, self._built = Graph(self._second.pieces[0], self._w, self._at_once), True
        if self._graph is not None:
            return self._second.whole(question(self._graph), self._w, vectors)
        return self._second.total(lambda piece: question(Graph(piece, self._w, self._at_once)), self._w, vectors)


class DifferencePoint(Point):
    """By central differences of gradients, for operations that torch differentiates only once.

    With ε the rounding unit of the arithmetic and |w| the length of the parameter vector, a product moves by
    ε^{1/3} (1 + |w|) to both sides and costs two gradients, a third derivative by ε^{1/4} (1 + |w|) at two gradients, and
    its product. `errors` estimates how far a product is off.
    """

    product_cost = 2.0
    third_cost = 4.0

    def __init__(self, objective: Objective, w: Tensor) -> None:
        self._objective, self._w = objective, w.detach()
        self._epsilon = torch.finfo(objective.compute_dtype).eps
        self._scale = 1 + torch.linalg.vector_norm(self._w)
        self.loss, self.grad = objective.value_and_grad(w)

    def products(self, vectors: Tensor) -> Tensor:
        (found,) = self._objective.whole((torch.stack([self._slope(v, 1.0) for v in vectors]),), self._w, vectors)
        return found

    def errors(self, vectors: Tensor) -> Tensor:
        """Estimates of |H v − product| [k], for the rows of `vectors` [k, p]: the change when the step is twice as long.

        It is three times the error while truncation leads and as large as it while rounding does; four gradients a vector.
        """
        changes = torch.stack([self._slope(v, 2.0) - self._slope(v, 1.0) for v in vectors])
        (found,) = self._objective.whole((changes,), self._w, vectors)
        return torch.linalg.vector_norm(found, dim=1)

    def thirds(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        sizes = torch.linalg.vector_norm(vectors, dim=1)
        units = vectors / torch.where(sizes > 0, sizes, 1)[:, None]
        own = [self._bend(u) for u in units]
        k, rows = len(units), []
        for i in range(k):
            rows.append(own[i] * sizes[i] ** 2)
            for j in range(i + 1, k):
                mixed = (self._bend(units[i] + units[j]) - own[i] - own[j]) / 2
                rows.append(mixed * sizes[i] * sizes[j])
        return self.products(vectors), torch.stack(rows)

    def _gradient(self, move: Tensor) -> Tensor:
        return self._objective.value_and_grad(self._w + move)[1]

    def _slope(self, v: Tensor, share: float) -> Tensor:
        """The derivative along v of the part of the gradient that this process has."""
        size = torch.linalg.vector_norm(v)
        h = share * self._epsilon ** (1 / 3) * self._scale / torch.where(size > 0, size, 1)
        there, behind = (self._objective.own_value_and_grad(self._w + move)[1] for move in (h * v, -h * v))
        return (there - behind) / (2 * h)

    def _bend(self, v: Tensor) -> Tensor:
        """The second derivative of the gradient along v, which is not far from a unit vector."""
        h = self._epsilon ** (1 / 4) * self._scale
        return (self._gradient(h * v) - 2 * self.grad + self._gradient(-h * v)) / h**2


def difference_point(point: Point) -> DifferencePoint:
    """The point as one by finite differences, or ArgumentError."""
    if not isinstance(point, DifferencePoint):
        raise ArgumentError(
            "products of this problem are exact to rounding: an estimate of their error belongs to "
            "hessian='finite-difference'; that of compute_dtype is in precision_errors()."
        )
    return point
