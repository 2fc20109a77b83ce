"""Hyperparameters by step: schedules, changes under them, and undoing both."""

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine import Simulation
from rodflow_widgets.engine.schedule import MADE, Schedule
from rodflow_widgets.errors import ArgumentError, RunError, UnknownNameError
from rodflow_widgets.vocabulary import Event

from .problems import network

Cosine, HeavyBall = rf.schedules.Cosine, rf.optimizers.HeavyBall


def rates_of(schedule: Schedule, *steps: float) -> list[float]:
    return [schedule.at(step).learning_rate for step in steps]


def test_every_step_has_its_own_rate_and_between_is_linear() -> None:
    schedule, cosine = Schedule(HeavyBall(0.4)), Cosine(20, 0.1)
    (event,) = schedule.follow(5, cosine)
    assert event == Event(5, "learning_rate", 0.4, 0.4, "cosine to 0.1 over 20 steps")
    assert rates_of(schedule, 0, 4, 5) == [0.4, 0.4, 0.4]
    assert rates_of(schedule, 10, 10.5, 10.99) == [cosine(5, 0.4)] * 3
    assert schedule.at(300).learning_rate == 0.1
    for _ in range(2):
        assert rates_of(schedule, *range(5, 5 + 2 * MADE)) == [cosine(k, 0.4) for k in range(2 * MADE)]
    both = (cosine(5, 0.4) + cosine(6, 0.4)) / 2
    assert schedule.between(10.5).learning_rate == pytest.approx(both, rel=1e-15)
    assert schedule.latest.learning_rate == 0.4


def test_a_rate_set_by_hand_ends_it_and_other_hyperparameters_do_not() -> None:
    schedule, cosine = Schedule(HeavyBall(0.4)), Cosine(20, 0.1)
    schedule.follow(0, cosine)
    assert schedule.set(4, {"beta": 0.5}) == [Event(4, "beta", 0.9, 0.5)]
    assert schedule.at(9) == HeavyBall(cosine(9, 0.4), 0.5)
    first, second = schedule.set(10, {"learning_rate": 0.2, "beta": 0.6})
    assert first == Event(10, "learning_rate", pytest.approx(0.25), 0.2, "ends cosine to 0.1 over 20 steps")
    assert second == Event(10, "beta", 0.5, 0.6)
    assert rates_of(schedule, 9, 10, 30) == [cosine(9, 0.4), 0.2, 0.2]


def test_a_rate_set_to_what_it_happens_to_be_ends_it_too() -> None:
    schedule = Schedule(HeavyBall(0.4))
    schedule.follow(0, Cosine(20, 0.1))
    now = schedule.at(7).learning_rate
    (event,) = schedule.set(7, {"learning_rate": now})
    assert (event.old, event.new, event.note) == (now, now, "ends cosine to 0.1 over 20 steps")
    assert schedule.at(15).learning_rate == now


def test_one_that_is_over_is_not_ended() -> None:
    schedule = Schedule(HeavyBall(0.4))
    schedule.follow(0, Cosine(20, 0.1))
    assert schedule.set(20, {"learning_rate": 0.3}) == [Event(20, "learning_rate", 0.1, 0.3)]


def test_the_same_schedule_again_begins_anew() -> None:
    schedule, cosine = Schedule(HeavyBall(0.4)), Cosine(20, 0.1)
    schedule.follow(0, cosine)
    assert schedule.follow(10, cosine) == [Event(10, "learning_rate", 0.25, 0.25, "cosine to 0.1 over 20 steps")]
    assert rates_of(schedule, 20) == [cosine(10, 0.25)]
    assert schedule.follow(10, cosine) == []
    assert [event.note for event in schedule.undo(15)] == ["undone: cosine to 0.1 over 20 steps goes on"]
    assert rates_of(schedule, 15) == [cosine(15, 0.4)]


def test_the_values_in_use_can_be_read_while_they_are_changed() -> None:
    schedule = Schedule(HeavyBall(0.4))
    found = []

    class Steps(list[int]):
        def append(self, step: int) -> None:
            super().append(step)
            found.append(schedule.at(step).learning_rate)

    schedule._steps = Steps(schedule._steps)
    schedule.set(3, {"learning_rate": 0.2})
    assert found == [0.2]


def test_undo_goes_back_one_change_at_a_time() -> None:
    schedule = Schedule(HeavyBall(0.4))
    schedule.set(3, {"learning_rate": 0.2, "beta": 0.5})
    schedule.set(8, {"beta": 0.7})
    assert schedule.undo(9) == [Event(9, "beta", 0.7, 0.5, "undone")]
    schedule.set(10, {"learning_rate": 0.3})
    assert schedule.undo(10) == [Event(10, "learning_rate", 0.3, 0.2, "undone")]
    assert schedule.undo(12) == [Event(12, "learning_rate", 0.2, 0.4, "undone"), Event(12, "beta", 0.5, 0.9, "undone")]
    assert schedule.at(12) == HeavyBall(0.4)
    with pytest.raises(RunError, match="nothing to undo"):
        schedule.undo(12)
    assert len(schedule.events) == 8
    assert [schedule.at(s).values["beta"] for s in (2, 3, 7, 8, 9, 11)] == [0.9, 0.5, 0.5, 0.7, 0.5, 0.5]


