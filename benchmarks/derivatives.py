"""Second and third derivatives of torch's operations against finite differences, and whether their products are batched.

python benchmarks/derivatives.py                           # prints the table
python benchmarks/derivatives.py docs/derivatives.md       # writes it there
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from rodflow_widgets.engine.problems.networks.lstm import Recurrence
from rodflow_widgets.engine.problems.networks.normalisation import GroupNorm, LayerNorm

STEP = 1e-4
RIGHT = 1e-6
HEAD = """# Which operations of torch are right in their second and third derivative

`python benchmarks/derivatives.py docs/derivatives.md` measures and writes this page: torch {version}, CPU, float64. Sharpness
needs second derivatives, central flow third ones, and blocks of Hessian-vector products run batched where torch can.

Each operation is a function f of its inputs and parameters together, L = ⟨c, f⟩ + ½‖f‖² with random c. Errors are relative,
of Hv and of ∇(uᵀHv) for random u and v, against a fourth-order central difference (step {step:g}) of gradients and of
Hessian-vector products. What is right is around 1e-11. **Wrong** is said of what torch computes without a complaint; what it
refuses is named in its words. The last column compares two products in one batched pass with the two one by one.

The networks of this package use only what is right in all three; `rodflow_widgets/engine/problems/networks`
has its own LayerNorm, GroupNorm, attention and LSTM in plain operations. In a network of your own, replace
`nn.LayerNorm`, `nn.BatchNorm` in training and `nn.InstanceNorm` before you ask for central flow, and call
`scaled_dot_product_attention` under `sdpa_kernel(SDPBackend.MATH)`, `nn.MultiheadAttention` with `need_weights=True`.

On CUDA, which was not measured, cuDNN's LSTM and GRU are documented by torch to have no second derivative; on the CPU nn.LSTM
runs as the plain operations that it is made of.

