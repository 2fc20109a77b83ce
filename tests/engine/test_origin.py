"""A run that begins at a state of its optimizer is the rest of the run that came there."""

import numpy as np
import pytest
import torch

from rodflow_widgets.engine import Moments, Origin, Simulation, rates
from rodflow_widgets.engine.registry import OPTIMIZERS
from rodflow_widgets.errors import ArgumentError

from .problems import network, run
from .test_forking import RATES, assert_same, flows_for, rest
from .test_surveys import survey

AT, STEPS = 24, 12


def state_at(simulation: Simulation, step: int) -> Origin:
    """The optimizer's state after `step` steps, of a simulation whose next row is that."""
    while simulation.row <= step:
        simulation.advance()
    first = simulation._lockstep.lanes[0].process.window[0]
    return Origin(first.w, first.moments, step)


def begun(name: str = "GradientDescent", **options) -> tuple[Simulation, Simulation]:
    """A run whose flows begin at step 24, and another that begins there."""
    optimizer = OPTIMIZERS[name](RATES.get(name, 0.3))
    flows, problem = flows_for(optimizer), network()
    whole = Simulation(problem, optimizer, flows, steps=AT + STEPS, start=AT, **options)
    origin = state_at(Simulation(problem, optimizer, ("discrete",), steps=AT + STEPS), AT)
    return whole, Simulation(problem, optimizer, flows, steps=STEPS, origin=origin, **options)


# The spectrum of the iterates is followed from their first row on, and distances are counted from it.
OTHERWISE = {
    "discrete": {"distance_travelled", "eigenvalues", "sharpness", "sharpness_ratio", "critical_directions", "cost"},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_iterates_and_flows_are_those_of_the_whole_run(name) -> None:
    whole, late = begun(name)
    assert (late.first, late.row, late.steps) == (AT, AT, AT + STEPS)
    expected, found = run(whole), run(late)
    assert found.keys() == expected.keys()
    for process, columns in found.items():
        assert columns["time"].tolist() == list(range(AT, AT + STEPS + 1)), process
        for column, values in columns.items():
            if column in OTHERWISE.get(process, {"relative_distance"}):
                continue
            there = expected[process][column][-STEPS - 1 :]
            assert np.array_equal(values, there, equal_nan=True), (process, column)
    sharpness = expected["discrete"]["sharpness"][-STEPS - 1 :]
    assert np.allclose(found["discrete"]["sharpness"], sharpness, rtol=2e-2)


def test_flows_may_begin_later_and_rows_be_measured_from_the_first() -> None:
    _, late = begun(every=5)
    blocks = {}
    while not late.finished:
        late.advance()
    for block in late.drain():
        blocks[block.process] = block.columns["time"].tolist()
    assert blocks["discrete"] == blocks["rod"] == [24, 29, 34, 36]
    assert late.statuses["discrete"].sentence == "It finished all 12 steps."
    assert late.statuses["discrete"].step == 36
    origin = late._request.origin
    later = Simulation(
        network(), OPTIMIZERS["GradientDescent"](0.3), ("discrete", "rod"), steps=STEPS, start=30, snapshots=(24, 36),
        origin=origin,
    )  # fmt: skip
    while not later.finished:
        later.advance()
    kept = {block.process: block for block in later.drain()}
    assert kept["rod"].columns["time"][0] == 30
    assert list(kept["discrete"].parameters) == [24, 36]
    assert np.array_equal(kept["discrete"].parameters[24], origin.w.numpy())


def test_a_schedule_counts_from_the_origin() -> None:
    origin = Origin(network().w0, Moments(None, None), 7)
    optimizer = OPTIMIZERS["GradientDescent"](0.2)
    late = Simulation(network(), optimizer, ("discrete",), steps=10, origin=origin, schedule=rates.WarmUp(4))
    first = Simulation(network(), optimizer, ("discrete",), steps=10, schedule=rates.WarmUp(4))
    assert late.events[0].step == 7
    found, expected = run(late)["discrete"], run(first)["discrete"]
    assert np.array_equal(found["learning_rate"], expected["learning_rate"])
    assert np.array_equal(found["loss"], expected["loss"])


def test_it_can_be_changed_extended_forked_and_looked_at() -> None:
    _, late = begun("HeavyBall", trail=10**6)
    for _ in range(4):
        late.advance()
    late.set(learning_rate=0.2)
    assert late.events[0].step == AT + 3 + 2
    late.extend(5)
    assert late.steps == AT + STEPS + 5
    fork = late.fork()
    late.drain(), fork.drain()
    assert_same(rest(late), rest(fork))
    assert late.trail is not None
    assert late.trail.steps.tolist() == list(range(AT, AT + STEPS + 6))
    assert torch.equal(late.trail.window(AT)[0], late._request.origin.w)
    seen = survey(late, "plane")
    assert seen.arrays["discrete/time"].tolist() == late.trail.steps.tolist()
    assert seen.arrays["rod/time"].tolist() == late.trail.steps.tolist()


def test_its_first_steps_are_those_of_the_optimizer() -> None:
    problem, optimizer = network(), OPTIMIZERS["Adam"](0.01)
    w, moments = problem.w0, optimizer.initial(problem.w0)
    for n in range(1, 42):
        if n == 41:
            origin = Origin(w, moments, 40)
        w, moments = optimizer.step(w, moments, problem.value_and_grad(w)[1], n)
    simulation = Simulation(problem, optimizer, ("discrete",), steps=5, origin=origin)
    simulation.advance()
    assert torch.equal(simulation._lockstep.lanes[0].process.window[1].w, w)


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (3, "is no Origin"),
        (Origin(torch.zeros(3), Moments(None, None), 0), "has 3 entries"),
        (Origin(torch.ones(73), Moments(None, None), -1), "origin.step=-1"),
        (Origin(torch.ones(73), Moments(torch.ones(73), torch.ones(73)), 0.5), "origin.step=0.5"),
        (Origin(torch.ones(73), Moments(None, torch.ones(73)), 0), "origin.moments.momentum is None"),
        (Origin(torch.ones(73), Moments(torch.ones(73), torch.ones(1)), 0), "keeps a tensor \\[73\\]"),
        (Origin(torch.ones(73), Moments(torch.ones(73), torch.full((73,), torch.nan)), 0), "NaN"),
        (Origin(torch.ones(73), None, 0), "give Moments"),
    ],
)
def test_what_cannot_be_an_origin_is_named(origin, said) -> None:
    with pytest.raises(ArgumentError, match=said):
        Simulation(network(), OPTIMIZERS["Adam"](0.01), ("discrete",), steps=10, origin=origin)


def test_a_moment_that_the_optimizer_does_not_keep_is_named() -> None:
    given = Origin(torch.ones(73), Moments(torch.ones(73), None), 0)
    with pytest.raises(ArgumentError, match="gradient descent keeps none"):
        Simulation(network(), OPTIMIZERS["GradientDescent"](0.01), ("discrete",), steps=10, origin=given)


@pytest.mark.parametrize(("options", "said"), [({"start": 3}, "before"), ({"start": 60}, "beyond"), ({"snapshots": (5,)}, "before"), ({"snapshots": (99,)}, "beyond")])  # fmt: skip
def test_steps_outside_of_the_run_are_named(options, said) -> None:
    origin = Origin(network().w0, Moments(None, None), 40)
    with pytest.raises(ArgumentError, match=said):
        Simulation(network(), OPTIMIZERS["GradientDescent"](0.1), steps=20, origin=origin, **options)
