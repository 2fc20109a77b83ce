"""What test_parallel.py computes in one process, and in two under torchrun: the same functions in both.

python -m torch.distributed.run --standalone --nproc-per-node=2 -m tests.engine.parallel_job FOLDER
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem, compiled
from rodflow_widgets.errors import ParallelError, RodflowError
from rodflow_widgets.session import Run, RunSpec

N, RATE = 23, 1.5
GD = rf.optimizers.GradientDescent
VARIANTS: dict[str, dict] = {
    "float64": {},
    "float32": {"dtype": torch.float32},
    "micro-batches": {"batch_size": 6},
    "micro-batches of as many as one process holds": {"batch_size": 11},
    "a sum": {"loss": nn.MSELoss(reduction="sum")},
    "float32 products": {"product_dtype": torch.float32},
    "finite differences": {"hessian": "finite-difference"},
    "compiled": {"compile": "default"},
}


def network(seed: int = 0, norm: Callable[[], nn.Module] = nn.Identity) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 6), norm(), nn.Tanh(), nn.Linear(6, 3)).double()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64) * 0.7)
    return model


def made(
    n: int = N,
    model: nn.Module | None = None,
    loss: Callable | None = None,
    classes: bool = False,
    shift: float = 0,
    **options,
) -> Problem:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(n, 4, generator=generator, dtype=torch.float64) + shift
    y = torch.arange(n) % 3 if classes else torch.sin(2 * x[:, :3])
    return Problem(model or network(), loss or nn.MSELoss(), x, y, **options)


def vectors(problem: Problem, k: int) -> Tensor:
    drawn = torch.randn(problem.dim, k, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    return drawn.to(problem.dtype)


def derivatives(problem: Problem) -> dict[str, np.ndarray]:
    """Everything that goes through the objective, at the start and beside it."""
    v = vectors(problem, 3)
    w = problem.w0 + 0.1 * v[:, 0]
    loss, gradient = problem.value_and_grad(w)
    point = problem.at(w)
    images, thirds = point.thirds(v.T.contiguous()[:2])
    found = {
        "loss": problem.loss(w),
        "loss with the gradient": loss,
        "gradient": gradient,
        "gradient of a point": point.grad,
        "product": problem.hvp(w, v[:, 0]),
        "block": problem.hvp(w, v),
        "products of a point": point.products(v.T.contiguous()),
        "images of thirds": images,
        "thirds": thirds,
        "eigenvalues": rf.curvature.eigenpairs(problem, w, k=2).values,
    }
    return {name: np.asarray(value.double()) for name, value in found.items()}


def counts(problem: Problem) -> dict[str, int]:
    """How many messages each question takes."""
    w, v = problem.w0, vectors(problem, 3)
    point = problem.at(w)
    questions: dict[str, Callable[[], object]] = {
        "loss": lambda: problem.loss(w),
        "gradient": lambda: problem.value_and_grad(w),
        "point": lambda: problem.at(w),
        "block": lambda: point.products(v.T.contiguous()),
        "thirds": lambda: point.thirds(v.T.contiguous()[:2]),
        "hvp": lambda: problem.hvp(w, v[:, 0]),
        "hvp of a block": lambda: problem.hvp(w, v),
    }
    found = {}
    for name, ask in questions.items():
        before = problem.group.collectives
        ask()
        found[name] = problem.group.collectives - before
    return found


def simulated(save: Path | None = None) -> rf.Recording:
    """A short run at the edge with flows that take gradients, products and third derivatives."""
    return rf.simulate(
        made(), GD(RATE), ("discrete", "rod", "stable", "central"), steps=25, eigenvalues=2, save=save, progress=True
    )


def columns(recording: rf.Recording) -> dict[str, np.ndarray]:
    return {f"{table.name} {name}": np.array(table[name]) for table in recording.tables for name in table.columns}


def diverged() -> rf.Recording:
    return rf.simulate(made(), GD(1e3), ("discrete", "stable"), steps=400, progress=False)


def function_of_parts(rank: int = 0, size: int = 1) -> Problem:
    """Σ c_i w_i⁴ over six parameters; process `rank` has every size-th of the summands."""
    own = torch.zeros(6, dtype=torch.float64)
    own[rank::size] = torch.arange(1.0, 7.0, dtype=torch.float64)[rank::size]
    return Problem.from_function(lambda w: (own * w**4).sum(), torch.ones(6, dtype=torch.float64), parallel="parts")


def weighted(output: Tensor, targets: Tensor) -> Tensor:
    return nn.functional.cross_entropy(output, targets, weight=torch.tensor([1.0, 5.0, 0.2]).to(output))


def refusals(rank: int) -> dict[str, Callable[[], object]]:
    """What cannot be shared."""
    problem = made()
    return {
        "few": lambda: made(n=1),
        "norm": lambda: made(model=network(norm=lambda: nn.BatchNorm1d(6).double())),
        "weights": lambda: made(loss=weighted, classes=True),
        "custom": lambda: made(loss=lambda output, y: (output - y).std()),
        "function": lambda: Problem.from_function(lambda w: w.sum() ** 2, torch.ones(2)),
        "inputs": lambda: made(shift=rank),
        "graph": lambda: problem.function(problem.w0),
        "steered": lambda: Run(RunSpec(problem, GD(0.1))),
        "parts": lambda: made(parallel="parts"),
        "word": lambda: made(parallel="on"),
    }


def refused(ask: Callable[[], object]) -> list[str]:
    try:
        ask()
    except RodflowError as error:
        return [type(error).__name__, str(error)]
    return ["nothing", ""]


def said(work: Callable[[], object]) -> str:
    """What `work` writes to stderr."""
    with contextlib.redirect_stderr(io.StringIO()) as stream:
        work()
    return stream.getvalue()


def main(folder: Path) -> None:
    compiled.BACKEND = "eager"
    first = made()
    rank = first.group.rank
    arrays: dict[str, np.ndarray] = {}
    facts: dict = {"rank": rank, "leads": first.leads, "processes": first.processes}
    for name, options in VARIANTS.items():
        problem = made(**options)
        arrays |= {f"{name}: {what}": value for what, value in derivatives(problem).items()}
        facts[f"counts {name}"] = counts(problem)
    facts["share"] = first.network._own
    runs: list[rf.Recording] = []
    facts["bar"] = said(lambda: runs.append(simulated(folder / "run")))
    arrays |= {f"run: {name}": values for name, values in columns(runs[0]).items()}
    facts["saved"] = str(runs[0].save(folder / "copy").name)
    facts["diverged"] = [str(table.status) for table in diverged().tables]
    arrays |= {f"parts: {name}": values for name, values in derivatives(function_of_parts(rank, 2)).items()}
    arrays["other seed: start"] = made(model=network(seed=rank)).w0.numpy()
    alone = made(shift=rank, parallel="off")
    facts["alone"] = [alone.processes, float(alone.loss(alone.w0))]
    facts["refused"] = {name: refused(ask) for name, ask in refusals(rank).items()}
    facts["after"] = float(first.loss(first.w0))
    w = first.w0
    w[rank] += 1e-15
    facts["drift"] = refused(lambda: first.value_and_grad(w))
    facts["after drift"] = [refused(lambda: first.loss(first.w0)), refused(made)]
    np.savez(folder / f"{rank}.npz", **arrays)
    (folder / f"{rank}.json").write_text(json.dumps(facts), encoding="utf-8")


def lost(folder: Path) -> None:
    """In a job that has begun its own processes the second one is killed in the middle of a run."""
    torch.distributed.init_process_group("gloo")
    rank, calls = torch.distributed.get_rank(), itertools.count()

    def loss(output: Tensor, y: Tensor) -> Tensor:
        if rank == 1 and next(calls) == 200:
            os.kill(os.getpid(), signal.SIGKILL)
        return nn.functional.mse_loss(output, y)

    try:
        rf.simulate(made(loss=loss), GD(0.1), ("discrete",), steps=10**5, save=folder / "lost", progress=False)
    except ParallelError as error:
        sys.stdout.write(str(error))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    {"all": main, "lost": lost}[sys.argv[1]](Path(sys.argv[2]))
