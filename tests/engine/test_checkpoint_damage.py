"""A simulation as data that was changed: it gives one error or a simulation."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine import (
    Checkpoint,
    Problem,
    Simulation,
    checkpoint,
    restored,
)  # fmt: skip
from rodflow_widgets.errors import ArgumentError

from .checkpointed import GD, advanced, again
from .problems import network


@pytest.fixture(scope="module")
def good() -> tuple[str, dict[str, np.ndarray], Problem]:
    simulation = Simulation(network(), GD(0.3), ("discrete", "rod", "central", "stable"), steps=20, snapshots=(3,))
    simulation.advance()
    simulation.set(learning_rate=0.2)
    made = checkpoint(advanced(simulation, 6))
    return json.dumps(made.state), made.arrays, simulation.problem


def places(data, path=()):
    """Every place of nested data."""
    yield path
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from places(value, (*path, key))


STRANGE = (
    None, True, -1, 0, 1, 2**31, 2**53 - 1, 2**63, 10**30, -0.5, float("nan"), "", "x", "__class__", "os.system",
    "builtins.eval", [], [[]], {}, {"ref": 0}, {"ref": -1}, {"ref": 10**9}, {"class": 0}, {"class": "os"}, {"evil": 1},
    {"float": "zz"}, {"scalar": ["|O8", "0000000000000000"]}, {"dtype": "os"}, ["object", 0, {}], ["own", "os", "function", "", None],
)  # fmt: skip


def mutated(state: dict, chance: random.Random) -> str:
    """Change one place of `state`, and say how."""
    path = chance.choice([path for path in places(state) if path])
    *way, last = path
    around = state
    for key in way:
        around = around[key]
    kind = chance.choice(("strange", "remove", "swap", "double", "move"))
    if kind == "remove":
        del around[last]
    elif kind == "double" and isinstance(around, list):
        around.append(around[last])
    elif kind == "swap" and isinstance(around, list):
        other = chance.randrange(len(around))
        around[last], around[other] = around[other], around[last]
    elif kind == "move" and type(around[last]) is int:
        around[last] += chance.choice((-1, 1, 7, 1000))
    else:
        around[last] = chance.choice(STRANGE)
    return f"{kind} at {path}"


@pytest.mark.parametrize("seed", range(12))
def test_a_state_that_was_changed_gives_one_error_or_a_simulation(good, seed) -> None:
    text, arrays, problem = good
    chance, refused = random.Random(seed), 0
    for _ in range(40):
        state = json.loads(text)
        how = mutated(state, chance)
        try:
            made = restored(Checkpoint(state, arrays), problem)
        except ArgumentError:
            refused += 1
        except Exception as error:
            raise AssertionError(how) from error
        else:
            assert type(made) is Simulation, how
            assert made.problem is problem
    assert refused > 10


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.update(format=2), "newer than 1: update"),
        (lambda s: s.update(format="1"), "no format"),
        (lambda s: s.pop("objects"), "damaged"),
        (lambda s: s.update(dim=3), "is another one: that of the checkpoint has 3 parameters"),
        (lambda s: s["classes"].__setitem__(0, "os.system"), "'os.system', which this version does not know"),
        (lambda s: s["classes"].__setitem__(0, "own:Evil"), r"own\['Evil'\] is missing"),
        (lambda s: s["classes"].__setitem__(0, "problem.Problem"), "does not know"),
        (lambda s: named(s, "lockstep.Lockstep")[2].pop("lanes"), "a Lockstep in it has no 'lanes'"),
        (lambda s: named(s, "process.State")[2].pop("w"), "a State in it has no 'w'"),
        (lambda s: named(s, "process.State")[2].update(w=3), "w of a State is a int"),
        (lambda s: named(s, "process.State")[2].update(other=3), "'other' is no field of a State"),
        (lambda s: named(s, "problem.Meter")[2].update(gradients=0.5), "gradients of its Meter is no int"),
        (lambda s: first(s, "object")[2].update(fork={"ref": 0}), "'fork' is no attribute"),
        (lambda s: first(s, "object")[2].update(__class__=1), "'__class__' is no attribute"),
        (lambda s: first(s, "tensor")[4].__setitem__(0, 10**9), "beyond its storage"),
        (lambda s: first(s, "tensor").__setitem__(3, 10**9), "beyond its storage"),
        (lambda s: first(s, "tensor").__setitem__(slice(4, 6), [[2**40], [0]]), "beyond its storage"),
        (lambda s: first(s, "tensor").__setitem__(1, 9999), "no storage"),
        (lambda s: first(s, "array").__setitem__(2, "|O8"), "no dtype of an array"),
        (lambda s: first(s, "array").__setitem__(3, [2**30]), "does not fit its memory"),
        (lambda s: first(s, "generator").__setitem__(1, first(s, "array")[1]), "random numbers"),
        (lambda s: s["storages"].extend([s["storages"][0]] * 1000), "is used twice"),
        (lambda s: s.update(root=1), "no simulation"),
        (lambda s: s.update(root=10**9), "no object"),
    ],
)  # fmt: skip
def test_every_kind_of_damage_has_its_sentence(good, change, said) -> None:
    text, arrays, problem = good
    state = json.loads(text)
    change(state)
    with pytest.raises(ArgumentError, match=said):
        restored(Checkpoint(state, arrays), problem)


def named(state: dict, name: str) -> list:
    """The first object of a class."""
    number = state["classes"].index(name)
    return next(entry for entry in state["objects"] if entry[0] == "object" and entry[1] == number)


@pytest.mark.parametrize("seed", range(4))
def test_many_changes_at_once_and_memory_that_was_exchanged(good, seed) -> None:
    text, arrays, problem = good
    chance = random.Random(100 + seed)
    names = list(arrays)
    for _ in range(25):
        state = json.loads(text)
        how = [mutated(state, chance) for _ in range(chance.randint(0, 6))]
        one, other = chance.sample(names, 2)
        data = dict(arrays)
        data[one], data[other] = data[other], data[one][: chance.randrange(len(data[one]) + 1)]
        try:
            made = restored(Checkpoint(state, data), problem)
        except ArgumentError:
            continue
        except Exception as error:
            raise AssertionError(how) from error
        assert type(made) is Simulation


def test_what_another_version_made_and_this_one_cannot_read_says_so(good) -> None:
    text, arrays, problem = good
    state = json.loads(text)
    state["made_by"] = "rodflow_widgets 0.9 with torch 3.0"
    assert restored(Checkpoint(state, arrays), problem).row == 7
    named(state, "lockstep.Lockstep")[2].pop("lanes")
    with pytest.raises(ArgumentError, match=r"made by rodflow_widgets 0\.9 with torch 3\.0, this is rodflow_widgets"):
        restored(Checkpoint(state, arrays), problem)


def first(state: dict, kind: str) -> list:
    return next(entry for entry in state["objects"] if entry[0] == kind)


def test_memory_that_is_missing_or_of_another_length_is_refused(good) -> None:
    text, arrays, problem = good
    for wrong in (
        {},
        {name: array[: len(array) // 2] for name, array in arrays.items()},
        {name: array.astype(np.float64) for name, array in arrays.items()},
        {name: array[::-1] if len(array) == 5056 else array for name, array in arrays.items()},
        dict.fromkeys(arrays, None),
    ):
        with pytest.raises(ArgumentError, match="damaged"):
            restored(Checkpoint(json.loads(text), wrong), problem)


def test_a_tuple_that_would_fill_the_memory_as_text_is_refused(good) -> None:
    text, arrays, problem = good
    state = json.loads(text)
    begin = len(state["objects"])
    state["objects"].append(["tuple", []])
    state["objects"] += [["tuple", [{"ref": begin + i}] * 2] for i in range(60)]
    made = [i for i, entry in enumerate(state["objects"]) if entry[0] == "made"]
    optimizer = next(state["objects"][i] for i in made if "groups" in state["objects"][i][2])
    state["objects"].append(["made", optimizer[1], {**optimizer[2], "groups": {"ref": begin + 60}}])
    with pytest.raises(ArgumentError, match="more than a million"):
        restored(Checkpoint(state, arrays), problem)


@pytest.mark.parametrize("wrong", [None, 3, {}, Checkpoint([], {}), Checkpoint({}, []), Checkpoint({}, {})])
def test_what_is_no_checkpoint_is_refused(wrong) -> None:
    with pytest.raises(ArgumentError):
        restored(wrong, network())


def test_another_problem_is_refused() -> None:
    made = checkpoint(Simulation(network(), GD(0.3), ("discrete",), steps=20))
    for problem in (rf.problems.quadratic(), network(dtype=torch.float32)):
        with pytest.raises(ArgumentError, match="is another one"):
            restored(made, problem)
    with pytest.raises(ArgumentError, match="is no Problem"):
        restored(made, None)


def test_a_restored_one_is_of_the_problem_that_was_given() -> None:
    simulation = advanced(Simulation(network(), GD(0.3), ("discrete", "rod", "central"), steps=20), 9)
    other = again(simulation, problem=network())
    assert other.problem is not simulation.problem
    assert other.fork().row == 9
    assert again(other).nbytes == other.nbytes
    changed = again(simulation)
    assert changed.set(learning_rate=0.1)[0].step == 10
    assert replace(changed.optimizer, learning_rate=0.3) == simulation.optimizer
