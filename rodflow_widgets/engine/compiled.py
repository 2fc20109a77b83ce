"""Losses and gradients by torch.compile, where it works; Hessian-vector products cannot be compiled."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..errors import unknown
from .checks import _first_line
from .objective import Objective

MODES = ("default", "reduce-overhead", "max-autotune")
"""Of torch.compile; the second and the third use CUDA graphs where there is CUDA."""
BACKEND = "inductor"


def check_mode(mode: Any) -> None:
    """Raise UnknownNameError unless it is None or one of MODES."""
    if mode is not None and mode not in MODES:
        raise unknown("compile", mode, MODES)


def evaluator(f: Callable[..., Tensor], mode: str) -> Callable[..., Tensor]:
    """f compiled for fixed shapes; it is compiled when it is first called."""
    compiled: Callable[..., Tensor] = torch.compile(
        f, backend=BACKEND, dynamic=False, mode=mode if BACKEND == "inductor" else None
    )
    return compiled


class Compiled(Objective):
    """An objective of compiled pieces: a CUDA graph writes into the same memory each time, so its results are copied."""

    def own_loss(self, w: Tensor) -> tuple[Tensor]:
        return (super().own_loss(w)[0].clone(),)

    def own_value_and_grad(self, w: Tensor) -> tuple[Tensor, Tensor]:
        if w.device.type == "cuda":
            torch.compiler.cudagraph_mark_step_begin()
        loss, grad = super().own_value_and_grad(w)
        return loss.clone(), grad.clone()


def working(make: Callable[[], Compiled], plain: Objective, w0: Tensor, mode: str) -> Objective:
    """What `make` gives if it can be compiled and has the gradient of `plain` at w0 [p]; else `plain`, with a RuntimeWarning."""
    expected = plain.own_value_and_grad(w0)[1]
    try:
        candidate = make()
        _, grad = candidate.own_value_and_grad(w0)
        candidate.own_loss(w0)
    except Exception as error:
        return _not_compiled(plain, mode, f"it failed: {_first_line(error)}")
    off = torch.linalg.vector_norm(grad - expected) / torch.linalg.vector_norm(expected).clamp_min(1e-30)
    tolerated = torch.finfo(plain.compute_dtype).eps ** 0.5
    if not float(off) <= tolerated:
        return _not_compiled(plain, mode, f"its gradient is {float(off):.1e} off, more than {tolerated:.1e}")
    return candidate


def _not_compiled(plain: Objective, mode: str, why: str) -> Objective:
    warnings.warn(
        f"compile={mode!r} was given up: {why}. The problem runs without torch.compile.", RuntimeWarning, stacklevel=5
    )
    return plain
