"""The parameters that a torch optimizer moves, as one flat vector with what its optimizer does to every part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import ArgumentError, ProblemError
from ..optimizers.base import Moments
from .reading import Rule, check_optimizer, moments_of, rule_of, steps_of


@dataclass(frozen=True)
class Part:
    """One parameter that moves: its name in the model, its rule, its moving averages, the steps made of it if they are counted."""

    name: str
    parameter: nn.Parameter
    rule: Rule
    n: float | None
    moments: Moments

    def count(self, step: float) -> float:
        """Steps made of it, or `step` where torch keeps no count."""
        return step if self.n is None else self.n


class Subject:
    """A model and the torch optimizer that trains it.

    Args:
        model: the network; wrappers of torch.nn.parallel and torch.compile are taken off.
        optimizer: a torch.optim SGD, RMSprop, Adam, AdamW or NAdam, or what accelerate or lightning wrap around it.

    Raises:
        ArgumentError, ProblemError: no module, an optimizer or option that is not modelled, parameters that are not the
            model's, of several devices, or not of real numbers.
    """

    def __init__(self, model: Any, optimizer: Any) -> None:
        if not isinstance(model, nn.Module):
            raise ArgumentError(f"model={model!r} is not a torch.nn.Module: give the network that your loop trains.")
        self.model = plain(model)
        self.optimizer = check_optimizer(optimizer)
        names = {id(p): name for name, p in self.model.named_parameters()}
        for number, group in enumerate(self.optimizer.param_groups):
            for p in group["params"]:
                if id(p) not in names:
                    raise ArgumentError(
                        f"optimizer holds a parameter of shape {list(p.shape)} in group {number} that is not the model's: "
                        "give the model that it trains, and make the optimizer after the model is on its device."
                    )
                _check(names[id(p)], p)
        if not self.candidates():
            raise ProblemError("optimizer holds no parameter that requires a gradient: unfreeze one.")

    def candidates(self) -> list[tuple[str, nn.Parameter, dict[str, Any]]]:
        """Name, parameter and group of all that may move, in the order of the model."""
        of = {id(p): group for group in self.optimizer.param_groups for p in group["params"]}
        named = self.model.named_parameters()
        return [(name, p, of[id(p)]) for name, p in named if id(p) in of and p.requires_grad]

    def parts(self) -> list[Part]:
        """What moves, with the options and the state of the optimizer as they are now, after a step.

        Left out are parameters whose learning rate is 0, and those of which the optimizer keeps no state although it does of
        others: they have had no gradient yet.
        """
        candidates = self.candidates()
        counts = steps_of(self.optimizer, [p for _, p, _ in candidates])
        rules: dict[int, Rule | None] = {}
        found: list[Part] = []
        for (name, p, group), count in zip(candidates, counts, strict=True):
            if id(group) not in rules:
                rules[id(group)] = rule_of(self.optimizer, group)
            rule = rules[id(group)]
            if rule is None:
                continue
            moments = moments_of(self.optimizer.state.get(p, {}), rule, p.detach())
            if moments is not None:
                found.append(Part(name, p, rule, count, moments))
        return found

    @property
    def learning_rate(self) -> float:
        """Of the first group, as torch has it."""
        return float(self.optimizer.param_groups[0]["lr"])

    def rules(self) -> list[Rule | None]:
        """Of every group that holds something, None while its learning rate is 0."""
        return [rule_of(self.optimizer, group) for group in self.optimizer.param_groups if group["params"]]

    def first_rule(self) -> Rule | None:
        """Of the first group whose learning rate is not 0."""
        return next((rule for rule in self.rules() if rule is not None), None)


def reference(parts: Sequence[Part], step: float) -> float:
    """The edge threshold that sharpness is measured against: that of the first part. `step` counts where torch does not."""
    first = parts[0]
    return first.rule.edge_threshold(first.count(step))


def preconditioner(parts: Sequence[Part], step: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """P [p] (or [1]) for which one threshold, the reference, is the edge of all parts together.

    An oscillation (−1)ᵗx of frozen coefficients has 2x = D H x with D = 2 / (P thr), entry by entry: where parts differ
    in learning rate, momentum, steps made or decay, P of each is scaled by its own threshold over the reference. On the unit
    circle no other multiplier than −1 can be met first: with z = e^{iθ} the imaginary part of (z − 1 + ηλ)/D(z) has for every
    part the sign of sin θ, and so only θ = 0 or π solves x*(diag((z − 1 + ηλ)/D(z)) + H)x = 0.
    """
    edge = reference(parts, step)
    own = [part.rule.edge_threshold(part.count(step)) / edge for part in parts]
    plain = all(part.moments.second is None for part in parts)
    if plain and all(scale == 1.0 for scale in own):
        return torch.ones(1, dtype=dtype, device=device)
    pieces = []
    for part, scale in zip(parts, own, strict=True):
        second = part.moments.second
        like = torch.empty(part.parameter.numel(), dtype=dtype, device=device)
        if second is None:
            pieces.append(torch.full_like(like, scale))
        else:
            pieces.append(part.rule.optimizer.root_mean_square(second.to(device, dtype), part.count(step)) * scale)
    return torch.cat(pieces)


def flat(values: Sequence[Tensor], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Tensors as one vector [p]."""
    return torch.cat([value.detach().reshape(-1).to(device, dtype) for value in values])


def plain(model: nn.Module) -> nn.Module:
    """The module inside wrappers that only change how it is run."""
    while True:
        wrapped = isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel)
        inner = model.module if wrapped else getattr(model, "_orig_mod", None)
        if not isinstance(inner, nn.Module):
            return model
        model = inner


def _check(name: str, p: Any) -> None:
    if isinstance(p, nn.parameter.UninitializedParameter):
        raise ProblemError(f"parameter {name!r} has no shape yet: send one batch through the model first.")
    if not p.dtype.is_floating_point:
        raise ProblemError(f"parameter {name!r} has dtype {p.dtype}: only real floating-point parameters are watched.")
    if type(p.data) not in (Tensor, nn.Parameter):
        raise ProblemError(f"parameter {name!r} is a {type(p.data).__name__}: sharded parameters are not watched.")
