"""What a watch measures, as data for a page and in sentences for a person."""

from __future__ import annotations

from typing import Any

from ..curvature.davidson import Davidson
from ..optimizers.base import LEARNING_RATE
from .look import Looker, columns
from .reading import label_of


def described(looker: Looker, eigenvalues: int, seed: int, every: int | None, name: str | None) -> dict[str, Any]:
    """The spec of the recording, as that of a simulation: a page labels its picture by it."""
    subject, probe = looker.subject, looker.probe
    rule = subject.first_rule()
    label, threshold, preconditioned = type(subject.optimizer).__name__, "", False
    cites: tuple[str, ...] = ()
    if rule is not None:
        label, threshold = label_of(subject.optimizer, rule)
        cites = rule.optimizer.cites
        preconditioned = rule.optimizer.has_second_moment or len(subject.optimizer.param_groups) > 1
    rate = subject.learning_rate
    return {
        "problem": {
            "name": name or probe.name,
            "dim": probe.dim,
            "device": str(probe.device),
            "dtype": str(probe.dtype).removeprefix("torch."),
            "loss": probe.loss_name,
            "coordinates": [],
            "start": [],
        },
        "optimizer": {
            "name": type(subject.optimizer).__name__,
            "label": label,
            "values": {"learning_rate": rate},
            "parameters": [LEARNING_RATE.describe()],
            "threshold": threshold,
            "preconditioned": preconditioned,
        },
        "steps": None,
        "every": 1 if every is None else every,
        "eigenvalues": eigenvalues,
        "seed": seed,
        "cites": list(dict.fromkeys((*cites, *Davidson.cites))),
        "processes": [
            {
                "name": "discrete",
                "kind": "iterates",
                "label": "iterates",
                "detail": f"on a probe batch of {looker.batch.n:,}",
                "start": 0,
                "columns": [column.describe() for column in columns(eigenvalues)],
            }
        ],
        "schedules": [],
        "run": 1,
        "parent": None,
    }


def notes(looker: Looker) -> tuple[str, ...]:
    """What is measured, plainly."""
    subject, n = looker.subject, looker.batch.n
    examples = f"{n:,} examples" if n > 1 else "one example"
    told = [
        f"Everything is measured on a fixed probe batch of {examples}, in evaluation mode (no dropout, running statistics of batch "
        "normalisation). Training takes other batches: their noise is not in the curvature, and the edge is that of full-batch "
        "training on the probe batch.",
        "The sharpness is that of the optimizer's own preconditioner, from its state. Gradients that are clipped make smaller "
        "steps than the threshold assumes.",
    ]
    held = {id(p) for _, p, _ in subject.candidates()}
    rest = sum(p.numel() for p in subject.model.parameters() if id(p) not in held)
    if rest:
        told.append(f"{rest:,} parameters that the optimizer does not move are kept fixed.")
    rules = {rule for rule in subject.rules() if rule is not None}
    if any(rule.penalty for rule in rules):
        told.append("The L2 penalty of weight_decay belongs to the loss, its gradient and the curvature.")
    if any(rule.decay for rule in rules):
        told.append("Decoupled weight decay λ lowers the threshold by the factor 1 − learning rate · λ / 2.")
    if len({rule.optimizer for rule in rules}) > 1:
        told.append(
            "Parameter groups differ: sharpness and threshold are in units of the first group, and the ratio is 1 where an "
            "oscillation of all groups together neither grows nor decays."
        )
    return tuple(told)
