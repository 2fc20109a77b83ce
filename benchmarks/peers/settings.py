"""The networks, the points of their training at which eigenvalues are wanted, and how each package sees them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rodflow_widgets.engine.problem import Problem
from rodflow_widgets.engine.problems.digits_data import PIXELS, digits
from rodflow_widgets.engine.problems.images import CLASSES
from rodflow_widgets.engine.problems.losses import LOSSES, Loss
from rodflow_widgets.engine.problems.networks import perceptron

GAIN = 0.7


@dataclass(frozen=True)
class Stretch:
    """Steps of a run, from `first` on, along which so many eigenvalues are tracked; if `calm` a tracker may know of the edge."""

    first: int
    calm: bool
    counts: tuple[int, ...]

    @property
    def place(self) -> str:
        return "away from the edge" if self.calm else "at the edge"


@dataclass(frozen=True)
class Setting:
    """An MLP on n digits, the step of gradient descent after which its eigenvalues are wanted, and where they are tracked."""

    widths: tuple[int, ...]
    activation: str
    loss: str
    steps: int
    stretches: tuple[Stretch, ...] = ()
    learning_rate: float = 0.2
    n: int = 1000

    @property
    def name(self) -> str:
        sizes = "-".join(map(str, (PIXELS, *self.widths, CLASSES)))
        return f"MLP {sizes}, {self.activation}, {self.loss.replace('_', '-')}, n = {self.n}"

    @property
    def edge(self) -> float:
        return 2 / self.learning_rate


SETTINGS = {
    "tanh": Setting((128, 128), "tanh", "mse", 400, (Stretch(400, False, (1, 5)), Stretch(20, True, (1,)))),
    "gelu": Setting((128, 128), "gelu", "cross_entropy", 400, (Stretch(400, True, (1,)),)),
    "large": Setting((512, 512), "tanh", "mse", 100),
}
TINY = Setting((8,), "tanh", "mse", 5, n=50)
"""On which every method runs once beforehand, so that what torch and the peers prepare at first use is nobody's cost."""


class Criterion(nn.Module):
    """A loss of this package as peers want it: a module that says how it reduces a batch."""

    reduction = "mean"

    def __init__(self, loss: Loss) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        return self.loss(output, target)


@dataclass(frozen=True)
class Bench:
    """A problem at one point w [p] as this package sees it, and as model, criterion and data."""

    problem: Problem
    w: Tensor
    model: nn.Module
    criterion: Criterion
    data: tuple[Tensor, Tensor]


def iterates(problem: Problem, setting: Setting, first: int, count: int) -> list[Tensor]:
    """`count` iterates of gradient descent from step `first` on."""
    w, kept = problem.w0, []
    for step in range(first + count):
        if step >= first:
            kept.append(w)
        w = w - setting.learning_rate * problem.value_and_grad(w)[1]
    return kept


def prepared(setting: Setting) -> Bench:
    """The problem after gradient descent, float64."""
    model = perceptron((PIXELS, *setting.widths, CLASSES), setting.activation, GAIN, seed=0)
    images, loss = digits(setting.n), LOSSES[setting.loss]
    data = torch.from_numpy(images.pixels), images.targets(setting.loss)
    problem = Problem(model, loss, *data)
    (w,) = iterates(problem, setting, setting.steps, 1)
    nn.utils.vector_to_parameters(w, model.parameters())
    return Bench(problem, w, model, Criterion(loss), data)
