"""What forms are built from: every parameter of every entry, the same as the signatures say."""

from __future__ import annotations

import dataclasses
import inspect
import json
from pathlib import Path

import numpy as np
import pytest

import rodflow_widgets as rf
from rodflow_widgets.engine.catalogue import catalogue
from rodflow_widgets.engine.registry import FLOWS, OPTIMIZERS, PROBLEMS
from rodflow_widgets.errors import ArgumentError, UnknownNameError
from rodflow_widgets.vocabulary import Choice, Folder, Parameter, Several, Whole

KEYS = {"name", "label", "kind", "default", "lower", "upper", "open_lower", "open_upper", "unit", "scale", "meaning"}
MORE = {"number": set(), "whole": {"multiple"}, "choice": {"options"}, "list": {"length", "whole"}, "folder": set()}
assert rf.problems
assert rf.flows
assert rf.optimizers


def signature(thing) -> dict:
    given = inspect.signature(thing).parameters.values()
    return {p.name: p.default for p in given if p.name not in ("dtype", "device", "name")}


@pytest.mark.parametrize(("name", "make"), [*PROBLEMS.items(), *FLOWS.items()])
def test_parameters_are_those_of_the_signature(name, make) -> None:
    stated = {p.name: p.default for p in make.parameters}
    assert stated == signature(make)
    assert list(stated) == list(signature(make))


@pytest.mark.parametrize("cls", OPTIMIZERS.values())
def test_parameters_of_optimizers_are_their_defaults(cls) -> None:
    defaults = {p.name: p.default for p in cls.parameters}
    assert cls(defaults["learning_rate"]).values == defaults


@pytest.mark.parametrize("entry", [*PROBLEMS.values(), *FLOWS.values(), *OPTIMIZERS.values()])
def test_defaults_pass_their_own_checks_and_say_what_they_are(entry) -> None:
    for parameter in entry.parameters:
        assert parameter.check(parameter.default) == parameter.default
        assert parameter.label
        assert parameter.meaning


def test_the_catalogue_is_plain_data_with_all_that_a_form_asks() -> None:
    known = json.loads(json.dumps(catalogue(), allow_nan=False))
    assert [e["name"] for e in known["problems"]] == list(PROBLEMS)
    assert [e["name"] for e in known["optimizers"]] == list(OPTIMIZERS)
    assert [e["name"] for e in known["flows"]] == list(FLOWS)
    assert all(e["threshold"] for e in known["optimizers"])
    assert all(e["detail"] and e["kind"] and set(e["for"]) <= set(OPTIMIZERS) for e in known["flows"])
    for entry in (e for entries in known.values() for e in entries):
        assert entry["label"]
        assert entry["summary"]
        for parameter in entry["parameters"]:
            assert set(parameter) == KEYS | MORE[parameter["kind"]]
            if parameter["kind"] not in ("choice", "folder"):
                assert parameter["lower"] is not None


def test_flows_are_for_the_optimizers_that_they_model(monkeypatch) -> None:
    def check(self, optimizer) -> None:
        if optimizer.has_momentum:
            raise ArgumentError("no")

    monkeypatch.setattr(rf.flows.Stable, "check", check)
    (stable,) = (e for e in catalogue()["flows"] if e["name"] == "stable")
    assert stable["for"] == [name for name, cls in OPTIMIZERS.items() if not cls.has_momentum]


def test_a_problem_is_made_of_what_the_catalogue_says() -> None:
    for entry in json.loads(json.dumps(catalogue()))["problems"]:
        values = {p["name"]: p["default"] for p in entry["parameters"]}
        made, plain = PROBLEMS[entry["name"]](**values), PROBLEMS[entry["name"]]()
        assert made.name == plain.name
        assert np.array_equal(made.w0.cpu(), plain.w0.cpu())


