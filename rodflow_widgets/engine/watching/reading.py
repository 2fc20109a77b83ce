"""A torch optimizer of any age as rules of ours, one for each of its parameter groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...errors import ArgumentError
from ..optimizers.base import Moments, Optimizer
from ..optimizers.from_torch import READERS, REFUSED
from ..registry import OPTIMIZERS

PENALTY = "weight_decay"
LABELS = {"GradientDescent": "SGD", "HeavyBall": "SGD with momentum", "Nesterov": "SGD with Nesterov momentum"}
THRESHOLDS = {
    "HeavyBall": "2(1 + β) / learning rate",
    "Nesterov": "2(1 + β) / ((1 + 2β) learning rate)",
}
"""In torch's learning rate, which is ours times 1 − β."""
WRAPPERS = ("AcceleratedOptimizer", "LightningOptimizer")


@dataclass(frozen=True)
class Rule:
    """What an optimizer does with the parameters of one group.

    optimizer: ours, of the same trajectory without weight decay.
    penalty: λ of an L2 penalty, which adds λw to the gradient and λ to the Hessian.
    decay: the share ηλ of w that every step takes away beside it (decoupled weight decay).
    """

    optimizer: Optimizer
    penalty: float = 0.0
    decay: float = 0.0

    def edge_threshold(self, n: float) -> float:
        """The preconditioned sharpness S at which an oscillation of these parameters neither grows nor decays at step n.

        A mode of period two satisfies −1 = (1 − ηλ) − η(aκ/(1 + β) + b)S: decoupled decay lowers the threshold by the
        factor 1 − ηλ/2, whatever the optimizer.
        """
        return self.optimizer.edge_threshold(n) * (1 - self.decay / 2)


def unwrapped(optimizer: Any) -> Any:
    """The torch optimizer inside those that accelerate and lightning wrap around it."""
    while type(optimizer).__name__ in WRAPPERS and isinstance(
        getattr(optimizer, "optimizer", None), torch.optim.Optimizer
    ):
        optimizer = optimizer.optimizer
    return optimizer


def check_optimizer(value: Any) -> torch.optim.Optimizer:
    """The torch optimizer, unwrapped, if every group of it is modelled; ArgumentError says what is not, and what to do."""
    optimizer = unwrapped(value)
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise ArgumentError(
            f"optimizer={value!r} is no torch.optim.Optimizer: give the one that your loop calls step() of; for "
            "those of rodflow_widgets there is rf.compare."
        )
    kind = type(optimizer)
    if kind not in READERS:
        known = ", ".join(k.__name__ for k in READERS)
        raise ArgumentError(
            f"optimizer is a {kind.__name__}, whose edge of stability is not modelled: give one of torch.optim {known} itself "
            "(not a class derived from it)."
        )
    if not any(group["params"] for group in optimizer.param_groups):
        raise ArgumentError("optimizer holds no parameters: give it the parameters of the model.")
    for group in optimizer.param_groups:
        rule_of(optimizer, group)
    return optimizer


def rule_of(optimizer: torch.optim.Optimizer, group: Mapping[str, Any]) -> Rule | None:
    """The rule of one group with its options as they are now; None while its learning rate is 0.

    Raises:
        ArgumentError: an option that is not modelled.
    """
    reader, refused = READERS[type(optimizer)]
    for option in refused:
        if option != PENALTY and group.get(option) and not (option == "dampening" and not group.get("momentum")):
            raise ArgumentError(
                f"optimizer: {option}={group[option]!r} is not modelled ({REFUSED[option]}): "
                f"set it to {type(group[option])()!r}."
            )
    if not float(group["lr"]):
        return None
    name, arguments = reader(dict(group))
    weight = float(group.get(PENALTY) or 0.0)
    decoupled = isinstance(optimizer, torch.optim.AdamW) or bool(group.get("decoupled_weight_decay"))
    ours = OPTIMIZERS[name](**arguments)
    return Rule(ours, 0.0, float(group["lr"]) * weight) if decoupled else Rule(ours, weight, 0.0)


def label_of(optimizer: torch.optim.Optimizer, rule: Rule) -> tuple[str, str]:
    """What people call it, and the formula of its edge in torch's own learning rate."""
    ours = type(rule.optimizer).__name__
    threshold = THRESHOLDS.get(ours, rule.optimizer.threshold_text)
    return LABELS.get(ours, type(optimizer).__name__), threshold


def moments_of(state: Mapping[str, Any], rule: Rule, like: Tensor) -> Moments | None:
    """Moving averages of one parameter as ours are, flat; None where the optimizer has none of it yet and should."""
    ours = rule.optimizer
    momentum, second = None, None
    if ours.has_momentum:
        if ours.has_second_moment:
            held = state.get("exp_avg")
            momentum = None if held is None else held
        else:
            held = state.get("momentum_buffer")
            momentum = None if held is None else held * (1 - ours.values["beta"])
        if momentum is None:
            return None
    if ours.has_second_moment:
        second = state.get("exp_avg_sq", state.get("square_avg"))
        if second is None:
            return None
    return Moments(_flat(momentum, like), _flat(second, like))


def _flat(value: Tensor | None, like: Tensor) -> Tensor | None:
    return None if value is None else value.detach().reshape(-1).to(like.device, like.dtype)


def steps_of(optimizer: torch.optim.Optimizer, parameters: list[Tensor]) -> list[float | None]:
    """How many steps have been made of each parameter; None where the optimizer keeps no count of it."""
    counts = [optimizer.state[p].get("step") if p in optimizer.state else None for p in parameters]
    held = [count for count in counts if isinstance(count, Tensor)]
    fetched = iter(torch.stack([c.detach().reshape(()).to(held[0].device) for c in held]).tolist() if held else [])
    return [next(fetched) if isinstance(c, Tensor) else None if c is None else float(c) for c in counts]


def made_steps(optimizer: torch.optim.Optimizer) -> int:
    """Steps that it has made already, as far as its state tells; 0 where it keeps no count."""
    held = [p for group in optimizer.param_groups for p in group["params"]]
    return int(max((count for count in steps_of(optimizer, held) if count is not None), default=0))
