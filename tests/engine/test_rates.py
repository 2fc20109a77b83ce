"""Learning-rate schedules against their closed forms, and what is refused."""

import json

import numpy as np
import pytest

import rodflow_widgets as rf
from rodflow_widgets.engine import rates
from rodflow_widgets.engine.catalogue import schedules
from rodflow_widgets.engine.rates.base import LEAST, MOST
from rodflow_widgets.errors import ArgumentError, UnknownNameError

ONE_OF_EACH = [
    rf.schedules.WarmUp(10),
    rf.schedules.Cosine(40, 0.01),
    rf.schedules.Steps(7, 0.5),
    rf.schedules.Drawn([(3, 0.2), (20, 0.05)]),
]


def test_cosine() -> None:
    cosine = rf.schedules.Cosine(40, 0.01)
    assert cosine(0, 0.3) == 0.3
    assert cosine(40, 0.3) == cosine(900, 0.3) == 0.01
    assert cosine(20, 0.3) == pytest.approx(0.155)
    assert cosine(10, 0.3) == pytest.approx(0.01 + 0.29 * (1 + np.sqrt(0.5)) / 2)
    assert cosine(5, 0.01) == 0.01


def test_warm_up() -> None:
    warm_up = rf.schedules.WarmUp(9)
    assert [warm_up(k, 2.0) for k in (0, 4, 8, 9, 50)] == pytest.approx([0.2, 1.0, 1.8, 2.0, 2.0])
    assert warm_up(9, 0.3) == 0.3
    assert rf.schedules.WarmUp(4, start=0.5)(1, 1.0) == pytest.approx(0.5 + 0.5 * 2 / 5)


def test_steps() -> None:
    steps = rf.schedules.Steps(7, 0.5)
    assert [steps(k, 0.8) for k in (0, 6, 7, 13, 14)] == pytest.approx([0.8, 0.8, 0.4, 0.4, 0.2])
    assert steps(6, 0.8) == 0.8
    assert steps(10**6, 0.8) == pytest.approx(LEAST)
    assert rf.schedules.Steps(1, 3)(10**6, 0.8) == pytest.approx(MOST)


def test_drawn_is_linear_in_the_logarithm_and_held() -> None:
    drawn = rf.schedules.Drawn([(10, 0.1), (30, 0.001)])
    assert drawn(0, 1.0) == 1.0
    assert drawn(5, 1.0) == pytest.approx(10**-0.5)
    assert drawn(10, 1.0) == 0.1
    assert drawn(20, 1.0) == pytest.approx(0.01)
    assert drawn(30, 1.0) == drawn(31, 5.0) == 0.001
    assert rf.schedules.Drawn([(0, 0.2)])(0, 1.0) == 0.2


@pytest.mark.parametrize("rate", ONE_OF_EACH, ids=lambda rate: rate.kind)
def test_an_array_gives_what_its_numbers_give_and_all_are_positive(rate) -> None:
    steps = np.arange(60)
    together = rate(steps, 0.3)
    assert together.tolist() == [rate(k, 0.3) for k in steps]
    assert (together > 0).all()
    if rate.length is not None:
        assert len(set(together[rate.length :])) == 1
        assert together[rate.length - 1] != together[rate.length]


@pytest.mark.parametrize("rate", ONE_OF_EACH, ids=lambda rate: rate.kind)
def test_a_kind_with_its_arguments_makes_it(rate) -> None:
    arguments = {p.name: getattr(rate, p.name) for p in rate.parameters}
    assert rates.named(json.loads(json.dumps({"kind": rate.kind, **arguments}))) == rate


def test_words() -> None:
    assert [rate.words for rate in ONE_OF_EACH] == [
        "warm-up over 10 steps",
        "cosine to 0.01 over 40 steps",
        "times 0.5 every 7 steps",
        "drawn through 2 points over 20 steps",
    ]


def test_described_for_forms() -> None:
    found = json.loads(json.dumps(schedules(), allow_nan=False))
    assert [entry["kind"] for entry in found] == ["warm_up", "cosine", "steps", "drawn"] == list(rates.SCHEDULES)
    assert all(cls.kind == name for name, cls in rates.SCHEDULES.items())
    assert all(entry["label"] and entry["meaning"] for entry in found)
    (points,) = found[-1]["parameters"]
    assert (points["kind"], points["lower"], points["open_lower"]) == ("points", 0.0, True)
    names = {entry["kind"]: [p["name"] for p in entry["parameters"]] for entry in found}
    assert names == {
        "warm_up": ["steps", "start"], "cosine": ["steps", "to"], "steps": ["every", "factor"], "drawn": ["points"],
    }  # fmt: skip
    for entry in found[:-1]:
        made = rates.named({"kind": entry["kind"], **{p["name"]: p["default"] for p in entry["parameters"]}})
        assert made(3, 0.1) > 0


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"kind": "cosin", "steps": 3, "to": 1}, UnknownNameError, "did you mean 'cosine'"),
        ({"kind": ["cosine"]}, UnknownNameError, "kind of schedule"),
        ({"steps": 3}, ArgumentError, "give its kind"),
        ({"kind": "cosine", "steps": 3}, ArgumentError, "to is missing: a cosine needs it"),
        ({"kind": "cosine", "steps": 3, "to": 1, "two": 2}, UnknownNameError, "argument of cosine 'two'"),
        ({"kind": "cosine", "steps": -3, "to": 0.1}, ArgumentError, r"steps=-3 is not usable"),
        ({"kind": "cosine", "steps": 3, "to": 0}, ArgumentError, r"to=0 is not usable"),
        ({"kind": "cosine", "steps": 3, "to": float("nan")}, ArgumentError, r"to=nan"),
        ({"kind": "warm_up", "steps": 3, "start": 2}, ArgumentError, r"start=2"),
        ({"kind": "steps", "every": 0, "factor": 2}, ArgumentError, r"every=0"),
        ({"kind": "steps", "every": 2, "factor": -1}, ArgumentError, r"factor=-1"),
        ({"kind": "drawn", "points": []}, ArgumentError, r"points=\[\] is not usable"),
        ({"kind": "drawn", "points": [[3, 0.1], [3, 0.2]]}, ArgumentError, "ascending order"),
        ({"kind": "drawn", "points": [[-1, 0.1]]}, ArgumentError, "points="),
        ({"kind": "drawn", "points": [[1, 0.0]]}, ArgumentError, "points="),
        ({"kind": "drawn", "points": [[1.5, 0.1]]}, ArgumentError, "points="),
        ({"kind": "drawn", "points": "ab"}, ArgumentError, "points="),
        ({"kind": "drawn", "points": [1, 2]}, ArgumentError, "points="),
    ],
)  # fmt: skip
def test_what_is_refused(given, error, words) -> None:
    with pytest.raises(error, match=words):
        rates.named(given)
