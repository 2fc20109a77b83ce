"""A loss as a sum of pieces, one at a time in memory, perhaps over several processes: the only place that evaluates a loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import ParallelError
from .parallel import Group

Piece = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Objective:
    """The loss L(w) = Σ piece(w) of a flat parameter vector w [p]; a loss that is not split is one piece.

    pieces: functions of w that return a scalar each, in the dtype of w.
    compute_dtype: in which the pieces compute inside; what they return is summed in the dtype of w.
    group: the processes over which the sum goes on, of which each has pieces of its own; None is this one alone.
    most: pieces of the process that has most.
    """

    pieces: tuple[Piece, ...]
    compute_dtype: torch.dtype
    group: Group | None = None
    most: int = 1

    @property
    def splits(self) -> bool:
        """Whether a process has several pieces; the same on all, and then none keeps a graph."""
        return max(self.most, len(self.pieces)) > 1

    def __call__(self, w: Tensor) -> Tensor:
        """The loss with the graph of all pieces at once."""
        if self.group is not None:
            raise ParallelError(
                f"The graph of this loss lies on {self.group.size} processes: ask for loss, value_and_grad or hvp, or give "
                "parallel='off'."
            )
        first, *rest = self.pieces
        loss = first(w)
        for piece in rest:
            loss = loss + piece(w)
        return loss

    def total(self, ask: Callable[[Piece], tuple[Tensor, ...]], *seen: Tensor) -> tuple[Tensor, ...]:
        """The sums over all pieces of what `ask` makes of each; nothing of a piece is kept when the next one begins.

        seen: what `ask` was asked for, the same on every process.
        """
        return self.whole(self.own(ask), *seen)

    def whole(self, sums: tuple[Tensor, ...], *seen: Tensor) -> tuple[Tensor, ...]:
        """What all processes together have where this one has `sums`: one message."""
        return sums if self.group is None else self.group.sums(sums, seen)

    def own(self, ask: Callable[[Piece], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        """As `total`, over the pieces of this process."""
        first, *rest = self.pieces
        sums = ask(first)
        for piece in rest:
            sums = tuple(a + b for a, b in zip(sums, ask(piece), strict=True))
        return sums

    def loss(self, w: Tensor) -> Tensor:
        """The loss at w, a scalar without graph."""
        return self.whole(self.own_loss(w), w)[0]

    def value_and_grad(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """The loss and its gradient [p] at w, without graph."""
        loss, grad = self.whole(self.own_value_and_grad(w), w)
        return loss, grad

    def own_loss(self, w: Tensor) -> tuple[Tensor]:
        """The part of this process."""
        w = w.detach()
        with torch.no_grad():
            (loss,) = self.own(lambda piece: (piece(w),))
        return (loss,)

    def own_value_and_grad(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """The part of this process."""
        w = w.detach()

        def ask(piece: Piece) -> tuple[Tensor, Tensor]:
            with torch.enable_grad():
                leaf = w.detach().requires_grad_()
                loss = piece(leaf)
                (grad,) = torch.autograd.grad(loss, leaf)
            return loss.detach(), grad

        loss, grad = self.own(ask)
        return loss, grad
