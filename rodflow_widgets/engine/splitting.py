"""Whether the loss of a batch is the mean, or the sum, of those of its parts: what micro-batches and processes may compute."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ProblemError, unknown
from .parallel import Group

REDUCTIONS = ("mean", "sum")


@dataclass(frozen=True)
class Reason:
    """Why a loss is split, in words: what cannot do it, and how to do without."""

    cannot: str
    without: str

    @staticmethod
    def of(group: Group | None) -> Reason:
        if group is None:
            return Reason("batch_size cannot split this loss", "leave batch_size out")
        return Reason(f"{group.size} processes cannot share this loss", "run it in one process")


def check_reduction(reduction: Any) -> None:
    """Raise UnknownNameError unless it is None, "mean" or "sum"."""
    if reduction is not None and reduction not in REDUCTIONS:
        raise unknown("reduction", reduction, REDUCTIONS)


def check_independent(model: nn.Module, reason: Reason) -> None:
    """Raise ProblemError where batch normalisation makes the output of an example depend on the others."""
    for name, module in model.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and (module.training or module.running_mean is None):
            raise ProblemError(
                f"{reason.cannot}: layer {name!r} ({type(module).__name__}) normalises by the whole batch. Call "
                f"model.eval() to use its running statistics, take GroupNorm or LayerNorm, or {reason.without}."
            )


def find_reduction(
    part: Callable[[int, int], Tensor],
    examples: tuple[int, int],
    batch_size: int,
    reduction: str | None,
    dtype: torch.dtype,
    group: Group | None = None,
) -> str:
    """How the losses of parts make the loss of the whole, tried on every micro-batch and across their boundaries.

    Args:
        part: the loss of the examples from one index up to another, without graph.
        examples: first and last + 1 of those that are tried.
        batch_size: no more examples than that are evaluated together (two where it is one).
        reduction: what the user said, or None.
        dtype: of the losses.
        group: the processes that try examples each, and agree; None is this one alone.

    Raises:
        ProblemError: neither the mean nor the sum fits everywhere, or not the one that was given, or all losses are 0.
    """
    edges = [*range(*examples, max(1, batch_size // 2)), examples[1]]
    spans = list(itertools.pairwise(edges))
    single = torch.stack([part(i, j) for i, j in spans])
    joint = torch.stack([part(i, k) for (i, _), (_, k) in itertools.pairwise(spans)])
    sizes = torch.tensor([j - i for i, j in spans], dtype=single.dtype, device=single.device)
    first, second, a, b = single[:-1], single[1:], sizes[:-1], sizes[1:]
    expected = {"mean": (a * first + b * second) / (a + b), "sum": first + second}
    scale = torch.finfo(dtype).eps ** 0.5 * torch.maximum(first.abs() + second.abs(), joint.abs())
    off = {name: (values - joint).abs() - scale for name, values in expected.items()}
    fits = [name for name in REDUCTIONS if bool((off[name] <= 0).all())]
    worst = int(off[reduction or "mean"].argmax())
    (i, j), (_, k) = spans[worst : worst + 2]
    tried = "neither the mean nor the sum" if reduction is None else f"not the {reduction}"
    where = (
        f"over examples {i} to {k - 1} it is {float(joint[worst]):.6g}, which is {tried} of its parts {i} to {j - 1} "
        f"({float(first[worst]):.6g}) and {j} to {k - 1} ({float(second[worst]):.6g})"
    )
    found = [(fits, where)] if group is None else group.gather((fits, where))
    return _agreed(found, reduction, Reason.of(group))


def _agreed(found: list[tuple[list[str], str]], reduction: str | None, reason: Reason) -> str:
    """The reduction that fits all that was `found`; ProblemError with where it does not."""
    fits = [name for name in REDUCTIONS if all(name in here for here, _ in found)]
    if reduction in fits:
        return str(reduction)
    if reduction is None and len(fits) == 1:
        return fits[0]
    if reduction is None and fits:
        raise ProblemError(
            f"{reason.cannot}: it is 0 for every part of the batch, so nothing tells a mean over the examples from a sum. "
            "Say reduction='mean' or reduction='sum'."
        )
    where = next(where for here, where in found if (reduction or "mean") not in here)
    raise ProblemError(
        f"{reason.cannot}: {where}. Give a loss that is a mean or a sum over the examples (class weights and ignored targets "
        f"divide by what the batch holds: take their sum over a fixed number), or {reason.without}."
    )