def test_undo_of_a_schedule_restores_the_rate_before_it() -> None:
    schedule = Schedule(HeavyBall(0.4))
    schedule.follow(0, Cosine(20, 0.1))
    now = schedule.at(10).learning_rate
    assert schedule.undo(10) == [Event(10, "learning_rate", now, 0.4, "undone")]
    assert rates_of(schedule, 10, 30) == [0.4, 0.4]


def test_undo_of_the_end_of_a_schedule_lets_it_go_on() -> None:
    schedule, cosine = Schedule(HeavyBall(0.4)), Cosine(20, 0.1)
    schedule.follow(0, cosine)
    schedule.set(5, {"learning_rate": 0.2})
    (event,) = schedule.undo(12)
    assert event == Event(12, "learning_rate", 0.2, cosine(12, 0.4), "undone: cosine to 0.1 over 20 steps goes on")
    assert schedule.at(15).learning_rate == cosine(15, 0.4)
    schedule.undo(15)
    assert schedule.at(15).learning_rate == 0.4


def test_a_bad_change_leaves_all_as_it_was() -> None:
    schedule = Schedule(HeavyBall(0.4))
    with pytest.raises(ArgumentError, match="beta=2"):
        schedule.set(3, {"learning_rate": 0.2, "beta": 2})
    with pytest.raises(UnknownNameError, match="did you mean 'beta'"):
        schedule.set(3, {"beat": 2})
    assert (schedule.at(5), schedule.events) == (HeavyBall(0.4), ())
    with pytest.raises(RunError):
        schedule.undo(3)


def test_iterates_make_exactly_the_steps_of_the_schedule() -> None:
    problem, cosine = network(), Cosine(15, 0.05)
    simulation = Simulation(problem, HeavyBall(0.4), ("discrete",), steps=30, snapshots=(10, 20))
    kept = {}
    while not simulation.finished:
        if simulation.row == 5:
            simulation.follow(cosine)
        simulation.advance()
        kept |= simulation.drain()[0].parameters
    w, m = problem.w0, torch.zeros_like(problem.w0)
    for step in range(20):
        rate = 0.4 if step < 6 else cosine(step - 6, 0.4)
        w, moments = HeavyBall(rate).step(
            w, rf.engine.optimizers.Moments(m, None), problem.value_and_grad(w)[1], step + 1
        )
        m = moments.momentum
        if step + 1 in kept:
            assert np.array_equal(kept[step + 1], w.numpy())
    assert simulation.events[0].step == 6
    assert simulation.optimizer.learning_rate == 0.05
    assert simulation.edge_factor == pytest.approx(HeavyBall(0.05).edge_threshold() * 0.05)


def test_a_schedule_from_the_start() -> None:
    simulation = Simulation(network(), HeavyBall(0.4), ("discrete",), steps=4, schedule=rf.schedules.WarmUp(3))
    assert simulation.events == (Event(0, "learning_rate", 0.4, 0.1, "warm-up over 3 steps"),)
    assert simulation.describe()["optimizer"]["values"]["learning_rate"] == 0.4
    assert [entry["kind"] for entry in simulation.describe()["schedules"]] == ["warm_up", "cosine", "steps", "drawn"]
    with pytest.raises(ArgumentError, match=r"schedule='cosine' is no schedule: give, e.g., rf.schedules"):
        Simulation(network(), HeavyBall(0.4), schedule="cosine")
    with pytest.raises(ArgumentError, match="is no schedule"):
        simulation.follow(0.3)


def kept(schedule, flow, optimizer=rf.optimizers.GradientDescent, rate=0.3, steps=40, problem=None):
    """Centres of a flow at every row."""
    simulation = Simulation(
        problem or rf.problems.quadratic(w0=1.0), optimizer(rate), (flow,), steps=steps, schedule=schedule,
        snapshots=range(steps + 1),
    )  # fmt: skip
    while not simulation.finished:
        simulation.advance()
    (block,) = simulation.drain()
    return block.parameters


@pytest.mark.parametrize("schedule", [Cosine(25, 0.02), rf.schedules.Steps(1, 0.9), rf.schedules.WarmUp(12)])
def test_stable_flow_on_a_quadratic_has_moved_by_the_sum_of_the_rates(schedule) -> None:
    found = kept(schedule, rf.flows.Stable(tolerance=1e-7))
    rates = schedule(np.arange(41), 0.3)
    for step, w in found.items():
        expected = np.exp(-(rates[:step].sum() + rates[step] / 2))
        assert w[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", ["Rod", "Central"])
def test_halving_the_step_of_a_flow_changes_little_under_a_schedule(name) -> None:
    flow = getattr(rf.flows, name)
    schedule = Cosine(30, 0.4)
    coarse, fine = (kept(schedule, flow(substeps=n), rate=0.1, problem=network()) for n in (2, 4))
    for step, w in coarse.items():
        moved = np.linalg.norm(fine[step] - network().w0.numpy())
        assert np.linalg.norm(w - fine[step]) < 2e-3 * moved
