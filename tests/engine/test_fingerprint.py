"""What a problem is: the same one has no differences, and every change that a run would notice has a sentence."""

from __future__ import annotations

import json
import math

import pytest
import torch
from torch import nn

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem, differences, fingerprint
from rodflow_widgets.errors import ArgumentError

from .problems import network


def made(
    *, n: int = 24, width: int = 5, act: type[nn.Module] = nn.Tanh, loss=nn.functional.mse_loss, seed: int = 0,
    dtype: torch.dtype = torch.float64, freeze: bool = False, shift: float = 0.0, moved: float = 0.0, buffer: float = 1.0,
    **options,
) -> Problem:  # fmt: skip
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 4, generator=generator, dtype=torch.float64)
    y = torch.sin(x.sum(1, keepdim=True)) + moved
    model = nn.Sequential(nn.Linear(4, width), act(), nn.Linear(width, 1)).double()
    model.register_buffer("scale", torch.tensor([buffer], dtype=torch.float64))
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64) * 0.5 + shift)
    model[0].bias.requires_grad_(not freeze)
    return Problem(model, loss, x, y, dtype=dtype, **options)


def changed(problem: Problem, other: Problem) -> list[str]:
    """The differences, from a fingerprint that went through JSON."""
    return differences(json.loads(json.dumps(fingerprint(problem), allow_nan=False)), other)


MADE = {
    "model": made,
    "float32": lambda: made(dtype=torch.float32),
    "frozen": lambda: made(freeze=True),
    "split": lambda: made(batch_size=10),
    "differences": lambda: made(hessian="finite-difference"),
    "digits": lambda: rf.problems.digits_mlp(widths=(8,), n=40),
    "toy": rf.problems.product,
    "bfloat16": lambda: made(dtype=torch.float32, compute_dtype=torch.bfloat16),
}


@pytest.mark.parametrize("name", MADE)
def test_the_same_problem_has_no_differences(name) -> None:
    assert changed(MADE[name](), MADE[name]()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n": 20}, "inputs: this problem has [20, 4] float64, the file's is [24, 4] float64."),
        ({"seed": 1}, "inputs: this problem has [24, 4] float64 with other numbers than the file's."),
        ({"moved": 1e-12}, "targets: this problem has [24, 1] float64 with other numbers than the file's."),
        ({"shift": 1e-9}, "start: this problem has [31] float64 with other numbers than the file's."),
        ({"width": 6}, "parameters: this problem has 37, the file's 31."),
        ({"dtype": torch.float32}, "dtype: this problem has float32, the file's float64."),
        ({"compute_dtype": torch.float32}, "compute_dtype: this problem has float32, the file's float64."),
        ({"product_dtype": torch.float32}, "product_dtype: this problem has float32, the file's float64."),
        ({"loss": nn.functional.l1_loss}, "loss: this problem has l1 loss, the file's mse loss."),
        ({"act": nn.ReLU}, "model: this problem has ReLU() as '1' where the file's has Tanh() as '1'."),
        ({"freeze": True}, "parameters: this problem has 26, the file's 31."),
        ({"buffer": 2.0}, "scale: this problem has [1] float64 with other numbers than the file's."),
        ({"batch_size": 8}, "batch_size: this problem has 8, the file's none."),
        ({"hessian": "finite-difference"}, "hessian: this problem has finite-difference, the file's autodiff."),
    ],
)
def test_every_change_has_its_sentence(options, said) -> None:
    assert said in changed(made(), made(**options))


class Scaled(nn.Module):
    """A layer whose code, and nothing else of it, changes."""

    power = 2

    def forward(self, x):
        return x + 0.01 * x**self.power


def test_a_function_that_changed_is_found_by_its_values(monkeypatch) -> None:
    before = fingerprint(made(act=Scaled))
    monkeypatch.setattr(Scaled, "power", 3)
    found = differences(before, made(act=Scaled))
    assert len(found) == 4
    assert found[0].startswith("loss at the start: this problem has 1.74641, the file's 1.67189.")


def test_a_loss_that_is_the_same_at_the_start_alone_is_found_near_it() -> None:
    def bent(w):
        return ((w - 1) ** 2).sum()

    def same_there(w):
        return ((w - 1) ** 2).sum() + ((w - 2) ** 4).sum()

    start = torch.full((3,), 2.0, dtype=torch.float64)
    one, other = (Problem.from_function(f, start, name="f") for f in (bent, same_there))
    assert changed(one, Problem.from_function(bent, start)) == []
    found = changed(one, other)
    assert [sentence.split(":")[0] for sentence in found] == ["loss near the start", "gradient near the start"]
    assert changed(one, one.starting_at([2.0, 2.0, 2.1]))[0].startswith(
        "start: this problem has [3] float64 with other"
    )


def test_a_function_is_not_a_model() -> None:
    problem = network()
    function = Problem.from_function(problem.function, problem.w0, loss_name=problem.loss_name)
    found = changed(problem, function)
    assert "model: this problem is made of a function, the file's is not." in found
    assert "inputs: the file has it, the other has not." in found
    assert "inputs: this problem has it, the other has not." in changed(function, problem)


def test_rounding_of_another_machine_is_no_difference() -> None:
    problem = made()
    for factor, alike in ((1 + 1e-12, True), (1 - 1e-9, True), (1 + 1e-6, False)):
        given = fingerprint(problem)
        given["values"] = {name: value * factor for name, value in given["values"].items()}
        assert (differences(given, problem) == []) is alike
    given = fingerprint(made(dtype=torch.float32))
    given["values"] = {name: value * (1 + 1e-5) for name, value in given["values"].items()}
    assert differences(given, made(dtype=torch.float32)) == []


def test_a_loss_that_is_not_finite_near_the_start_is_written_as_none() -> None:
    def wall(w):
        return torch.where(w > 0.5, w**2, torch.full_like(w, math.nan)).sum()

    problem = Problem.from_function(wall, [3.0, 3.0, 0.501])
    given = json.loads(json.dumps(fingerprint(problem), allow_nan=False))
    assert given["values"]["loss near the start"] is None
    assert differences(given, problem) == []
    given["values"]["loss near the start"] = 18.0
    assert differences(given, problem) == ["loss near the start: this problem has none, the file's 18."]


@pytest.mark.parametrize("given", [None, 3, [], {}, {"format": "1"}, {"format": True}])
def test_what_is_no_fingerprint_is_refused(given) -> None:
    with pytest.raises(ArgumentError, match="fingerprint="):
        differences(given, network())


def test_one_of_a_newer_version_is_refused() -> None:
    with pytest.raises(ArgumentError, match="newer than 1"):
        differences({**fingerprint(network()), "format": 2}, network())


@pytest.mark.parametrize("strange", [None, 3, "x", [], {}, [[]], [["a", "b", "c"]], {"inputs": 3}, [None], math.nan])
def test_a_damaged_fingerprint_is_a_difference(strange) -> None:
    problem = network()
    given = fingerprint(problem)
    for key in given:
        if key != "format" and given[key] != strange:
            assert differences({**given, key: strange}, problem), key
            assert differences({k: v for k, v in given.items() if k != key}, problem) or given[key] is None, key


def test_it_costs_two_gradients_and_leaves_the_problem_alone(monkeypatch) -> None:
    problem, count = network(), 0
    original = Problem.value_and_grad

    def counted(self, w):
        nonlocal count
        count += 1
        return original(self, w)

    monkeypatch.setattr(Problem, "value_and_grad", counted)
    first = fingerprint(problem)
    assert count == 2
    assert first == fingerprint(problem)
    assert len(json.dumps(first)) < 3000
