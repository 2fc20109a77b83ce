"""The present of a training loop, held: a frozen copy of the model and the state of its optimizer, to go on from by itself."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import RunError
from ..optimizers.base import Moments, Optimizer
from .decayed import with_decay
from .probe import Batch, Probe
from .reading import rule_of
from .subject import Part, Subject

SHARED = ("_trainer", "_fabric")
"""What lightning hangs into a module and nobody wants a copy of."""


@dataclass(frozen=True)
class Present:
    """A state to go on from: full-batch dynamics on the probe batch, in evaluation mode.

    w [p], moments and step are those of the optimizer; `optimizer` is ours, of the same trajectory.
    """

    optimizer: Optimizer
    w: Tensor
    moments: Moments
    step: int
    _model: nn.Module
    _loss: Callable[[Any, Any], Tensor]
    _batch: Batch
    _names: tuple[str, ...]
    _penalties: tuple[float, ...]
    _hessian: str
    _like: Probe

    def problem(self) -> Probe:
        """The loss of the copy on the probe batch; nothing else holds the copy."""
        return Probe(
            self._model,
            self._loss,
            self._batch,
            self._names,
            self._penalties,
            hessian=self._hessian,
            like=self._like,
        )


def present(subject: Subject, loss: Callable[[Any, Any], Tensor], batch: Batch, probe: Probe, step: int) -> Present:
    """Hold what is there now, between two steps of the loop.

    Raises:
        RunError: groups that differ in more than learning rate and weight decay, learning rate 0, a model that cannot be
            copied.
    """
    parts = _parts(subject, step)
    first = parts[0].rule.optimizer
    for part in parts[1:]:
        if replace(part.rule.optimizer, learning_rate=first.learning_rate) != first or part.n != parts[0].n:
            raise RunError(
                f"There is no forecast of this loop: parameter {part.name!r} has other options than "
                f"{parts[0].name!r}, or has made another number of steps. Only learning rate and weight decay may differ."
            )
    rates = [part.rule.optimizer.learning_rate / first.learning_rate for part in parts]
    sizes = [part.parameter.numel() for part in parts]
    groups = tuple(zip(sizes, rates, strict=True)) if any(rate != 1 for rate in rates) else ()
    weights = [part.rule.decay / _rate(part) for part in parts]
    optimizer = with_decay(replace(first, groups=groups), tuple(zip(sizes, weights, strict=True)))
    model = _copied(subject.model)
    return Present(
        optimizer,
        probe.flat([part.parameter for part in parts]),
        Moments(
            _joined(probe, [part.moments.momentum for part in parts]),
            _joined(probe, [part.moments.second for part in parts]),
        ),
        step,
        model,
        loss,
        batch,
        tuple(part.name for part in parts),
        tuple(part.rule.penalty for part in parts),
        probe.hessian,
        probe,
    )


def _rate(part: Part) -> float:
    """Torch's learning rate of an optimizer with decoupled decay, which is ours."""
    return part.rule.optimizer.learning_rate


def _parts(subject: Subject, step: int) -> list[Part]:
    """What moves, or, before the first step, what will."""
    parts = subject.parts()
    if not parts and not any(state for state in subject.optimizer.state.values()):
        for name, p, group in subject.candidates():
            rule = rule_of(subject.optimizer, group)
            if rule is not None:
                parts.append(Part(name, p, rule, 0.0, rule.optimizer.initial(p.detach().reshape(-1))))
    if not parts:
        raise RunError("There is no forecast of this loop now: its learning rate is 0, so nothing moves.")
    counted = [part.n for part in parts if part.n is not None]
    if (
        counted
        and parts[0].rule.optimizer.has_momentum
        and parts[0].rule.optimizer.has_second_moment
        and counted[0] != step
    ):
        raise RunError(
            f"There is no forecast of this loop: its optimizer counts {counted[0]:.0f} steps and the watch {step}. "
            "Begin a new watch after loading a state into the optimizer."
        )
    return parts


def _joined(probe: Probe, pieces: Sequence[Tensor | None]) -> Tensor | None:
    there = [piece for piece in pieces if piece is not None]
    return probe.flat(there) if there else None


def _copied(model: nn.Module) -> nn.Module:
    """A copy in evaluation mode that shares nothing that training changes."""
    memo: dict[int, Any] = {}
    for module in model.modules():
        for name in SHARED:
            held = module.__dict__.get(name)
            if held is not None:
                memo[id(held)] = held
    try:
        with torch.no_grad():
            made = copy.deepcopy(model, memo)
    except Exception as error:
        raise RunError(f"There is no forecast of this loop, since its model cannot be copied: {error}") from error
    for module in made.modules():
        module.training = False
    return made
