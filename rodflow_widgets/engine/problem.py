"""A full-batch loss as a function of one flat parameter vector: value, gradient, Hessian-vector products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ArgumentError, named_keywords
from .checks import check_function, check_vector
from .model import model_function

HVP_COST = 1.7
"""Gradient-equivalents of one Hessian-vector product (double backward measured 1.1 to 2.1)."""
THIRD_COST = 4.5
"""Gradient-equivalents of one third derivative, its product included (triple backward measured 2.7 to 5.8)."""


class Point:
    """The loss at one parameter vector with its graph kept, so that gradient and Hessian products share one pass."""

    def __init__(self, problem: Problem, w: Tensor) -> None:
        self._problem = problem
        with torch.enable_grad():
            self._w = w.detach().requires_grad_()
            loss = problem.function(self._w)
            (self._grad,) = torch.autograd.grad(loss, self._w, create_graph=True)
        self.loss = loss.detach()
        self.grad = self._grad.detach()

    def products(self, vectors: Tensor) -> Tensor:
        """H v for every row of `vectors` [k, p], on the one graph of this point."""
        if self._grad.grad_fn is None:
            return torch.zeros_like(vectors)

        def product(v: Tensor, batched: bool = False) -> Tensor:
            (hv,) = torch.autograd.grad(
                self._grad, self._w, v, retain_graph=True, is_grads_batched=batched, allow_unused=True
            )
            return torch.zeros_like(v) if hv is None else hv.detach()

        if len(vectors) > 1 and self._problem.batched_products:
            return product(vectors, batched=True)
        return torch.stack([product(v) for v in vectors])

    def thirds(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """H v for every row v of `vectors` [k, p], and ∇(v_iᵀ H v_j) [k (k + 1) / 2, p] for i ≤ j, row by row.

        Some fused layers of torch (LayerNorm, BatchNorm) are known to give wrong third derivatives without saying so:
        compare with a finite difference of `products` before use.
        """
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


class Problem:
    """The full-batch loss of a network as a function of its flat parameter vector.

    Args:
        model: a network; its trainable parameters, in the order of `model.parameters()`, are the vector w [p].
            The model itself is never changed.
        loss: `loss(model(inputs), targets)` is a scalar.
        inputs, targets: the whole batch, first dimension n.
        device: where to compute; "auto" is where the model's parameters are.
        dtype: floating dtype of parameters, inputs and floating targets; None keeps that of the parameters.
        name: shown in pictures; None takes the class of the model and its size.

    Raises:
        ProblemError: the output does not fit the loss, the loss is no scalar, is not finite, is random (dropout) or
            not twice differentiable, a parameter is not finite or not floating, the batch is empty.
    """

    cites: tuple[str, ...] = ()

    @named_keywords("Problem")
    def __init__(
        self,
        model: nn.Module,
        loss: Callable[[Tensor, Tensor], Tensor],
        inputs: Any,
        targets: Any,
        *,
        device: str | torch.device = "auto",
        dtype: torch.dtype | None = None,
        name: str | None = None,
    ) -> None:
        function, w0, parameters = model_function(model, loss, inputs, targets, device=device, dtype=dtype)
        size = f"{w0.numel():,} parameters"
        self._set_up(function, w0, name or f"{type(model).__name__}, {size}", _loss_name(loss), parameters)

    @classmethod
    @named_keywords("Problem.from_function")
    def from_function(
        cls, f: Callable[[Tensor], Tensor], w0: Any, name: str | None = None, loss_name: str = "loss"
    ) -> Problem:
        """A problem from a function of the flat parameter vector w [p] and its starting point w0 [p].

        Raises ProblemError as the constructor does; lists and numpy arrays are taken as float64.
        """
        if not callable(f):
            raise ArgumentError(f"f={f!r} is not callable: give a function of a tensor w [p] that returns a scalar.")
        problem = cls.__new__(cls)
        problem._set_up(f, check_vector("w0", w0), name or str(getattr(f, "__name__", "function")), loss_name, None)
        return problem

    def _set_up(
        self,
        function: Callable[[Tensor], Tensor],
        w0: Tensor,
        name: str,
        loss_name: str,
        parameters: dict[str, torch.Size] | None,
    ) -> None:
        self.function = function
        self.name = name
        self.loss_name = loss_name
        self.parameters = parameters
        self._w0 = w0.detach().clone()
        self.batched_products = check_function(function, self._w0)

    @property
    def w0(self) -> Tensor:
        """The starting point [p]; a copy."""
        return self._w0.clone()

    @property
    def dim(self) -> int:
        """Number of parameters p."""
        return self._w0.numel()

    @property
    def device(self) -> torch.device:
        return self._w0.device

    @property
    def dtype(self) -> torch.dtype:
        return self._w0.dtype

    def __repr__(self) -> str:
        return f"Problem({self.name!r}, dim={self.dim}, {self.device}, {str(self.dtype).removeprefix('torch.')})"

    def loss(self, w: Tensor) -> Tensor:
        """The loss at w [p], a scalar tensor without graph."""
        with torch.no_grad():
            return self.function(w.detach())

    def value_and_grad(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """The loss (scalar) and its gradient [p] at w [p], one forward and one backward pass."""
        with torch.enable_grad():
            leaf = w.detach().requires_grad_()
            loss = self.function(leaf)
            (grad,) = torch.autograd.grad(loss, leaf)
        return loss.detach(), grad

    def at(self, w: Tensor) -> Point:
        """The point w [p] with its graph kept, for any number of Hessian-vector products."""
        return Point(self, w)

    def hvp(self, w: Tensor, v: Tensor) -> Tensor:
        """The Hessian at w [p] times v: [p] -> [p], or a block [p, k] -> [p, k] on one graph."""
        if v.ndim not in (1, 2) or v.shape[0] != self.dim:
            raise ArgumentError(f"v has shape {list(v.shape)}: give [{self.dim}] or [{self.dim}, k] for this problem.")
        rows = v.unsqueeze(0) if v.ndim == 1 else v.T
        out = self.at(w).products(rows.contiguous())
        return out[0] if v.ndim == 1 else out.T


class Meter:
    """A problem whose gradients, Hessian-vector products and third derivatives are counted: what a process spent."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.gradients = 0
        self.products = 0
        self.third_derivatives = 0

    @property
    def cost(self) -> float:
        """Gradient-equivalents: one a gradient, 1.7 a Hessian-vector product, 4.5 a third derivative."""
        return self.gradients + HVP_COST * self.products + THIRD_COST * self.third_derivatives

    def value_and_grad(self, w: Tensor) -> tuple[Tensor, Tensor]:
        self.gradients += 1
        return self.problem.value_and_grad(w)

    def at(self, w: Tensor) -> Point:
        self.gradients += 1
        return self.problem.at(w)

    def apply(self, point: Point, vectors: Tensor) -> Tensor:
        """H v at `point` for every row of `vectors` [k, p]."""
        self.products += len(vectors)
        return point.products(vectors)

    def thirds(self, point: Point, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """H v [k, p] and ∇(v_iᵀ H v_j) [k (k + 1) / 2, p], i ≤ j, at `point` for the rows of `vectors` [k, p]."""
        self.third_derivatives += len(vectors) * (len(vectors) + 1) // 2
        return point.thirds(vectors)


def _loss_name(loss: Any) -> str:
    name = getattr(loss, "label", None) or getattr(loss, "__name__", None) or type(loss).__name__
    return "loss" if name == "<lambda>" else str(name).replace("_", " ")
