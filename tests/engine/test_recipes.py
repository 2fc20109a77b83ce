"""How a problem was made, as data of which it can be made again."""

import json

import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine import problems
from rodflow_widgets.engine.registry import PROBLEMS
from rodflow_widgets.errors import ArgumentError, UnknownNameError

SMALL = {"digits_mlp": {"widths": (6,), "n": 30, "dtype": torch.float32}, "product": {"w0": (3.0, 0.2)}}


@pytest.mark.parametrize("name", [name for name in PROBLEMS if not name.startswith("fashion")])
def test_a_problem_is_made_again_of_its_recipe(name):
    problem = getattr(rf.problems, name)(**SMALL.get(name, {}))
    again = problems.again(json.loads(json.dumps(problem.recipe)))
    assert (again.name, again.dtype) == (problem.name, problem.dtype)
    assert torch.equal(again.w0, problem.w0)
    assert torch.equal(again.loss(again.w0), problem.loss(problem.w0))


def test_a_problem_of_ones_own_has_none():
    assert rf.Problem.from_function(lambda w: (w**2).sum(), [1.0]).recipe is None


@pytest.mark.parametrize(
    ("recipe", "error", "words"),
    [
        ({"name": "quadratik", "arguments": {}}, UnknownNameError, "did you mean 'quadratic'"),
        ({"name": "quadratic", "arguments": {"sharpnes": 1.0}}, UnknownNameError, "sharpness"),
        ({"name": "quadratic", "arguments": {"dtype": "int8"}}, ArgumentError, "give float32 or float64"),
        ({"name": "quadratic"}, ArgumentError, "give the name of a problem and its arguments"),
        ([], ArgumentError, "give the name of a problem and its arguments"),
    ],
)
def test_what_is_no_recipe_is_refused(recipe, error, words):
    with pytest.raises(error, match=words):
        problems.again(recipe)
