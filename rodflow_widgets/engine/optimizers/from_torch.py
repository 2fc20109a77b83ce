"""A torch optimizer as one of ours, with the same trajectory; what is not modelled is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from ...errors import ArgumentError
from ..registry import OPTIMIZERS
from .base import Optimizer

REFUSED: dict[str, str] = {
    "dampening": "dampened momentum is another map",
    "weight_decay": "put the penalty into the loss instead",
    "maximize": "minimise the negative instead",
    "amsgrad": "its running maximum is not a moving average",
    "centered": "its variance is not a second moment",
    "momentum": "RMSprop with momentum is another map",
}
"""Options of torch that are not modelled, and what to say."""


def _sgd(group: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    mu = float(group["momentum"])
    if mu == 0:
        return "GradientDescent", {"learning_rate": float(group["lr"])}
    if not 0 < mu < 1:
        raise ArgumentError(f"torch_optimizer: momentum={mu!r} is not usable: give a number in [0, 1).")
    name = "Nesterov" if group["nesterov"] else "HeavyBall"
    return name, {"learning_rate": float(group["lr"]) / (1 - mu), "beta": mu}


def _rmsprop(group: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "RMSProp", {"learning_rate": float(group["lr"]), "beta2": group["alpha"], "eps": group["eps"]}


def _adam(group: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    betas = tuple(float(b) for b in group["betas"])
    return "Adam", {"learning_rate": float(group["lr"]), "betas": betas, "eps": group["eps"]}


def _nadam(group: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    _, arguments = _adam(group)
    return "NAdam", {**arguments, "momentum_decay": group["momentum_decay"]}


READERS: dict[type[torch.optim.Optimizer], tuple[Callable[..., tuple[str, dict[str, Any]]], tuple[str, ...]]] = {
    torch.optim.SGD: (_sgd, ("dampening", "weight_decay", "maximize")),
    torch.optim.RMSprop: (_rmsprop, ("weight_decay", "centered", "momentum", "maximize")),
    torch.optim.Adam: (_adam, ("weight_decay", "amsgrad", "maximize")),
    torch.optim.AdamW: (_adam, ("weight_decay", "amsgrad", "maximize")),
    torch.optim.NAdam: (_nadam, ("weight_decay", "maximize")),
}


def from_torch(torch_optimizer: torch.optim.Optimizer, model: nn.Module | None = None) -> Optimizer:
    """The optimizer with the same trajectory as a fresh torch.optim SGD, RMSprop, Adam, AdamW (no decay) or NAdam.

    Args:
        torch_optimizer: one that has made no step yet.
        model: the network, wanted where parameter groups have different learning rates: it says which entries of the
            problem's parameter vector belong to which group.

    Learning rates of groups may differ; all other options must agree. SGD with momentum μ becomes the moving-average form,
    learning_rate = lr / (1 − μ).

    Raises:
        ArgumentError: another class, an option that is not modelled, groups that differ in more than the learning rate,
            an optimizer that has made steps.
    """
    kind = type(torch_optimizer)
    if kind not in READERS:
        known = ", ".join(k.__name__ for k in READERS)
        raise ArgumentError(
            f"torch_optimizer is a {kind.__name__}, which is not modelled: give one of torch.optim {known}, or write its "
            "rule with rf.optimizers.from_map."
        )
    if torch_optimizer.state:
        raise ArgumentError(
            "torch_optimizer has made steps already, and its state would be lost: give a fresh one with the same options."
        )
    reader, refused = READERS[kind]
    read = []
    for group in torch_optimizer.param_groups:
        for option in refused:
            if group.get(option):
                raise ArgumentError(
                    f"torch_optimizer: {option}={group[option]!r} is not modelled ({REFUSED[option]}): "
                    f"set it to {type(group[option])()!r}."
                )
        read.append(reader(group))
    name, arguments = read[0]
    for other, values in read[1:]:
        differing = [key for key in arguments if key != "learning_rate" and values.get(key) != arguments[key]]
        if other != name or differing:
            what = differing[0] if differing else "momentum"
            raise ArgumentError(
                f"torch_optimizer: its parameter groups differ in {what}: only their learning rates may differ."
            )
    rates = [values["learning_rate"] for _, values in read]
    groups = () if len(set(rates)) == 1 else _groups(torch_optimizer, model, rates)
    return OPTIMIZERS[name](**arguments, groups=groups)


def _groups(torch_optimizer: Any, model: nn.Module | None, rates: list[float]) -> tuple[tuple[int, float], ...]:
    """Runs of the parameter vector with the factor of the first group's learning rate that each moves at."""
    if not isinstance(model, nn.Module):
        raise ArgumentError(
            f"model={model!r}: the parameter groups have different learning rates, so give the model whose parameters "
            "they are."
        )
    if 0.0 in rates:
        raise ArgumentError(
            "torch_optimizer: a parameter group has learning rate 0: freeze it with requires_grad_(False)."
        )
    of = {id(p): rate for group, rate in zip(torch_optimizer.param_groups, rates, strict=True) for p in group["params"]}
    runs = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if id(parameter) not in of:
            raise ArgumentError(f"torch_optimizer does not hold the model's parameter {name!r}: add it, or freeze it.")
        runs.append((parameter.numel(), of[id(parameter)] / rates[0]))
    return tuple(runs)
