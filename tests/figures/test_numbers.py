from __future__ import annotations

import math

import pytest

from rodflow_widgets.figures.numbers import ratio, share, significant, tick
from rodflow_widgets.figures.panels import ticks


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.03712, 4, "0.03712"),
        (2.3529, 3, "2.35"),
        (0.04, 3, "0.0400"),
        (3466.0, 3, "3,470"),
        (-0.5, 3, "−0.500"),
        (0.0001, 3, "1.00·10⁻⁴"),
        (0.00012345, 3, "1.23·10⁻⁴"),
        (1.234e-5, 2, "1.2·10⁻⁵"),
        (1.234e-5, 4, "1.23·10⁻⁵"),
        (-1.234e-5, 3, "−1.23·10⁻⁵"),
        (9.99e-5, 2, "1.0·10⁻⁴"),
        (9.996e-5, 3, "1.00·10⁻⁴"),
        (0.9996, 3, "1.00"),
        (9.996, 3, "10.0"),
        (123456.0, 3, "123,000"),
        (2.5e7, 3, "2.50·10⁷"),
        (0.0, 3, "0"),
        (math.nan, 3, "–"),
        (math.inf, 3, "–"),
    ],
)
def test_significant(value: float, digits: int, text: str) -> None:
    assert significant(value, digits) == text


def test_shares_and_ratios() -> None:
    assert [share(v) for v in (0.0072, 0.0184, 0.1, 0.0996, math.nan)] == ["0.72 %", "1.8 %", "10 %", "10 %", "–"]
    assert [ratio(v) for v in (1.0036, math.nan)] == ["1.004", "–"]


def test_ticks_of_axes() -> None:
    assert [tick(v) for v in (0.0, 0.5, 200.0, 1000.0, 20_000.0, 1e-4)] == ["0", "0.5", "200", "10³", "2·10⁴", "10⁻⁴"]
    assert tick(0.01, percent=True) == "1 %"


@pytest.mark.parametrize(("low", "high"), [(0.013, 0.048), (1e-3, 0.2), (1e-8, 1.0), (0.9, 1.1)])
def test_log_axes_get_a_few_labels(low: float, high: float) -> None:
    marks = ticks(low, high, log=True)
    assert 1 <= len(marks) <= 5
    assert all(low <= mark <= high for mark in marks)


def test_linear_axes_get_a_few_labels() -> None:
    assert ticks(0.0, 600.0, count=8) == [0, 100, 200, 300, 400, 500, 600]
    assert ticks(0.57, 1.44) == [0.6, 0.8, 1.0, 1.2, 1.4]
