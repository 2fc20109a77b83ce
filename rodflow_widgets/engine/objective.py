"""A loss as a sum of pieces, of which one at a time is in memory: the only place that evaluates a loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Piece = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Objective:
    """The loss L(w) = Σ piece(w) of a flat parameter vector w [p]; a loss that is not split is one piece.

    pieces: functions of w that return a scalar each, in the dtype of w.
    compute_dtype: in which the pieces compute inside; what they return is summed in the dtype of w.
    """

    pieces: tuple[Piece, ...]
    compute_dtype: torch.dtype

    def __call__(self, w: Tensor) -> Tensor:
        """The loss with the graph of all pieces at once."""
        first, *rest = self.pieces
        loss = first(w)
        for piece in rest:
            loss = loss + piece(w)
        return loss

    def total(self, ask: Callable[[Piece], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        """The sums over the pieces of what `ask` makes of each; nothing of a piece is kept when the next one begins."""
        first, *rest = self.pieces
        sums = ask(first)
        for piece in rest:
            sums = tuple(a + b for a, b in zip(sums, ask(piece), strict=True))
        return sums

    def loss(self, w: Tensor) -> Tensor:
        """The loss at w, a scalar without graph."""
        w = w.detach()
        with torch.no_grad():
            return self.total(lambda piece: (piece(w),))[0]

    def value_and_grad(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """The loss and its gradient [p] at w, without graph."""
        w = w.detach()

        def ask(piece: Piece) -> tuple[Tensor, Tensor]:
            with torch.enable_grad():
                leaf = w.detach().requires_grad_()
                loss = piece(leaf)
                (grad,) = torch.autograd.grad(loss, leaf)
            return loss.detach(), grad

        loss, grad = self.total(ask)
        return loss, grad