| operation | second derivative | third derivative | batched products |
|---|---|---|---|
"""


def float64(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


class Operation:
    """L(w) = ⟨c, f(w)⟩ + ½‖f(w)‖² of an operation f on tensors of the given shapes, which are the parts of w [p]."""

    def __init__(self, shapes: list[tuple[int, ...]], f: Callable[..., Tensor], scale: float = 0.5) -> None:
        self.generator = torch.Generator().manual_seed(0)
        self.shapes, self.f = [torch.Size(shape) for shape in shapes], f
        self.w = scale * float64(self.generator, sum(shape.numel() for shape in self.shapes))
        self.c = float64(self.generator, *self.output(self.w).shape)

    def output(self, w: Tensor) -> Tensor:
        parts = w.split([shape.numel() for shape in self.shapes])
        return self.f(*(part.view(shape) for part, shape in zip(parts, self.shapes, strict=True)))

    def gradient(self, w: Tensor) -> tuple[Tensor, Tensor]:
        leaf = w.detach().requires_grad_()
        y = self.output(leaf)
        (gradient,) = torch.autograd.grad((self.c * y).sum() + (y * y).sum() / 2, leaf, create_graph=True)
        return leaf, gradient

    def product(self, w: Tensor, v: Tensor) -> Tensor:
        leaf, gradient = self.gradient(w)
        return torch.autograd.grad(gradient, leaf, v)[0]

    def row(self) -> list[str]:
        """Second, third and batched, in words; what follows a failure is left out."""
        u, v = (x / x.norm() for x in (float64(self.generator, self.w.numel()) for _ in range(2)))

        def second() -> str:
            slope = difference(lambda w: self.gradient(w)[1].detach(), self.w, v)
            return judged(self.product(self.w, v), slope)

        def third() -> str:
            leaf, gradient = self.gradient(self.w)
            (image,) = torch.autograd.grad(gradient, leaf, u, create_graph=True)
            slope = difference(lambda w: self.product(w, u), self.w, v)
            return judged(torch.autograd.grad(image, leaf, v)[0], slope)

        def batched() -> str:
            leaf, gradient = self.gradient(self.w)
            one = torch.stack([self.product(self.w, x) for x in (u, v)])
            block = torch.stack([u, v])
            return judged(torch.autograd.grad(gradient, leaf, block, is_grads_batched=True)[0], one)

        words = [said(second)]
        return [*words, said(third), said(batched)] if words[0][0].isdigit() else [*words, "–", "–"]


def difference(f: Callable[[Tensor], Tensor], w: Tensor, v: Tensor) -> Tensor:
    """The derivative of f along v at w, to fourth order."""
    near, far = (f(w + k * STEP * v) - f(w - k * STEP * v) for k in (1, 2))
    return (8 * near - far) / (12 * STEP)


def judged(found: Tensor, right: Tensor) -> str:
    error = float((found - right).norm() / right.norm())
    return f"{error:.0e}" if error < RIGHT else f"**wrong**, {error:.1g}"


def said(measure: Callable[[], str]) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return measure()
    except (RuntimeError, UserWarning) as error:
        return f"none: {str(error).splitlines()[0].partition('. ')[0][:110]}"


def module(made: nn.Module, *inputs: tuple[int, ...], repeat: int = 1, **options: Any) -> Operation:
    """A module as an operation of its parameters and its input, which it is given `repeat` times."""
    made = made.to(torch.float64)
    names = [name for name, _ in made.named_parameters()]

    def f(*tensors: Tensor) -> Tensor:
        named = dict(zip(names, tensors, strict=False))
        out = functional_call(made, named, tensors[len(names) :] * repeat, options)
        return out[0] if isinstance(out, tuple) else out

    return Operation([*(tuple(p.shape) for p in made.parameters()), *inputs], f)


def operations() -> Iterator[tuple[str, Operation]]:
    x, image, heads, steps = (4, 6), (3, 4, 4, 4), (2, 2, 5, 4), (2, 5, 4)
    classes, target = torch.tensor([0, 2, 3, 5]), float64(torch.Generator().manual_seed(1), *x)
    for name in ("tanh", "sigmoid", "gelu", "silu", "softplus", "elu", "mish"):
        yield name, Operation([x], getattr(F, name))
    yield "gelu, approximate='tanh'", Operation([x], lambda a: F.gelu(a, approximate="tanh"))
    yield "softmax", Operation([x], lambda a: F.softmax(a, -1))
    yield "log_softmax", Operation([x], lambda a: F.log_softmax(a, -1))
    yield "logsumexp", Operation([x], lambda a: torch.logsumexp(a, -1))
    yield "cross_entropy", Operation([x], lambda a: F.cross_entropy(a, classes))
    yield "cross_entropy, label_smoothing", Operation([x], lambda a: F.cross_entropy(a, classes, label_smoothing=0.1))
    yield "mse_loss", Operation([x], lambda a: F.mse_loss(a, target))
    yield "huber_loss", Operation([x], lambda a: F.huber_loss(a, target))
    yield "binary_cross_entropy_with_logits", Operation([x], lambda a: F.binary_cross_entropy_with_logits(a, target))
    yield "linear", Operation([x, (3, 6), (3,)], F.linear)
    yield "conv2d", Operation([image, (5, 4, 3, 3), (5,)], lambda a, b, c: F.conv2d(a, b, c, padding=1))
    yield "conv2d, stride 2", Operation([image, (5, 4, 3, 3)], lambda a, b: F.conv2d(a, b, stride=2, padding=1))
    yield "conv_transpose2d", Operation([image, (4, 5, 3, 3)], F.conv_transpose2d)
    yield "avg_pool2d", Operation([image], lambda a: F.avg_pool2d(a, 2) ** 3)
    yield "max_pool2d", Operation([image], lambda a: F.max_pool2d(a, 2) ** 3)
    yield "embedding", Operation([(5, 4)], lambda a: torch.tanh(F.embedding(torch.tensor([[0, 2, 1], [3, 3, 2]]), a)))
    yield "layer_norm", module(nn.LayerNorm(6), x)
    yield "LayerNorm of this package", module(LayerNorm(6), x)
    yield "rms_norm", module(nn.RMSNorm(6), x)
    yield "group_norm", module(nn.GroupNorm(2, 4), image)
    yield "GroupNorm of this package", module(GroupNorm(2, 4), image)
    yield "batch_norm, training", module(nn.BatchNorm2d(4, track_running_stats=False), image)
    yield "batch_norm, evaluation", module(nn.BatchNorm2d(4).eval(), image)
    yield "instance_norm", module(nn.InstanceNorm2d(4), image)
    yield "local_response_norm", module(nn.LocalResponseNorm(2), image)
    yield "scaled_dot_product_attention", Operation([heads] * 3, F.scaled_dot_product_attention)
    yield "the same, SDPBackend.MATH", Operation([heads] * 3, by_mathematics)
    yield "attention of matmul and softmax", Operation([heads] * 3, by_hand)
    yield (
        "MultiheadAttention, need_weights=True",
        module(nn.MultiheadAttention(4, 2, batch_first=True), steps, repeat=3),
    )
    without = nn.MultiheadAttention(4, 2, batch_first=True)
    yield "MultiheadAttention, need_weights=False", module(without, steps, repeat=3, need_weights=False)
    yield "TransformerEncoderLayer", module(nn.TransformerEncoderLayer(4, 2, 8, 0.0, batch_first=True), steps)
    yield "LSTM", module(nn.LSTM(4, 4, batch_first=True), steps)
    yield "LSTM of this package", module(Recurrence(4, 4), steps)
    yield "GRU", module(nn.GRU(4, 4, batch_first=True), steps)
    yield "cdist", Operation([x, (3, 6)], torch.cdist)


def by_mathematics(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    with sdpa_kernel(SDPBackend.MATH):
        return F.scaled_dot_product_attention(q, k, v)


def by_hand(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.softmax(q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5, -1) @ v


def main(path: str = "") -> None:
    torch.set_num_threads(1)
    version = torch.__version__.partition("+")[0]
    rows = [f"| {' | '.join([name, *operation.row()])} |" for name, operation in operations()]
    page = HEAD.format(version=version, step=STEP) + "\n".join(rows) + "\n"
    if path:
        Path(path).write_text(page, encoding="utf-8")
    else:
        print(page)


if __name__ == "__main__":
    main(*sys.argv[1:])
