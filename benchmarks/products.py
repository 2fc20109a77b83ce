"""What a Hessian-vector product costs in gradients: CPU time in this process, one thread.

python benchmarks/products.py

"floor" is the ratio of the floating-point operations of torch's matrix products and convolutions: without the layer that
reads the inputs it is 2, and no exact product in the same precision can be cheaper where these operations are all that
takes time. "alone" is one vector, "block" one vector of eight as the engine takes them (so many of them through the graph
together as the column "together" says), "at once" one of eight that go through the graph together. Below it, products in
float32 of a problem in float64: "graph" is what a point costs more for them, once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch
from torch.utils.flop_counter import FlopCounterMode

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem
from rodflow_widgets.engine.problems import digits_data
from rodflow_widgets.engine.problems.images import CLASSES
from rodflow_widgets.engine.problems.losses import half_mean_squared_error
from rodflow_widgets.engine.problems.networks import perceptron

VECTORS = 8
SECONDS = 6.0
SETTINGS: tuple[tuple[str, Callable[..., Problem], dict], ...] = (
    ("digits MLP 64-8-10, n = 100", rf.problems.digits_mlp, dict(widths=(8,), n=100)),
    ("digits MLP 64-32-32-10, n = 500", rf.problems.digits_mlp, dict()),
    ("the same in float32", rf.problems.digits_mlp, dict(dtype=torch.float32)),
    ("digits MLP 64-128-128-10, n = 1000", rf.problems.digits_mlp, dict(widths=(128, 128), n=1000)),
    (
        "the same, GELU and cross-entropy",
        rf.problems.digits_mlp,
        dict(widths=(128, 128), n=1000, activation="gelu", loss="cross_entropy"),
    ),
    ("digits MLP 64-512-512-10, n = 1000", rf.problems.digits_mlp, dict(widths=(512, 512), n=1000)),
    ("digits CNN, n = 300", rf.problems.digits_cnn, dict()),
    ("digits transformer, n = 300", rf.problems.digits_transformer, dict()),
)


def cpu_times(actions: Sequence[Callable[[], object]], seconds: float = SECONDS) -> list[float]:
    """The least CPU time of each action, taken in turns: what else the machine does only adds to it."""
    taken: list[list[float]] = [[] for _ in actions]
    for action in actions:
        action()
    begun = time.process_time()
    while len(taken[0]) < 3 or time.process_time() - begun < seconds:
        for action, times in zip(actions, taken, strict=True):
            before = time.process_time()
            action()
            times.append(time.process_time() - before)
    return [min(times) for times in taken]


def flops(action: Callable[[], object]) -> int:
    with FlopCounterMode(display=False) as counter:
        action()
    return counter.get_total_flops()


def row(problem: Problem) -> str:
    w, at_once = problem.w0, problem.products_at_once
    drawn = torch.randn(VECTORS, problem.dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    V = drawn.to(w.dtype)
    point = problem.at(w)
    problem.products_at_once = VECTORS
    wide = problem.at(w)
    problem.products_at_once = at_once
    gradient, *others = cpu_times(
        [
            lambda: problem.value_and_grad(w),
            lambda: problem.at(w),
            lambda: point.products(V[:1]),
            lambda: point.products(V),
            lambda: wide.products(V),
            lambda: point.thirds(V[:1]),
        ]
    )
    at, alone, block, together, third = (seconds / gradient for seconds in others)
    floor = flops(lambda: point.products(V[:1])) / flops(lambda: problem.value_and_grad(w))
    return (
        f"| {problem.dim:,} | {gradient * 1e3:.2f} | {at:.2f} | {alone:.2f} | {block / VECTORS:.2f} "
        f"| {min(at_once, VECTORS)} | {together / VECTORS:.2f} | {third:.2f} | {floor:.2f} |"
    )


def float32_row(widths: tuple[int, ...]) -> str:
    sizes = (digits_data.PIXELS, *widths, CLASSES)
    images, model = digits_data.digits(1000), perceptron(sizes, "tanh", 0.7, seed=0)
    pixels, targets = torch.from_numpy(images.pixels), images.targets("mse")
    problem = Problem(model, half_mean_squared_error, pixels, targets, dtype=torch.float64, product_dtype=torch.float32)
    w, generator = problem.w0, torch.Generator().manual_seed(0)
    V = torch.randn(VECTORS, problem.dim, generator=generator, dtype=torch.float64)
    point = problem.at(w)
    gradient, first, alone, block = cpu_times(
        [
            lambda: problem.value_and_grad(w),
            lambda: problem.at(w).products(V[:1]),
            lambda: point.products(V[:1]),
            lambda: point.products(V),
        ]
    )
    graph, error = (first - alone) / gradient - 1, problem.precision_errors(v=V[0]).product
    name = "-".join(map(str, sizes))
    return f"| {name} | {graph:.2f} | {alone / gradient:.2f} | {block / VECTORS / gradient:.2f} | {error:.1e} |"


def main() -> None:
    torch.set_num_threads(1)
    print("| problem | parameters | gradient, ms | point | alone | block | together | at once | third | floor |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, make, options in SETTINGS:
        print(f"| {name} {row(make(**options))}", flush=True)

    print("\n| products in float32 of a float64 MLP, tanh, n = 1000 | graph | alone | block | relative error |")
    print("|---|---|---|---|---|")
    for widths in ((32, 32), (128, 128), (512, 512)):
        print(float32_row(widths), flush=True)


if __name__ == "__main__":
    main()
