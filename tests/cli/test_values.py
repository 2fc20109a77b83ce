from __future__ import annotations

import pytest

from rodflow_widgets.cli.values import assignments, closest
from rodflow_widgets.errors import ArgumentError, UnknownNameError


def test_values_are_literals_or_text() -> None:
    found = assignments(["widths=32,32", "activation=tanh", "n=500", "gain = 0.7", "input-scale=None"])
    assert found == {"widths": (32, 32), "activation": "tanh", "n": 500, "gain": 0.7, "input_scale": None}


@pytest.mark.parametrize("text", ["widths", "=3", "a b=3", ""])
def test_what_is_no_assignment(text: str) -> None:
    with pytest.raises(ArgumentError, match="NAME=VALUE"):
        assignments([text])


def test_names_are_found_however_they_are_written() -> None:
    table = {"GradientDescent": 1, "digits_mlp": 2}
    assert [closest(table, "thing", name) for name in ("gradient-descent", "digits-mlp", "GradientDescent")] == [
        1,
        2,
        1,
    ]
    with pytest.raises(UnknownNameError, match="did you mean 'digits_mlp'"):
        closest(table, "problem", "digit_mlp")