NUMBER = Parameter("rate", "rate", 0.5, 0.0, 1.0, open_lower=True)
EVEN = Whole("count", "count", None, 2, 10, multiple=2)
WORD = Choice("loss", "loss", "mse", ("mse", "mae"))
PAIR = Several(Parameter("w0", "start", 0.0, -1.0, 1.0), (0.1, 0.2), 2)
ANY = Several(Whole("widths", "widths", 8, 1), (8,))
PLACE = Folder("folder", "folder")


@pytest.mark.parametrize(
    ("parameter", "value", "checked"),
    [
        (NUMBER, "0.25", 0.25),
        (EVEN, 4, 4),
        (EVEN, np.int64(6), 6),
        (EVEN, None, None),
        (WORD, "mae", "mae"),
        (PAIR, [0, 1], (0.0, 1.0)),
        (PAIR, np.array([0.5, 1.0]), (0.5, 1.0)),
        (ANY, 16, (16,)),
        (ANY, np.int64(16), (16,)),
        (ANY, (), ()),
        (PLACE, None, None),
        (PLACE, Path.cwd(), str(Path.cwd())),
        (PLACE, "~", str(Path.home())),
    ],
)
def test_a_check_returns_the_value_in_its_type(parameter, value, checked) -> None:
    got = parameter.check(value)
    assert got == checked
    assert type(got) is type(checked)


@pytest.mark.parametrize(
    ("parameter", "value", "words"),
    [
        (NUMBER, 0, ["rate=0", "a number in (0, 1]"]),
        (NUMBER, True, ["rate=True"]),
        (EVEN, 3, ["count=3", "an even number of at least 2 and at most 10, or None"]),
        (EVEN, 2.0, ["count=2.0"]),
        (EVEN, 12, ["count=12"]),
        (EVEN, True, ["count=True"]),
        (PAIR, (1.0,), ["w0=(1.0,)", "2 of them"]),
        (PAIR, (0.0, 3.0), ["w0=(0.0, 3.0)", "[-1, 1]"]),
        (PAIR, "ab", ["w0='ab'"]),
        (ANY, None, ["widths=None"]),
        (ANY, (8, 0), ["widths=(8, 0)", "a whole number of at least 1"]),
        (ANY, (8, 2.5), ["widths=(8, 2.5)"]),
        (PLACE, "", ["folder=''", "a folder that exists, or None"]),
        (PLACE, __file__, ["folder='", "is not usable"]),
        (PLACE, 7, ["folder=7"]),
    ],
)
def test_what_is_not_usable_is_named_with_its_value(parameter, value, words) -> None:
    with pytest.raises(ArgumentError) as caught:
        parameter.check(value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("value", ["msee", ["mse"], None, {}])
def test_an_unknown_word_is_named_with_the_nearest(value) -> None:
    with pytest.raises(UnknownNameError, match=r"loss .* is unknown: .*mse"):
        WORD.check(value)


def test_flows_check_their_parameters() -> None:
    assert FLOWS["rod-paper"](substeps=8, name="mine") == rf.flows.CovarianceRod(1, 1, 8, name="mine")
    for make, words in (
        (lambda: rf.flows.Rod(substeps=3), "an even number"),
        (lambda: rf.flows.CovarianceRod(modes=0), "modes=0"),
        (lambda: rf.flows.CovarianceRod(seed=0), r"seed=0 is not usable: .* in \(0, 1\]"),
        (lambda: rf.flows.CovarianceRod(seed=2), r"seed=2 is not usable: give a number in \(0, 1\]"),
        (lambda: rf.flows.Stable(most=1.5), "most=1.5"),
    ):
        with pytest.raises(ArgumentError, match=words):
            make()


def test_fields_of_flows_are_their_parameters() -> None:
    for cls in {type(make()) for make in FLOWS.values()}:
        fields = {f.name: f.default for f in dataclasses.fields(cls) if f.name != "name"}
        assert {p.name: p.default for p in cls.parameters} == fields
