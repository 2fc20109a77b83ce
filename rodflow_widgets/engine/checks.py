"""What a problem must satisfy before anything runs: finite, scalar, deterministic, twice differentiable."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..errors import ArgumentError, ProblemError


def check_vector(name: str, value: Any) -> Tensor:
    """`value` as a finite floating vector [p], p > 0; lists and numpy arrays become float64."""
    try:
        w = value.detach() if isinstance(value, Tensor) else torch.as_tensor(value, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ProblemError(f"{name} is a {type(value).__name__}: give a vector of numbers [p].") from error
    if w.dtype.is_floating_point:
        check_dtype(name, w.dtype)
    else:
        raise ProblemError(f"{name} has dtype {w.dtype}: give floating-point parameters, they are differentiated.")
    if w.ndim != 1 or w.numel() == 0:
        raise ProblemError(f"{name} has shape {list(w.shape)}: give a flat vector [p] with at least one parameter.")
    if not bool(torch.isfinite(w).all()):
        bad = int((~torch.isfinite(w)).nonzero()[0])
        raise ProblemError(f"{name}[{bad}] = {float(w[bad])}: start from finite parameters.")
    return w


def check_dtype(name: str, dtype: Any) -> torch.dtype:
    """float32 or float64: eigenvalues need a QR decomposition, which torch has for no shorter type."""
    if dtype not in (torch.float32, torch.float64):
        raise ArgumentError(f"{name} has dtype {dtype!r}, which is not usable: take torch.float64 or torch.float32.")
    return dtype


def check_function(function: Callable[[Tensor], Tensor], w0: Tensor) -> bool:
    """Evaluate `function` at w0 as a run will, raise ProblemError where it cannot work; True if products can be batched."""
    loss = _evaluate(function, w0)
    if not isinstance(loss, Tensor):
        raise ProblemError(f"the loss returned a {type(loss).__name__}: return a scalar tensor.")
    if loss.ndim != 0:
        raise ProblemError(
            f"the loss returned a tensor of shape {list(loss.shape)}, but a single number is needed: "
            "take the mean inside it."
        )
    if not loss.dtype.is_floating_point:
        raise ProblemError(f"the loss has dtype {loss.dtype}: return a floating-point number.")
    if not loss.requires_grad:
        raise ProblemError(
            "the loss does not depend differentiably on the parameters (no gradient reaches them): "
            "use a differentiable loss instead of, for example, accuracy, argmax or .detach()."
        )
    value = float(loss.detach())
    if value != value or value in (float("inf"), float("-inf")):
        raise ProblemError(f"the loss at the start is {value}: start where the loss is finite.")
    _check_deterministic(function, w0, value)
    return _check_second_derivative(function, w0)


def _evaluate(function: Callable[[Tensor], Tensor], w: Tensor) -> Tensor:
    with torch.enable_grad():
        return function(w.detach().requires_grad_())


def _check_deterministic(function: Callable[[Tensor], Tensor], w0: Tensor, first: float) -> None:
    before = _random_state(w0.device)
    again = float(_evaluate(function, w0).detach())
    if not torch.equal(before, _random_state(w0.device)):
        raise ProblemError(
            "the loss is random: an evaluation draws random numbers. A full-batch loss must be a function: "
            "remove dropout (model.eval()) and any sampling."
        )
    if abs(again - first) > 1e-6 * max(abs(first), abs(again)):
        raise ProblemError(
            f"the loss is random: two evaluations at the same parameters gave {first:.6g} and {again:.6g}. "
            "A full-batch loss must be a function: remove dropout (model.eval()) and any sampling."
        )


def _random_state(device: torch.device) -> Tensor:
    states = [torch.get_rng_state()]
    if device.type != "cpu" and hasattr(torch, device.type):
        states.append(getattr(torch, device.type).get_rng_state(device).cpu())
    return torch.cat(states)


def _check_second_derivative(function: Callable[[Tensor], Tensor], w0: Tensor) -> bool:
    with torch.enable_grad():
        leaf = w0.detach().requires_grad_()
        loss = function(leaf)
        try:
            (grad,) = torch.autograd.grad(loss, leaf, create_graph=True)
            if not bool(torch.isfinite(grad).all()):
                raise ProblemError("the gradient at the start is not finite: start where the loss is smooth.")
            if grad.grad_fn is None:
                _check_linear(function, w0, grad)
                return False
            torch.autograd.grad(grad, leaf, grad.detach(), retain_graph=True, allow_unused=True)
        except RuntimeError as error:
            raise ProblemError(
                f"the loss has no second derivative here ({_first_line(error)}): the sharpness needs one. "
                "Replace the operation that torch cannot differentiate twice."
            ) from error
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                block = torch.stack([grad.detach(), grad.detach()])
                torch.autograd.grad(grad, leaf, block, retain_graph=True, is_grads_batched=True, allow_unused=True)
        except (RuntimeError, UserWarning):
            return False
    return True


def _check_linear(function: Callable[[Tensor], Tensor], w0: Tensor, grad: Tensor) -> None:
    """A gradient without graph is right only where it does not depend on the parameters."""
    moved = (w0 + 1e-2 * (w0.abs() + 1)).requires_grad_()
    (there,) = torch.autograd.grad(function(moved), moved)
    if not torch.allclose(there, grad, rtol=1e-4, atol=0.0):
        raise ProblemError(
            "the loss has no second derivative here (its gradient carries no graph, as with once_differentiable): "
            "the sharpness needs one. Replace the operation that torch cannot differentiate twice."
        )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0]
