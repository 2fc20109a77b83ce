"""Activation checkpointing of named layers, without touching the user's model."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from torch import nn
from torch.func import functional_call
from torch.utils.checkpoint import checkpoint

from ..errors import ArgumentError, unknown
from .turns import turn


class _Recomputed:
    """The forward of a layer whose activations are not kept but computed once more in the backward pass.

    The tensors that stand for its parameters go along as arguments: when the backward pass runs, others may be in place.
    """

    def __init__(self, layer: nn.Module, around: nn.Module) -> None:
        self._layer, self._forward = layer, layer.forward
        self._turn = turn(around)
        self._inside = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._inside:
            return self._forward(*args, **kwargs)
        tensors = {**dict(self._layer.named_parameters()), **dict(self._layer.named_buffers())}
        return checkpoint(self._run, tensors, args, kwargs, use_reentrant=False, preserve_rng_state=False)

    def _run(self, tensors: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with self._turn:
            self._inside = True
            try:
                return functional_call(self._layer, tensors, args, kwargs)
            finally:
                self._inside = False


def with_checkpoints(model: nn.Module, names: Any) -> nn.Module:
    """A copy of `model` whose layers `names` are checkpointed, or the model itself where there are none.

    Raises ArgumentError where `names` are no names, one is inside another or twice; UnknownNameError for one that the model
    does not have.
    """
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ArgumentError(f"checkpoint={names!r} is not usable: give names of layers, e.g. ('blocks.0', 'blocks.1').")
    chosen = list(names)
    if not chosen:
        return model
    known = [name for name, _ in model.named_modules() if name]
    for name in chosen:
        if name not in known:
            raise unknown("layer of checkpoint", name, known)
    for i, name in enumerate(chosen):
        around = next((c for j, c in enumerate(chosen) if i != j and f"{name}.".startswith(f"{c}.")), None)
        if around is not None:
            raise ArgumentError(
                f"checkpoint names {name!r} inside {around!r}, which is recomputed already: leave one out."
            )
    model = copy.deepcopy(model)
    for name in chosen:
        layer = model.get_submodule(name)
        object.__setattr__(layer, "forward", _Recomputed(layer, model))
    return model
