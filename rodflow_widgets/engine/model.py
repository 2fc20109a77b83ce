"""From a module, a loss and a batch to a function of one flat vector, with every mistake named."""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ..errors import ArgumentError, ProblemError
from .checks import _first_line, check_compute_dtype, check_dtype
from .compiled import Compiled, evaluator, working
from .digest import digest
from .objective import Objective, Piece
from .parallel import Group, own_device, share
from .recompute import with_checkpoints
from .splitting import find_reduction
from .turns import turn


class Network:
    """A module, a loss and a batch as functions of one flat parameter vector w [p]; a part of the batch is a function too.

    w0: the vector of the model's own trainable parameters; shapes: their names and shapes in the order of w; n: examples.

    Args:
        dtype: of w, of the targets and of the loss; None keeps that of the parameters.
        compute_dtype: in which the model computes unless told otherwise; None is `dtype`.
        checkpoint: names of layers whose activations are computed once more instead of being kept.
        group: the processes that share the batch; each has its part of it on its device, and the whole on the host.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Callable[[Tensor, Tensor], Tensor],
        inputs: Any,
        targets: Any,
        *,
        device: str | torch.device,
        dtype: torch.dtype | None,
        compute_dtype: torch.dtype | None,
        checkpoint: Any,
        group: Group | None = None,
    ) -> None:
        if not isinstance(model, nn.Module):
            raise ArgumentError(f"model={model!r} is not a torch.nn.Module: for a function, use Problem.from_function.")
        if not callable(loss):
            raise ArgumentError(f"loss={loss!r} is not callable: give loss(output, targets), e.g. nn.MSELoss().")
        trainable = _trainable(model)
        first = next(iter(trainable.values()))
        where = first.device if device == "auto" else _device(device)
        where = where if group is None else own_device(where)
        self.dtype = check_dtype("dtype" if dtype else f"parameter {next(iter(trainable))!r}", dtype or first.dtype)
        self.compute_dtype = check_compute_dtype("compute_dtype", compute_dtype, self.dtype)
        inside = _held_as(self.compute_dtype)
        host = where if group is None else torch.device("cpu")
        self._x = _batch("inputs", inputs, host, inside)
        self._y = _batch("targets", targets, host, self.dtype)
        if self._x.shape[0] != self._y.shape[0]:
            raise ProblemError(
                f"inputs hold {self._x.shape[0]} examples and targets {self._y.shape[0]}: give one target each."
            )
        self.n = len(self._x)
        self._own = (0, self.n) if group is None else share(self.n, group.rank, group.size)
        self._where, self._group = where, group
        self._held = tuple(t[slice(*self._own)].to(where) for t in (self._x, self._y))
        self.shapes = {name: p.shape for name, p in trainable.items()}
        self._sizes = [p.numel() for p in trainable.values()]
        self.w0 = torch.cat([p.detach().reshape(-1) for p in trainable.values()]).to(where, self.dtype)
        self._fixed = {
            name: t.detach().clone().to(where, inside if t.dtype.is_floating_point else t.dtype)
            for name, t in (*model.named_parameters(), *model.named_buffers())
            if name not in trainable
        }
        self._model, self._loss = with_checkpoints(model, checkpoint), loss
        self._turn = turn(self._model)
        if group is not None:
            self._agree(group)

    def _agree(self, group: Group) -> None:
        """Begin where the first process begins; ProblemError unless all have the same batch and the same layers."""
        known = {
            "parameters": [[name, list(shape)] for name, shape in self.shapes.items()],
            "layers": self.layers(),
            "inputs": digest(self._x),
            "targets": digest(self._y),
            "buffers": {name: digest(t) for name, t in self._fixed.items() if not t.dtype.is_floating_point},
        }
        first, *others = group.gather(known)
        for rank, other in enumerate(others, 1):
            for name, value in first.items():
                if other[name] != value:
                    raise ProblemError(
                        f"{name} of process {rank} are not those of process 0: every process makes the whole problem, and "
                        "keeps its part. Let all make the same: seed what the script draws or shuffles."
                    )
        names = [name for name, t in self._fixed.items() if t.dtype.is_floating_point]
        self.w0, *held = group.first([self.w0, *(self._fixed[name] for name in names)])
        self._fixed |= zip(names, held, strict=True)

    @property
    def held(self) -> int:
        """Examples of the process that holds most."""
        return self.n if self._group is None else -(-self.n // self._group.size)

    def tensors(self) -> dict[str, Tensor]:
        """What beside w the loss is made of, by name: the batch, frozen parameters and buffers."""
        return {"inputs": self._x, "targets": self._y, **self._fixed}

    def layers(self) -> list[list[str]]:
        """The modules as [name, class, sizes and options], in their order."""
        parts = ([name, type(m).__name__, m.extra_repr()] for name, m in self._model.named_modules())
        return [[re.sub(r" at 0x[0-9a-f]+", "", part) for part in layer] for layer in parts]

    def part(self, w: Tensor, start: int, stop: int, compute_dtype: torch.dtype) -> Tensor:
        """The loss of the examples from `start` up to `stop`, in the dtype of w; the model computes in `compute_dtype`."""
        return self._evaluate(w, *self._examples(start, stop), compute_dtype)

    def _examples(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        """Inputs and targets; those of other processes are brought to the device for this alone."""
        first, last = self._own
        if first <= start and stop <= last:
            x, y = (t[start - first : stop - first] for t in self._held)
        else:
            x, y = (t[start:stop].to(self._where) for t in (self._x, self._y))
        return x, y

    def _evaluate(self, w: Tensor, x: Tensor, y: Tensor, compute_dtype: torch.dtype) -> Tensor:
        return self._loss(_as(self._output(w, x, compute_dtype), w.dtype), y)

    def find_reduction(self, batch_size: int, reduction: str | None) -> str:
        """How the losses of micro-batches make the whole; ProblemError where they do not."""
        inside = _held_as(self.compute_dtype)

        def part(start: int, stop: int) -> Tensor:
            with torch.no_grad():
                return self.part(self.w0, start, stop, inside)

        beyond = 0 if self._group is None else max(1, batch_size // 2)  # the boundary to the next process is tried too
        examples = max(0, self._own[0] - beyond), min(self.n, self._own[1] + beyond)
        return find_reduction(part, examples, batch_size, reduction, inside, self._group)

    def objective(self, batch_size: int | None, reduction: str, compute_dtype: torch.dtype) -> Objective:
        """The whole loss in pieces of `batch_size` examples, whose losses make a mean or a sum."""
        pieces = self._pieces(self._evaluate, batch_size, reduction, compute_dtype)
        return Objective(pieces, compute_dtype, self._group, self._most(batch_size))

    def _most(self, batch_size: int | None) -> int:
        """Pieces of the process that has most."""
        return -(-self.held // (batch_size or self.held))

    def compiled(self, batch_size: int | None, reduction: str, mode: str) -> Objective:
        """The same by torch.compile in one of its modes, as far as that works."""

        def make() -> Compiled:
            evaluate = evaluator(self._evaluate, mode)
            pieces = self._pieces(evaluate, batch_size, reduction, self.compute_dtype)
            return Compiled(pieces, self.compute_dtype, self._group, self._most(batch_size))

        return working(make, self.objective(batch_size, reduction, self.compute_dtype), self.w0, mode)

    def _pieces(
        self, evaluate: Callable[..., Tensor], batch_size: int | None, reduction: str, compute_dtype: torch.dtype
    ) -> tuple[Piece, ...]:
        edges = [*range(*self._own, batch_size or self.n), self._own[1]]

        def piece(start: int, stop: int) -> Piece:
            x, y = self._examples(start, stop)
            part = (stop - start) / self.n if reduction == "mean" else 1.0

            def loss(w: Tensor) -> Tensor:
                with self._turn:
                    found = evaluate(w, x, y, compute_dtype)
                return found if part == 1.0 else part * found

            return loss

        return tuple(piece(i, j) for i, j in itertools.pairwise(edges))

    def check_fit(self, count: int) -> None:
        """Raise ProblemError where the model fails on the first `count` inputs, or its output does not fit the loss."""
        x, y = self._examples(self._own[0], min(self._own[0] + count, self._own[1]))
        try:
            with torch.no_grad():
                output = self._output(self.w0, x, self.compute_dtype)
        except Exception as error:
            raise ProblemError(
                f"the model failed on inputs of shape {list(x.shape)}, {x.dtype}: {_first_line(error)}. "
                "Give inputs that fit its first layer."
            ) from error
        if isinstance(output, Tensor) and y.dtype.is_floating_point:
            _check_broadcast(output, y)
        shape = list(output.shape) if isinstance(output, Tensor) else type(output).__name__
        try:
            with torch.no_grad(), warnings.catch_warnings():
                warnings.filterwarnings("error", message=".*target size.*")
                self._loss(_as(output, self.dtype), y)
        except Exception as error:
            raise ProblemError(
                f"the model's output {shape} does not fit the loss with targets {list(y.shape)}, {y.dtype}: "
                f"{_first_line(error)}. Give targets, or a loss, that fit the output."
            ) from error

    def _output(self, w: Tensor, x: Tensor, compute_dtype: torch.dtype) -> Any:
        inside = _held_as(compute_dtype)
        parts = zip(self.shapes.items(), w.to(inside).split(self._sizes), strict=True)
        tensors = {name: part.view(shape) for (name, shape), part in parts}
        fixed = {name: _as(t, inside) for name, t in self._fixed.items()}
        with torch.autocast(w.device.type, torch.bfloat16, enabled=inside != compute_dtype, cache_enabled=False):
            return functional_call(self._model, {**fixed, **tensors}, (_as(x, inside),))


def _held_as(compute_dtype: torch.dtype) -> torch.dtype:
    """Of parameters and inputs inside the model: bfloat16 is torch.autocast, which starts from float32."""
    return torch.float32 if compute_dtype == torch.bfloat16 else compute_dtype


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


def _as(output: Any, dtype: torch.dtype) -> Any:
    """Floating outputs in `dtype`: of a tensor alone, since a loss may take what a model returns as it is."""
    return output.to(dtype) if isinstance(output, Tensor) and output.dtype.is_floating_point else output


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
