"""Any update rule, written as a function, as an optimizer: its rod and stable flow follow by differentiating it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ...errors import ArgumentError, unknown
from ...vocabulary import Parameter
from .base import LEARNING_RATE, Coefficients, End, Frozen, Moments, Optimizer
from .response import Response, blocks
from .rule import Layout, Rule, inspected

LIMIT = 1e9
"""The step count at which a rule is looked at before it runs: that of the limit of many steps."""
FACTOR = replace(LEARNING_RATE, default=1.0, meaning="multiplies the rule's own move")


class FrozenMap(Frozen):
    """The rule with its even state held at a value, linearised at one (w, m, g)."""

    optimizer: MappedOptimizer

    def __init__(
        self, optimizer: MappedOptimizer, w: Tensor, m: Tensor | None, held: Tensor | None, n: float, grad: Tensor
    ) -> None:
        self._held = optimizer.rule.held(w, m, held, grad, n, optimizer.values)
        self._at = (w, m, grad)
        self.response = self._held.response(w, m, grad)
        D = self.response.at_period_two()
        P = optimizer.learning_rate / D.clamp_min(torch.finfo(D.dtype).eps * D.max())
        super().__init__(optimizer, P, n)

    def __call__(self, w: Tensor, momentum: Tensor | None, grad: Tensor) -> tuple[Tensor, Tensor | None]:
        new, m = self._held(w, momentum, grad)
        return new - w, None if m is None or momentum is None else m - momentum

    def push(self, w: Tensor, momentum: Tensor | None, grad: Tensor) -> tuple[Tensor, Tensor | None]:
        new, m = self._held.push(self._at, (w, momentum, grad))
        return new - w, None if m is None or momentum is None else m - momentum

    def couplings(self, V: Tensor) -> Tensor | None:
        return self.response.projected(V, self.P, self.optimizer.momenta_like_gradients)

    def modes(self, sharpness: np.ndarray, couplings: np.ndarray | None = None) -> np.ndarray:
        assert couplings is not None
        return blocks(sharpness, couplings)


@dataclass(frozen=True)
class MappedOptimizer(Optimizer):
    """An optimizer made by `from_map`."""

    rule: Rule
    layout: Layout
    chosen: tuple[tuple[str, float], ...]
    name: str
    described: tuple[Parameter, ...]

    label: ClassVar[str] = "own map"
    threshold_text: ClassVar[str] = "2 / learning rate"
    linear: ClassVar[bool] = False
    metric_moves: ClassVar[bool] = True
    rod_start: ClassVar[int] = 20

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", self.name)
        for parameter in self.parameters:
            parameter.check(self.values[parameter.name])
        if self.layout.instability is not None:
            object.__setattr__(self, "threshold_text", f"{self.threshold_text}. {self.layout.instability}")

    # What other optimizers say of their class, a map says of itself: the properties override class variables.

    @property
    def parameters(self) -> tuple[Parameter, ...]:  # type: ignore[override]
        return self.described

    @property
    def values(self) -> dict[str, float]:
        return dict(self.chosen)

    @property
    def has_momentum(self) -> bool:  # type: ignore[override]
        return bool(self.layout.odd)

    @property
    def has_second_moment(self) -> bool:  # type: ignore[override]
        return bool(self.layout.even)

    @property
    def momenta_like_gradients(self) -> tuple[bool, ...]:  # type: ignore[override]
        return self.layout.like_gradients

    def replace(self, **changes: Any) -> Optimizer:
        for name in changes:
            if name not in self.values:
                raise unknown("hyperparameter", name, self.values)
        checked = {p.name: p.check(changes.get(p.name, self.values[p.name])) for p in self.described}
        return replace(self, learning_rate=checked["learning_rate"], chosen=tuple(checked.items()))

    def coefficients(self, n: float) -> Coefficients:
        raise TypeError("a map of one's own has no coefficients: it is differentiated instead")

    def edge_threshold(self, step: float | None = None) -> float:
        return 2 / self.learning_rate

    def initial(self, w: Tensor) -> Moments:
        state = self.rule.initial(w)
        return Moments(self.layout.join(state, self.layout.odd), self.layout.join(state, self.layout.even))

    def step(self, w: Tensor, moments: Moments, grad: Tensor, n: int) -> tuple[Tensor, Moments]:
        new, m, even = self.rule.call(w, moments.momentum, moments.second, grad, n, self.values)
        return new, Moments(m, even)

    def second_rate(self, nu: Tensor, ends: Sequence[End], n: float) -> Tensor:
        new = [self.rule.call(w, m, nu, g, n, self.values)[2] for w, m, g in ends]
        return torch.stack([even for even in new if even is not None]).mean(0) - nu

    def frozen(
        self, w: Tensor, momentum: Tensor | None, nu: Tensor | None, n: float, grad: Tensor | None = None
    ) -> Frozen:
        return FrozenMap(self, w, momentum, nu, n, torch.zeros_like(w) if grad is None else grad)

    def describe(self) -> dict[str, Any]:
        return {**super().describe(), "name": self.name}


def from_map(
    step: Callable[..., tuple[Tensor, Mapping[str, Tensor]]],
    state: Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    parameters: Sequence[Parameter] = (),
    **hyperparameters: float,
) -> MappedOptimizer:
    """An optimizer from an update rule: `step(w, state, grad, **hyperparameters)` returns the new w and the new state.

    Args:
        step: the rule, for a parameter vector w [p], a dict of tensors and the gradient [p]. It computes with torch, component by
            component (a norm of the gradient may enter through the state), changes nothing in place, and draws no random
            numbers. If it has an argument `n` it is given the step count, 1 for the first step; flows give real numbers.
        state: for each entry how it begins: a tensor, a number, or a function of w such as torch.zeros_like.
        name: shown in pictures; None takes the function's own.
        parameters: bounds and meaning of hyperparameters, for sliders; others get wide bounds.
        hyperparameters: keywords of `step`. A rule without `learning_rate` gets one, 1, that multiplies its move of w.

    Entries that change sign with the gradient (momenta) are followed by the rod; entries that do not (second moments, counters)
    are averaged over its ends. Φ is the rule with the latter held; the metric is P = learning_rate / D, where D H u = 2u
    holds for every oscillation (−1)ᵗu that neither grows nor decays, so that the edge is at 2 / learning_rate whatever the
    rule. Where the first instability on a quadratic is not of period two, `threshold_text` says so: no rod sees it. A rule
    that is not linear in (m, g) is linearised at the rod's centre.

    Raises:
        ArgumentError: a rule that is not differentiable (sign, round, detach), changes shape or dtype of its state, is random,
            works in place, mixes components, or has an entry that is neither odd nor even in the gradient.

    Source: derived here; for the linear maps of arXiv 2605.06821 it gives their rod.
    """
    if not callable(step):
        raise ArgumentError(f"step={step!r} is not callable: give a function step(w, state, grad) -> (w, state).")
    if state is not None and not isinstance(state, Mapping):
        raise ArgumentError(f"state={state!r} is not usable: give a dict, e.g. {{'m': torch.zeros_like}}.")
    known = {p.name: p for p in parameters}
    accepted = inspect.signature(step).parameters
    anything = any(p.kind is p.VAR_KEYWORD for p in accepted.values())
    for key in hyperparameters:
        if key not in accepted and not anything:
            raise unknown("keyword of step", key, list(accepted)[3:])
    scaled = "learning_rate" not in hyperparameters
    values = {"learning_rate": 1.0, **hyperparameters} if scaled else hyperparameters
    described = tuple(
        known.get(key, FACTOR if scaled and key == "learning_rate" else _described(key, value))
        for key, value in values.items()
    )
    checked = {p.name: p.check(values[p.name]) for p in described}
    title = name or getattr(step, "__name__", "own map").replace("_", " ")
    rule = Rule(step, dict(state or {}), "n" in accepted, scaled)
    rate = checked["learning_rate"]
    layout, rule = inspected(rule, checked, rate, LIMIT)
    return MappedOptimizer(rate, rule, layout, tuple(checked.items()), title, described)


def _described(name: str, value: Any) -> Parameter:
    if name == "learning_rate":
        return LEARNING_RATE
    return Parameter(name, name.replace("_", " "), float(value), -1e9, 1e9)


def response_of(optimizer: Optimizer, w: Tensor, moments: Moments, n: float, grad: Tensor) -> Response:
    """The linearised response of a mapped optimizer at one point; for looking at a rule, and for tests."""
    phi = optimizer.frozen(w, moments.momentum, moments.second, n, grad)
    if not isinstance(phi, FrozenMap):
        raise ArgumentError(f"optimizer={optimizer!r} is no map of one's own: its coefficients say how it responds.")
    return phi.response
