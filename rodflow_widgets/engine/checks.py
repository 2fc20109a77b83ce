"""What a problem must satisfy before anything runs: finite, scalar, deterministic, twice differentiable."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

from ..errors import ArgumentError, ProblemError, unknown
from ..vocabulary import ENDLESS, Whole
from .objective import Objective, Piece

FINITE_DIFFERENCE = "finite-difference"
HESSIANS = ("autodiff", FINITE_DIFFERENCE)
CACHE = 2**22
"""Bytes of a piece's graph, times the vectors that go through it together, on a CPU: beyond it they are slower than alone."""
DEVICE_MEMORY = 2**30
"""The same elsewhere, where launches cost more than memory traffic."""
REMEDY = (
    "Replace the operation that torch cannot differentiate twice, or take differences of gradients: "
    "hessian='finite-difference'."
)


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


def check_compute_dtype(name: str, compute_dtype: Any, dtype: torch.dtype) -> torch.dtype:
    """In which a model computes: no wider than `dtype`; float16 would need its loss scaled."""
    if compute_dtype is None:
        return dtype
    if compute_dtype not in (torch.float32, torch.float64, torch.bfloat16):
        raise ArgumentError(
            f"{name}={compute_dtype!r} is not usable: take torch.float64, torch.float32 or torch.bfloat16."
        )
    if torch.finfo(compute_dtype).bits > torch.finfo(dtype).bits:
        raise ArgumentError(f"{name}={compute_dtype} is wider than dtype={dtype}: give dtype={compute_dtype} too.")
    return compute_dtype


def check_hessian(hessian: Any, compute_dtype: torch.dtype) -> str:
    """How second derivatives are taken, by its name."""
    if hessian not in HESSIANS:
        raise unknown("hessian", hessian, HESSIANS)
    if hessian == FINITE_DIFFERENCE and compute_dtype == torch.bfloat16:
        raise ArgumentError(
            "hessian='finite-difference' needs more digits than compute_dtype=torch.bfloat16 has: take torch.float32."
        )
    return str(hessian)


def check_objective(objective: Objective, w0: Tensor, hessian: str) -> int:
    """Evaluate `objective` at w0 as a run will, raise ProblemError where it cannot work.

    Returns how many Hessian-vector products are taken together, from the size of what one piece keeps.
    """
    loss, kept = _first_piece(objective, w0)
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
    del loss
    before = _random_state(w0.device)
    value = float(objective.loss(w0))
    if value != value or value in (float("inf"), float("-inf")):
        raise ProblemError(f"the loss at the start is {value}: start where the loss is finite.")
    _check_deterministic(objective, w0, value, before)
    if hessian == FINITE_DIFFERENCE:
        _check_gradient(objective.value_and_grad(w0)[1])
        return 1
    if objective.splits:
        _check_gradient(objective.value_and_grad(w0)[1])
    together = CACHE if w0.device.type == "cpu" else DEVICE_MEMORY
    return max(1, together // kept) if _check_second_derivative(objective, w0) else 1


def _first_piece(objective: Objective, w: Tensor) -> tuple[Tensor, int]:
    """The value of the first piece with its graph, and the bytes that the graph keeps."""
    sizes = {w.data_ptr(): 1}

    def keep(t: Tensor) -> Tensor:
        sizes[t.data_ptr()] = t.numel() * t.element_size()
        return t

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        loss = objective.pieces[0](w.detach().requires_grad_())
    return loss, sum(sizes.values())


def _check_deterministic(objective: Objective, w0: Tensor, first: float, before: Tensor) -> None:
    again = float(objective.loss(w0))
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


def _check_gradient(grad: Tensor) -> None:
    if not bool(torch.isfinite(grad).all()):
        raise ProblemError("the gradient at the start is not finite: start where the loss is smooth.")


def _check_second_derivative(objective: Objective, w0: Tensor) -> bool:
    """Differentiate the first piece twice; True if vectors can go through its graph together."""
    with torch.enable_grad():
        leaf = w0.detach().requires_grad_()
        loss = objective.pieces[0](leaf)
        try:
            (grad,) = torch.autograd.grad(loss, leaf, create_graph=True)
            _check_gradient(grad)
            if grad.grad_fn is None:
                _check_linear(objective.pieces[0], w0, grad)
                return False
            torch.autograd.grad(grad, leaf, grad.detach(), retain_graph=True, allow_unused=True)
        except RuntimeError as error:
            raise ProblemError(
                f"the loss has no second derivative here ({_first_line(error)}): the sharpness needs one. {REMEDY}"
            ) from error
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                block = torch.stack([grad.detach(), grad.detach()])
                torch.autograd.grad(grad, leaf, block, retain_graph=True, is_grads_batched=True, allow_unused=True)
        except (RuntimeError, UserWarning):
            return False
    return True


def _check_linear(piece: Piece, w0: Tensor, grad: Tensor) -> None:
    """A gradient without graph is right only where it does not depend on the parameters."""
    moved = (w0 + 1e-2 * (w0.abs() + 1)).requires_grad_()
    (there,) = torch.autograd.grad(piece(moved), moved)
    if not torch.allclose(there, grad, rtol=1e-4, atol=0.0):
        raise ProblemError(
            "the loss has no second derivative here (its gradient carries no graph, as with once_differentiable): "
            f"the sharpness needs one. {REMEDY}"
        )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0]


def whole(name: str, value: Any, lower: int, upper: int = ENDLESS) -> int:
    """`value` as an integer from `lower` to `upper`, or ArgumentError."""
    number: int = Whole(name, name, lower, lower, upper).check(value)
    return number
