"""Directions in the space of the parameters, by name or as vectors."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

import torch
from torch import Tensor

from ...errors import ArgumentError, unknown
from ..checks import whole
from ..curvature.eigenpairs import Search
from ..curvature.operator import Operator, vector
from ..problem import Problem

TRAVEL, OSCILLATION, SHARPEST = "travel", "oscillation", "sharpest"
NAMES = (TRAVEL, OSCILLATION, SHARPEST, "eigenvector 1", "eigenvector 2")
MOST = 20

Direction = str | int | Tensor
"""Travel or oscillation, the number of an eigenvector, or the vector itself."""


def direction(name: str, value: Any, problem: Problem) -> Direction:
    """The argument `name` as a direction, or an error that says what can be given."""
    if not isinstance(value, str):
        return vector(name, value, problem, (problem.dim,))
    if value in (TRAVEL, OSCILLATION):
        return value
    if value == SHARPEST:
        return 1
    found = re.fullmatch(r"eigenvector (\d+)", value)
    if found is None:
        raise unknown(name, value, NAMES)
    return whole(f"{name}: the number of the eigenvector", int(found[1]), 1, min(problem.dim, MOST))


def label(chosen: Direction, step: int, first: int, last: int) -> str:
    """What is written at an axis."""
    if isinstance(chosen, Tensor):
        return "given direction"
    if chosen == TRAVEL:
        return f"travel, steps {first:,} to {last:,}"
    which = {OSCILLATION: "oscillation", 1: "sharpest direction"}.get(chosen, f"eigenvector {chosen}")
    return f"{which}, step {step:,}"


def eigenvectors(problem: Problem, w: Tensor, P: Tensor, count: int) -> Generator[None, None, Tensor]:
    """The leading `count` eigenvectors of P^{-1/2}HP^{-1/2} at w as directions P^{-1/2}u [count, p], returned after a slice a product."""
    search = Search(
        Operator(problem, w, P), count, 1e-3, 0.05, 0.05, max(100, 20 * count), torch.Generator().manual_seed(0)
    )
    for _ in search.slices():
        yield
    return search.result().vectors / P.sqrt()


def upright(v: Tensor) -> Tensor:
    """v or −v: the one whose largest component is positive, so that a picture is not mirrored from row to row."""
    return v * torch.where(v[v.abs().argmax()] < 0, -1.0, 1.0).to(v.dtype)


def axes(x: Tensor, y: Tensor) -> Tensor:
    """Orthonormal axes [2, p] along x, and along y as far as it is not along x; ArgumentError where there are none."""
    length, of_y = torch.linalg.vector_norm(x), torch.linalg.vector_norm(y)
    if not bool(torch.isfinite(length + of_y)):
        raise ArgumentError("x or y has no finite length, the iterates have diverged there: give an earlier step.")
    if not float(length) > 0:
        raise ArgumentError("x is a direction of length 0, the iterates do not move along it: give another one.")
    first = x / length
    second = y - (first @ y) * first
    second = second - (first @ second) * first
    rest = float(torch.linalg.vector_norm(second))
    if not rest > torch.finfo(y.dtype).eps ** 0.5 * float(of_y):
        raise ArgumentError("y is parallel to x or of length 0, so that they span no plane: give another direction.")
    return torch.stack([first, second / rest])
