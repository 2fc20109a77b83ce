"""A live model on a fixed batch, in evaluation mode, as a loss of the vector of the parameters that move."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from ...errors import ArgumentError, ProblemError
from ..checks import FINITE_DIFFERENCE, check_hessian, check_objective
from ..model import _batch, _check_broadcast
from ..objective import Objective
from ..point import AutodiffPoint, DifferencePoint, Point
from ..problem import Problem, _loss_name
from ..turns import turn

TRIED = 2
"""So many examples are tried before training."""


class PlainAttention(TorchFunctionMode):
    """Attention in plain operations, which torch differentiates twice, for this thread alone."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is functional.scaled_dot_product_attention:
            return torch.ops.aten._scaled_dot_product_attention_math(*args, **kwargs)[0]
        if func is functional.multi_head_attention_forward and not kwargs.get("need_weights", True):
            return func(*args, **{**kwargs, "need_weights": True})[0], None
        return func(*args, **kwargs)


@dataclass(frozen=True)
class Batch:
    """The probe batch: `inputs` of the model (a tensor, or several in a tuple or a dict), and `targets` of the loss.

    n: examples; call: how the model is called with them.
    """

    inputs: Any
    targets: Any
    n: int

    @staticmethod
    def of(inputs: Any, targets: Any, device: torch.device, dtype: torch.dtype) -> Batch:
        """Checked and copied to the device; ProblemError or ArgumentError says what cannot be."""

        def made(name: str) -> Callable[[Any], Any]:
            return lambda value: _batch(name, value, device, dtype).clone()

        if inputs is None:
            raise ArgumentError("inputs=None: give the probe batch, e.g. 256 examples of the training data.")
        x = _each(inputs, made("inputs"))
        y = None if targets is None else _each(targets, made("targets"))
        n = _first(x)
        if isinstance(x, Tensor) and isinstance(y, Tensor) and len(x) != len(y):
            raise ProblemError(f"inputs hold {len(x)} examples and targets {len(y)}: give one target each.")
        return Batch(x, y, n)

    def head(self, count: int) -> Batch:
        """The first examples."""

        def cut(t: Tensor) -> Tensor:
            return t[:count] if t.ndim and len(t) == self.n else t

        return Batch(_each(self.inputs, cut), None if self.targets is None else _each(self.targets, cut), count)

    def call(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Positional and keyword arguments of the model."""
        if isinstance(self.inputs, Mapping):
            return (), dict(self.inputs)
        return (tuple(self.inputs) if isinstance(self.inputs, tuple | list) else (self.inputs,)), {}


class Probe(Problem):
    """The loss of a module on a fixed batch as a function of some of its parameters, w [p] in the order of `names`.

    Everything else of the module (frozen parameters, buffers) is as it is when the loss is asked for. It is asked for inside
    `still()`, which leaves the module, the random numbers and all gradients as they were. An L2 penalty belongs to it.

    Args:
        model: the module; its parameters may be of any floating dtype.
        loss: `loss(model(inputs), targets)` is a scalar.
        batch: of the device of the parameters.
        names: of the parameters that w is made of.
        penalties: λ of ½λ‖·‖² of each.
        hessian: "autodiff" or "finite-difference".
        like: a probe that was tried before, of the same model and batch; None tries two examples, and raises ProblemError.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Callable[[Any, Any], Tensor],
        batch: Batch,
        names: Sequence[str],
        penalties: Sequence[float],
        *,
        hessian: str = "autodiff",
        like: Probe | None = None,
    ) -> None:
        parameters = dict(model.named_parameters())
        self._parts = [(name, parameters[name].shape, parameters[name].dtype) for name in names]
        self._devices = [parameters[name].device for name in names]
        self._sizes = [parameters[name].numel() for name in names]
        self._penalties = tuple(penalties)
        self._module, self._loss, self._batch, self._turn = model, loss, batch, turn(model)
        self.names = tuple(names)
        first = parameters[names[0]]
        dtype = torch.float64 if first.dtype == torch.float64 else torch.float32
        self.parameters = {name: shape for name, shape, _ in self._parts}
        self.name = f"{type(model).__name__}, {sum(self._sizes):,} parameters"
        self.loss_name = _loss_name(loss)
        self.coordinates = ()
        self.hessian = check_hessian(hessian, dtype)
        self._w0 = torch.zeros(1, dtype=dtype, device=first.device).expand(sum(self._sizes))
        self._buffers: dict[str, Tensor] = {}
        self._objective = self._second = self._fast = Objective((self._piece(batch),), dtype)
        self.products_at_once = self._try(min(TRIED, batch.n)) if like is None else like.products_at_once

    @property
    def w0(self) -> Tensor:
        """The parameters as they are now [p]; a copy."""
        parameters = dict(self._module.named_parameters())
        return self.flat([parameters[name] for name in self.names])

    def flat(self, values: Sequence[Tensor]) -> Tensor:
        """One tensor a name as one vector [p] of the probe's dtype and device."""
        return torch.cat([value.detach().reshape(-1).to(self.device, self.dtype) for value in values])

    def at(self, w: Tensor) -> Point:
        if self.hessian == FINITE_DIFFERENCE:
            return DifferencePoint(self._fast, w)
        return AutodiffPoint(self._objective, self._second, w, self.products_at_once)

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        """Hold the module in evaluation mode; afterwards it is as it was, flag by flag, with the same random numbers to come."""
        training = [module for module in self._module.modules() if module.training]
        state = _random_state(self.device)
        with self._turn:
            try:
                for module in training:
                    module.training = False
                self._buffers = {name: b.detach().clone() for name, b in self._module.named_buffers()}
                with torch.inference_mode(False), torch.autocast(self.device.type, enabled=False):
                    yield
            finally:
                self._buffers = {}
                for module in training:
                    module.training = True
                _restore(state, self.device)

    def _piece(self, batch: Batch) -> Callable[[Tensor], Any]:
        positional, keywords = batch.call()

        def loss(w: Tensor) -> Any:
            pieces = w.split(self._sizes)
            tensors = {
                name: piece.view(shape).to(device, dtype)
                for piece, (name, shape, dtype), device in zip(pieces, self._parts, self._devices, strict=True)
            }
            with PlainAttention():
                output = functional_call(self._module, {**self._buffers, **tensors}, positional, keywords)
            if isinstance(output, Tensor) and output.dtype.is_floating_point:
                output = output.to(w.dtype)
            found: Any = self._loss(output, batch.targets)
            if not isinstance(found, Tensor):
                return found
            found = found.to(w.device, w.dtype) if found.dtype.is_floating_point else found
            for piece, penalty in zip(pieces, self._penalties, strict=True):
                if penalty:
                    found = found + penalty / 2 * (piece * piece).sum()
            return found

        return loss

    def _try(self, count: int) -> int:
        """Everything that a look does, on a few examples; returns how many products of the whole batch go together."""
        few = self._batch.head(count)
        with self.still():
            self._check_fit(few)
            w = self.w0
            together = check_objective(Objective((self._piece(few),), self.dtype), w, self.hessian)
        return max(1, together * count // self._batch.n)

    def _check_fit(self, few: Batch) -> None:
        positional, keywords = few.call()
        try:
            with torch.no_grad():
                output = functional_call(self._module, self._buffers, positional, keywords)
        except Exception as error:
            shape = list(few.inputs.shape) if isinstance(few.inputs, Tensor) else type(few.inputs).__name__
            raise ProblemError(
                f"the model failed on inputs {shape}: {_first_line(error)}. Give inputs as its forward takes them."
            ) from error
        if isinstance(output, Tensor) and isinstance(few.targets, Tensor) and few.targets.dtype.is_floating_point:
            _check_broadcast(output, few.targets)
        try:
            with torch.no_grad():
                if isinstance(output, Tensor) and output.dtype.is_floating_point:
                    output = output.to(self.dtype)
                self._loss(output, few.targets)
        except Exception as error:
            shape = list(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise ProblemError(
                f"the model's output {shape} does not fit the loss with these targets: {_first_line(error)}. "
                "Give targets, or a loss, that fit the output."
            ) from error


def _each(value: Any, act: Callable[[Any], Any]) -> Any:
    """`act` on a tensor or array, or on everything in a tuple, list of tensors or mapping."""
    if isinstance(value, Mapping):
        return {str(key): _each(item, act) for key, item in value.items() if item is not None}
    if isinstance(value, tuple) or (isinstance(value, list) and value and isinstance(value[0], Tensor)):
        return tuple(_each(item, act) for item in value)
    return act(value)


def _first(value: Any) -> int:
    """Length of the first tensor in it."""
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, tuple):
        if not value:
            raise ProblemError("inputs are empty: give at least one tensor.")
        return _first(value[0])
    return len(value)


def _random_state(device: torch.device) -> list[Tensor]:
    states = [torch.get_rng_state()]
    if device.type != "cpu" and hasattr(torch, device.type):
        states.append(getattr(torch, device.type).get_rng_state(device))
    return states


def _restore(states: list[Tensor], device: torch.device) -> None:
    torch.set_rng_state(states[0])
    if len(states) > 1:
        getattr(torch, device.type).set_rng_state(states[1], device)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
