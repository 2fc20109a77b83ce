"""From a module, a loss and a batch to a function of one flat vector, with every mistake named."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ..errors import ArgumentError, ProblemError
from .checks import _first_line, check_dtype


def model_function(
    model: nn.Module,
    loss: Callable[[Tensor, Tensor], Tensor],
    inputs: Any,
    targets: Any,
    *,
    device: str | torch.device,
    dtype: torch.dtype | None,
) -> tuple[Callable[[Tensor], Tensor], Tensor, dict[str, torch.Size]]:
    """The loss as a function of w [p], the vector w0 of the model's own parameters, and their names and shapes."""
    if not isinstance(model, nn.Module):
        raise ArgumentError(f"model={model!r} is not a torch.nn.Module: for a function, use Problem.from_function.")
    if not callable(loss):
        raise ArgumentError(f"loss={loss!r} is not callable: give loss(output, targets), e.g. nn.MSELoss().")
    trainable = _trainable(model)
    first = next(iter(trainable.values()))
    where = first.device if device == "auto" else _device(device)
    kind = check_dtype("dtype" if dtype else f"parameter {next(iter(trainable))!r}", dtype or first.dtype)
    x, y = _batch("inputs", inputs, where, kind), _batch("targets", targets, where, kind)
    if x.shape[0] != y.shape[0]:
        raise ProblemError(f"inputs hold {x.shape[0]} examples and targets {y.shape[0]}: give one target each.")

    names = list(trainable)
    shapes = {name: p.shape for name, p in trainable.items()}
    sizes = [p.numel() for p in trainable.values()]
    w0 = torch.cat([p.detach().reshape(-1) for p in trainable.values()]).to(where, kind)
    fixed = {
        name: t.detach().clone().to(where, kind if t.dtype.is_floating_point else t.dtype)
        for name, t in (*model.named_parameters(), *model.named_buffers())
        if name not in trainable
    }

    def function(w: Tensor) -> Tensor:
        tensors = {n: part.view(shapes[n]) for n, part in zip(names, w.split(sizes), strict=True)}
        return loss(functional_call(model, {**fixed, **tensors}, (x,)), y)

    _check_fit(
        model, loss, {**fixed, **{n: p.view(shapes[n]) for n, p in zip(names, w0.split(sizes), strict=True)}}, x, y
    )
    return function, w0, shapes


def _trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    parameters = dict(model.named_parameters())
    for name, p in parameters.items():
        if not p.dtype.is_floating_point:
            raise ProblemError(
                f"parameter {name!r} has dtype {p.dtype}: parameters must be floating point to be trained; "
                "keep integers in a buffer."
            )
        if not bool(torch.isfinite(p).all()):
            raise ProblemError(f"parameter {name!r} holds NaN or infinity at the start: initialise it again.")
    trainable = {name: p for name, p in parameters.items() if p.requires_grad}
    if not trainable:
        raise ProblemError(
            f"model {type(model).__name__} has no trainable parameters: give a network with at least one parameter "
            "that requires a gradient."
        )
    return trainable


def _device(device: str | torch.device) -> torch.device:
    try:
        there = torch.zeros((), device=device).device
        if there.type == "meta":
            raise RuntimeError("a meta tensor has no numbers")
        return there
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ArgumentError(
            f"device={device!r} cannot be used here ({_first_line(error)}): take 'auto', 'cpu', or a device that "
            "this machine has."
        ) from error


def _batch(name: str, value: Any, device: torch.device, dtype: torch.dtype) -> Tensor:
    try:
        t = value.detach() if isinstance(value, Tensor) else torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ProblemError(f"{name} is a {type(value).__name__}: give a tensor or an array [n, …].") from error
    if t.ndim == 0 or t.shape[0] == 0 or t.numel() == 0:
        raise ProblemError(f"{name} has shape {list(t.shape)}: the batch is empty, give at least one example.")
    if t.dtype.is_floating_point and not bool(torch.isfinite(t).all()):
        raise ProblemError(f"{name} holds NaN or infinity: clean the batch first.")
    return t.to(device, dtype if t.dtype.is_floating_point else t.dtype)


def _check_fit(
    model: nn.Module, loss: Callable[[Tensor, Tensor], Tensor], tensors: dict[str, Tensor], x: Tensor, y: Tensor
) -> None:
    try:
        output = functional_call(model, tensors, (x,))
    except Exception as error:
        raise ProblemError(
            f"the model failed on inputs of shape {list(x.shape)}, {x.dtype}: {_first_line(error)}. "
            "Give inputs that fit its first layer."
        ) from error
    if isinstance(output, Tensor) and y.dtype.is_floating_point:
        _check_broadcast(output, y)
    shape = list(output.shape) if isinstance(output, Tensor) else type(output).__name__
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*target size.*")
            loss(output, y)
    except Exception as error:
        raise ProblemError(
            f"the model's output {shape} does not fit the loss with targets {list(y.shape)}, {y.dtype}: "
            f"{_first_line(error)}. Give targets, or a loss, that fit the output."
        ) from error


def _check_broadcast(output: Tensor, y: Tensor) -> None:
    """Output [n, 1] against targets [n] would silently become a table [n, n]."""
    try:
        both = torch.broadcast_shapes(output.shape, y.shape)
    except RuntimeError:
        return
    if both.numel() > max(output.numel(), y.numel()):
        raise ProblemError(
            f"the model's output {list(output.shape)} does not fit targets {list(y.shape)}: together they broadcast to "
            f"{list(both)}. Give targets of the output's shape."
        )
