"""torch.compile for losses and gradients: the same numbers, and a way back where it fails."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem, Simulation, compiled
from rodflow_widgets.errors import UnknownNameError


@pytest.fixture(autouse=True)
def without_code_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Traced and differentiated as for the default backend, but not translated to C++, which takes a minute."""
    monkeypatch.setattr(compiled, "BACKEND", "aot_eager")
    torch._dynamo.reset()


def problem(activation: nn.Module, **options) -> Problem:
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 5), activation, nn.Linear(5, 2)).double()
    for parameter in model.parameters():
        nn.init.normal_(parameter, generator=generator)
    x = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    y = torch.randn(7, 2, generator=generator, dtype=torch.float64)
    return Problem(model, nn.MSELoss(), x, y, **options)


class Changed(nn.Module):
    """A layer that is another one when compiled."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(2 * x) if torch.compiler.is_compiling() else torch.tanh(x)


@pytest.mark.parametrize("options", [{}, {"batch_size": 3}, {"hessian": "finite-difference"}])
def test_it_gives_what_the_plain_problem_gives(options: dict) -> None:
    plain, fast = problem(nn.Tanh(), **options), problem(nn.Tanh(), compile="default", **options)
    w = plain.w0 + 0.1
    assert torch.allclose(fast.loss(w), plain.loss(w), rtol=1e-12, atol=0)
    for ours, theirs in zip(fast.value_and_grad(w), plain.value_and_grad(w), strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-10, atol=1e-14)
    tolerance = 1e-12 if fast.hessian == "autodiff" else 1e-6
    assert torch.allclose(fast.hvp(w, w), plain.hvp(w, w), rtol=tolerance, atol=tolerance)


def test_gradients_are_compiled_and_products_are_not() -> None:
    fast = problem(nn.Tanh(), compile="reduce-overhead")
    calls = []
    inner = fast._fast.pieces
    object.__setattr__(fast._fast, "pieces", (lambda w: (calls.append(w), inner[0](w))[1],))
    fast.value_and_grad(fast.w0)
    assert len(calls) == 1
    fast.at(fast.w0).products(fast.w0[None])
    assert len(calls) == 1


def test_a_run_is_the_same() -> None:
    recordings = []
    for options in ({}, {"compile": "default"}):
        simulation = Simulation(
            problem(nn.Tanh(), **options), rf.optimizers.GradientDescent(0.1), ("discrete",), steps=5
        )
        while not simulation.finished:
            simulation.advance()
        recordings.append(simulation.drain()[0].columns["loss"])
    assert recordings[0] == pytest.approx(recordings[1], rel=1e-12)


@pytest.mark.parametrize(
    ("backend", "layer", "why"), [("no_such_compiler", nn.Tanh, "it failed"), ("aot_eager", Changed, "its gradient is")]
)
def test_where_it_fails_the_problem_runs_without(
    backend: str, layer: type[nn.Module], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "BACKEND", backend)
    with pytest.warns(RuntimeWarning, match=f"compile='default' was given up: {why}"):
        fast = problem(layer(), compile="default")
    plain = problem(layer())
    assert torch.equal(fast.value_and_grad(fast.w0)[1], plain.value_and_grad(plain.w0)[1])


def test_a_mode_that_does_not_exist_is_named() -> None:
    with pytest.raises(UnknownNameError, match=r"compile 'fast'.*default"):
        problem(nn.Tanh(), compile="fast")


def test_compiled_runs_are_computed_one_after_the_other() -> None:
    fast = problem(nn.Tanh(), compile="default")
    found = rf.simulate_many(fast, rf.optimizers.GradientDescent(0.1), ("discrete",), seeds=[0, 1], steps=3)
    assert {rec.spec["alone"] for rec in found} == {"its gradients are compiled (compile)"}
