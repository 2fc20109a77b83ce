"""What people write, as a type checker sees it: `make check` runs pyright on this file, and nothing runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, assert_type

import pandas
import torch
import xarray
from torch import Tensor

import rodflow_widgets as rf
from rodflow_widgets.engine.problem import Problem
from rodflow_widgets.recording import Recording
from rodflow_widgets.session import Run
from rodflow_widgets.vocabulary import Event, Status
from rodflow_widgets.widgets import Live


def problems() -> None:
    model = torch.nn.Linear(3, 1)
    x, y = torch.ones(4, 3), torch.ones(4, 1)
    assert_type(rf.Problem(model, torch.nn.functional.mse_loss, x, y, batch_size=2), Problem)
    assert_type(rf.Problem.from_function(lambda w: (w * w).sum(), [1.0, 2.0]), Problem)
    assert_type(rf.problems.digits_mlp((8, 8), n=100), Problem)
    assert_type(rf.problems.quadratic(sharpness=2.0), Problem)
    problem = rf.problems.fashion_cnn()
    assert_type(problem.dim, int)
    assert_type(problem.w0, Tensor)
    assert_type(problem.starting_at(problem.w0 + 0.1), Problem)


def optimizers(loss: torch.nn.Module) -> None:
    assert_type(rf.optimizers.GradientDescent(0.4), rf.optimizers.GradientDescent)
    assert_type(rf.optimizers.Adam(1e-3).learning_rate, float)
    rf.optimizers.GradientDescent("fast")  # pyright: ignore[reportArgumentType]
    assert rf.optimizers.NoSuch  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    optimizer: rf.optimizers.Optimizer = rf.optimizers.from_torch(torch.optim.SGD(loss.parameters(), lr=0.1))
    assert_type(optimizer.values, dict[str, float])


def a_live_view(problem: rf.Problem) -> None:
    live = rf.compare(problem, rf.optimizers.HeavyBall(0.1), ("discrete", rf.flows.Rod(substeps=4)), steps=500)
    assert_type(live, Live)
    run = live.run
    assert_type(run.status, Status)
    assert_type(run.status.sentence, str)
    assert_type(run.recording, Recording)
    live.fork(learning_rate=0.6, at=150)


def a_run(run: Run) -> None:
    assert_type(run.set(learning_rate=0.7), tuple[Event, ...])
    assert_type(run.start(), Run)
    assert_type(run.wait(60), Status)
    assert_type(run.fork(3), Run)
    run.schedule(rf.schedules.Cosine(400, 0.01))


def recordings(problem: rf.Problem, path: Path) -> None:
    optimizer = rf.optimizers.RMSProp(1e-3)
    recording = rf.simulate(problem, optimizer, steps=40, save=path)
    assert_type(recording, Recording)
    assert_type(rf.load(path), Recording)
    assert_type(recording.to_pandas("rod"), pandas.DataFrame)
    assert_type(recording.to_xarray(), xarray.Dataset)
    assert_type(recording.save(path, overwrite=True), Path)
    recording["discrete"]["loss"].mean()
    for one in rf.simulate_many(problem, [optimizer, optimizer]):
        assert_type(one, Recording)
    assert_type(rf.cite(recording), str)


def curvature(problem: rf.Problem) -> None:
    pairs = rf.curvature.eigenpairs(problem, problem.w0, k=5)
    assert_type(pairs.ceiling, float)
    rf.curvature.Tracker(problem).look(problem.w0)
    rf.curvature.spectral_density(problem, problem.w0)


def errors(run: Run) -> str:
    try:
        run.resume()
    except rf.errors.ArgumentError as error:
        return str(error)
    except rf.errors.RodflowError:
        return "another one"
    return rf.__version__


def a_loop_of_ones_own(model: torch.nn.Module, loss: Any, x: Tensor, y: Tensor) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with rf.watch(model, optimizer, loss, x, y, every=5) as watch:
        optimizer.step()  # pyright: ignore[reportUnknownMemberType] - as torch has it
    assert_type(watch.status, Status)
