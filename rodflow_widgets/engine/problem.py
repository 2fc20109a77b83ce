"""A full-batch loss as a function of one flat parameter vector: value, gradient, Hessian-vector products."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ArgumentError, ProblemError, named_keywords
from ..vocabulary import Whole
from .checks import FINITE_DIFFERENCE, check_compute_dtype, check_hessian, check_objective, check_vector
from .compiled import check_mode
from .model import Network
from .objective import Objective
from .parallel import Group, joined
from .point import AutodiffPoint, DifferencePoint, Graph, Point, difference_point
from .runs import Spent, Who, plus
from .splitting import Reason, check_independent, check_reduction

COORDINATES: dict[int, tuple[str, ...]] = {1: ("w",), 2: ("x", "y")}
"""Names of the parameters where there are so few that a picture shows them all."""


class Problem:
    """The full-batch loss of a network as a function of its flat parameter vector.

    Args:
        model: a network; its trainable parameters, in the order of `model.parameters()`, are the vector w [p].
            The model itself is never changed.
        loss: `loss(model(inputs), targets)` is a scalar.
        inputs, targets: the whole batch, first dimension n.
        device: where to compute; "auto" is where the model's parameters are.
        dtype: floating dtype of parameters, inputs and floating targets; None keeps that of the parameters.
        name: shown in pictures; None takes the class of the model and its size.
        batch_size: how many examples are in memory at once: loss, gradient and Hessian-vector products are summed over
            micro-batches and equal those of the whole batch to rounding. The graph of a point cannot be kept then: every
            block of products costs one gradient more. None takes the whole batch together.
        reduction: "mean" or "sum", how the loss of the batch is made of those of its parts; None finds out. It is tried on
            all data before anything runs.
        compute_dtype: floating dtype inside the model; its output, the loss, gradients and products are converted to
            `dtype`, in which micro-batches are summed. torch.bfloat16 is torch.autocast above float32. None is `dtype`.
            `precision_errors` says what it costs.
        product_dtype: the same for Hessian-vector products and third derivatives alone: torch.float32 makes the products of
            a float64 problem cheaper than its gradients, with seven digits, and costs one gradient more a point. None is
            `compute_dtype`.
        checkpoint: names of layers, as in `model.named_modules()`, whose activations are computed again in the backward
            pass instead of being kept. It bounds the memory of losses and gradients, and so of finite differences; the
            graph that automatic differentiation needs for products holds the activations all the same (measured 11 % more
            memory than without): there, choose a smaller batch_size.
        hessian: "autodiff", or "finite-difference" of gradients where an operation has no second derivative;
            `hvp_error` estimates how far its products are off.
        compile: a mode of torch.compile for losses and gradients: "default", or "reduce-overhead" or "max-autotune", which
            use CUDA graphs where there is CUDA. Where it fails a RuntimeWarning says why and the problem runs without.
            Products stay as they are: torch compiles no second derivative. None does not compile.
        parallel: "auto" shares the examples between the processes of a torchrun job, so that the same script gives the same
            numbers on all of them; "off" lets every process compute everything.

    Raises:
        ProblemError: the output does not fit the loss, the loss is no scalar, is not finite, is random (dropout) or
            not twice differentiable, a parameter is not finite or not floating, the batch is empty, or batch_size or
            processes cannot split it (batch normalisation in training mode, class weights).
        ArgumentError, UnknownNameError: an argument has a value that cannot work.
        ParallelError: the other processes of a torchrun job did not come, or have left.
    """

    cites: tuple[str, ...] = ()
    recipe: Mapping[str, Any] | None = None
    _in_double: Callable[[], Problem] | None = None
    network: Network | None = None
    batch_size: int | None = None
    reduction: str | None = None
    group: Group | None = None

    @named_keywords("Problem")
    def __init__(
        self,
        model: nn.Module,
        loss: Callable[[Tensor, Tensor], Tensor],
        inputs: Any,
        targets: Any,
        *,
        device: str | torch.device = "auto",
        dtype: torch.dtype | None = None,
        name: str | None = None,
        batch_size: int | None = None,
        reduction: str | None = None,
        compute_dtype: torch.dtype | None = None,
        product_dtype: torch.dtype | None = None,
        checkpoint: Sequence[str] = (),
        hessian: str = "autodiff",
        compile: str | None = None,
        parallel: str = "auto",
    ) -> None:
        check_mode(compile)
        batch_size = Whole("batch_size", "batch size", None, 1).check(batch_size)
        check_reduction(reduction)
        if parallel == "parts":
            raise ArgumentError(
                "parallel='parts' belongs to Problem.from_function: of a model the examples are shared."
            )
        group = joined(parallel)
        network = Network(
            model,
            loss,
            inputs,
            targets,
            device=device,
            dtype=dtype,
            compute_dtype=compute_dtype,
            checkpoint=checkpoint,
            group=group,
        )
        split = batch_size is not None and batch_size < network.n
        if split or group is not None:
            check_independent(model, Reason.of(group))
        network.check_fit(batch_size or network.n)
        size = f"{network.w0.numel():,} parameters"
        own = network.compute_dtype
        other = own if product_dtype is None else check_compute_dtype("product_dtype", product_dtype, network.dtype)
        if hessian == FINITE_DIFFERENCE and product_dtype is not None:
            raise ArgumentError(
                f"product_dtype={product_dtype} belongs to hessian='autodiff': differences are taken of the gradients, in "
                "compute_dtype."
            )

        def objectives(reduction: str) -> tuple[Objective, Objective]:
            first = network.objective(batch_size, reduction, own)
            return first, first if other == own else network.objective(batch_size, reduction, other)

        self._set_up(
            objectives(reduction or "mean"),
            network.w0,
            name or f"{type(model).__name__}, {size}",
            _loss_name(loss),
            network.shapes,
            hessian,
        )
        if split or group is not None:
            reduction = network.find_reduction(batch_size or network.held, reduction)
            self._objective, self._second = objectives(reduction)
        if split:
            self.batch_size, self.reduction = batch_size, reduction
        self.network, self.group = network, group
        self._fast = self._objective
        if compile is not None:
            self._fast = network.compiled(batch_size, reduction or "mean", compile)
        self._in_double = lambda: Problem(
            model,
            loss,
            inputs,
            targets,
            device="cpu" if self.device.type == "mps" else self.device,
            dtype=torch.float64,
            batch_size=batch_size,
            reduction=reduction,
            hessian=hessian,
            parallel=parallel,
        )

    @classmethod
    @named_keywords("Problem.from_function")
    def from_function(
        cls,
        f: Callable[[Tensor], Tensor],
        w0: Any,
        name: str | None = None,
        loss_name: str = "loss",
        hessian: str = "autodiff",
        coordinates: Sequence[str] | None = None,
        parallel: str = "auto",
    ) -> Problem:
        """A problem from a function of the flat parameter vector w [p] and its starting point w0 [p].

        Args:
            coordinates: names of the parameters where there are one or two; None is w, or x and y.
            parallel: under torchrun, "parts" takes f for the part of this process, and the loss for the sum of all parts; "off"
                lets every process compute all of f. "auto" is refused there, since a function has no examples to share.

        Raises ProblemError as the constructor does; lists and numpy arrays are taken as float64.
        """
        if not callable(f):
            raise ArgumentError(f"f={f!r} is not callable: give a function of a tensor w [p] that returns a scalar.")
        problem = cls.__new__(cls)
        start = check_vector("w0", w0)
        group = joined(parallel)
        if group is not None and parallel == "auto":
            raise ArgumentError(
                f"parallel='auto' cannot share a function between {group.size} processes, it has no examples: run it in one "
                "process, or give parallel='off' (all compute all of it) or 'parts' (f is a part, the loss their sum)."
            )
        title = name or str(getattr(f, "__name__", "function"))
        objective = Objective((f,), start.dtype, group)
        problem.group = group
        problem._set_up((objective, objective), start, title, loss_name, None, hessian)
        if coordinates is not None:
            problem.coordinates = _checked_names(coordinates, problem.coordinates)
        return problem

    def _set_up(
        self,
        objectives: tuple[Objective, Objective],
        w0: Tensor,
        name: str,
        loss_name: str,
        parameters: dict[str, torch.Size] | None,
        hessian: str,
    ) -> None:
        self.name = name
        self.loss_name = loss_name
        self.parameters = parameters
        self.hessian = check_hessian(hessian, objectives[0].compute_dtype)
        self._objective, self._second = objectives
        self._fast = self._objective
        self._w0 = w0.detach().clone()
        self.coordinates = COORDINATES.get(self.dim, ())
        for objective in dict.fromkeys(objectives):
            self.products_at_once = check_objective(objective, self._w0, self.hessian)

    @property
    def w0(self) -> Tensor:
        """The starting point [p]; a copy."""
        return self._w0.clone()

    @property
    def dim(self) -> int:
        """Number of parameters p."""
        return self._w0.shape[-1]

    @property
    def device(self) -> torch.device:
        return self._w0.device

    @property
    def dtype(self) -> torch.dtype:
        return self._w0.dtype

    @property
    def compute_dtype(self) -> torch.dtype:
        """In which losses and gradients are computed."""
        return self._objective.compute_dtype

    @property
    def product_dtype(self) -> torch.dtype:
        """In which Hessian-vector products are computed."""
        return self._second.compute_dtype

    def __repr__(self) -> str:
        return f"Problem({self.name!r}, dim={self.dim}, {self.device}, {str(self.dtype).removeprefix('torch.')})"

    @property
    def point_class(self) -> type[Point]:
        """How derivatives are taken, with their costs."""
        return DifferencePoint if self.hessian == FINITE_DIFFERENCE else AutodiffPoint

    @property
    def nothing_spent(self) -> Spent:
        """A count of what has not been spent yet."""
        return 0

    @property
    def splits(self) -> bool:
        """Whether the loss is summed over micro-batches."""
        return self._objective.splits

    @property
    def processes(self) -> int:
        """How many processes share the loss."""
        return 1 if self.group is None else self.group.size

    @property
    def leads(self) -> bool:
        """Whether this process is the one that shows and writes what all of them compute."""
        return self.group is None or self.group.rank == 0

    @property
    def is_compiled(self) -> bool:
        return self._fast is not self._objective

    def starting_at(self, w0: Any) -> Problem:
        """The same loss from another starting point [p]; ArgumentError or ProblemError where it does not fit."""
        start = check_vector("w0", w0).to(self.device, self.dtype)
        if start.numel() != self.dim:
            raise ArgumentError(f"w0 has {start.numel()} entries: give one for each of the {self.dim} parameters.")
        other = copy.copy(self)
        other._w0 = start.detach().clone()
        if not bool(torch.isfinite(other.loss(start))):
            raise ProblemError("the loss at w0 is not finite: start elsewhere.")
        return other

    def same_loss(self, other: Problem) -> bool:
        """Whether the other differs at most in its starting point (made by `starting_at`)."""
        return self._objective is other._objective and self._second is other._second and self.name == other.name

    def function(self, w: Tensor) -> Tensor:
        """The loss at w [p] as torch differentiates it, all of the batch in one graph."""
        return self._objective(w)

    def loss(self, w: Tensor) -> Tensor:
        """The loss at w [p], a scalar tensor without graph."""
        return self._fast.loss(w)

    def value_and_grad(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """The loss (scalar) and its gradient [p] at w [p], one forward and one backward pass."""
        return self._fast.value_and_grad(w)

    def at(self, w: Tensor) -> Point:
        """The point w [p], for any number of Hessian-vector products; its graph is kept where the loss is one piece."""
        if self.hessian == FINITE_DIFFERENCE:
            return DifferencePoint(self._fast, w)
        return AutodiffPoint(self._objective, self._second, w, self.products_at_once)

    def hvp(self, w: Tensor, v: Tensor) -> Tensor:
        """The Hessian at w [p] times v: [p] -> [p], or a block [p, k] -> [p, k] on one graph."""
        rows = self._rows(v)
        if self.hessian == FINITE_DIFFERENCE:
            out = self.at(w).products(rows)
        else:
            (out,) = self._second.total(lambda piece: Graph(piece, w, self.products_at_once).products(rows), w, rows)
        return out[0] if v.ndim == 1 else out.T

    def hvp_error(self, w: Tensor, v: Tensor) -> Tensor:
        """Estimates of |H v − hvp(w, v)|: [p] -> scalar, [p, k] -> [k]; four gradients a vector.

        It is how much a product changes when the step of the differences is twice as long. Raises ArgumentError unless the
        problem has hessian="finite-difference".
        """
        out = difference_point(self.at(w)).errors(self._rows(v))
        return out[0] if v.ndim == 1 else out

    def _rows(self, v: Tensor) -> Tensor:
        if v.ndim not in (1, 2) or v.shape[0] != self.dim:
            raise ArgumentError(f"v has shape {list(v.shape)}: give [{self.dim}] or [{self.dim}, k] for this problem.")
        return (v.unsqueeze(0) if v.ndim == 1 else v.T).contiguous()

    def precision_errors(self, w: Tensor | None = None, v: Tensor | None = None) -> PrecisionErrors:
        """What the arithmetic of this problem costs: relative errors against the same problem in float64 throughout.

        Args:
            w: where [p]; None is the start.
            v: the vector of the Hessian-vector product [p]; None is the gradient.

        Raises ArgumentError for a problem from a function: its arithmetic is the function's own.
        """
        if self._in_double is None:
            raise ArgumentError(
                "precision_errors needs a model: a problem from a function computes as the function does."
            )
        w = self._w0 if w is None else w
        here, double = self.at(w), self._in_double()
        there = double.at(w.to(double.device, torch.float64))
        direction = here.grad if v is None else v
        ours = (here.loss, here.grad, here.products(direction[None])[0])
        exact = (there.loss, there.grad, there.products(direction[None].to(double.device, torch.float64))[0])
        return PrecisionErrors(*(_relative(a, b) for a, b in zip(ours, exact, strict=True)))


@dataclass(frozen=True)
class PrecisionErrors:
    """|computed − in float64| / |in float64| of the loss, the gradient and a Hessian-vector product."""

    loss: float
    gradient: float
    product: float


def _relative(computed: Tensor, exact: Tensor) -> float:
    distance = torch.linalg.vector_norm(computed.to(exact.device, exact.dtype) - exact)
    return float(distance / torch.linalg.vector_norm(exact).clamp_min(torch.finfo(exact.dtype).tiny))


def check_problem(value: Any) -> Problem:
    """`value` if it is a Problem, or ArgumentError."""
    if not isinstance(value, Problem):
        raise ArgumentError(f"problem={value!r} is no Problem: give rf.Problem(...) or one of rf.problems.")
    return value


class Meter:
    """A problem whose gradients, Hessian-vector products and third derivatives are counted: what a process spent.

    Of several runs together every count is an array [runs], and `who` says which of them the call is for.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.gradients = problem.nothing_spent
        self.products = problem.nothing_spent
        self.third_derivatives = problem.nothing_spent

    @property
    def cost(self) -> Spent:
        """Gradient-equivalents, at the costs of the problem's `point_class` for products and third derivatives."""
        costs = self.problem.point_class
        return self.gradients + costs.product_cost * self.products + costs.third_cost * self.third_derivatives

    def value_and_grad(self, w: Tensor, who: Who = ...) -> tuple[Tensor, Tensor]:
        self.gradients = plus(self.gradients, who, 1)
        return self.problem.value_and_grad(w)

    def at(self, w: Tensor, who: Who = ...) -> Point:
        self.gradients = plus(self.gradients, who, 1)
        return self.problem.at(w)

    def apply(self, point: Point, vectors: Tensor, who: Who = ...) -> Tensor:
        """H v at `point` for every row of `vectors` [k, p], or [runs, k, p] where several runs are computed together."""
        self.products = plus(self.products, who, vectors.shape[-2])
        self.gradients = plus(self.gradients, who, point.rebuilds)
        return point.products(vectors)

    def thirds(self, point: Point, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """H v [k, p] and ∇(v_iᵀ H v_j) [k (k + 1) / 2, p], i ≤ j, at `point` for the rows of `vectors` [k, p]."""
        self.third_derivatives += len(vectors) * (len(vectors) + 1) // 2
        self.gradients += point.rebuilds
        return point.thirds(vectors)


def _checked_names(names: Any, default: tuple[str, ...]) -> tuple[str, ...]:
    listed = () if isinstance(names, str) or not isinstance(names, Sequence) else tuple(names)
    if not default or len(listed) != len(default) or not all(isinstance(name, str) and name for name in listed):
        wanted = f"{len(default)} of them, e.g. {default}" if default else "none to more than two parameters"
        raise ArgumentError(f"coordinates={names!r} is not usable: give names, {wanted}.")
    return listed


def _loss_name(loss: Any) -> str:
    name = getattr(loss, "label", None) or getattr(loss, "__name__", None) or type(loss).__name__
    return "loss" if name == "<lambda>" else str(name).replace("_", " ")
