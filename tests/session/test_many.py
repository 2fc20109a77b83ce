"""Many runs: what is given, what comes back, and what an interrupt leaves."""

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine.lockstep import Lockstep
from rodflow_widgets.errors import ArgumentError, ProblemError, UnknownNameError

GD = rf.optimizers.GradientDescent


@pytest.fixture(scope="module")
def problem():
    return rf.problems.digits_mlp(widths=(8,), n=60, seed=0)


def many(problem, optimizers, processes=("discrete", "rod"), **options):
    return rf.simulate_many(problem, optimizers, processes, progress=False, **{"steps": 12, **options})


def test_a_recording_a_run_in_the_order_of_what_was_given(problem, tmp_path):
    rates = [0.3, 0.1, 0.2]
    found = many(problem, [GD(rate) for rate in rates])
    assert [rec.spec["optimizer"]["values"]["learning_rate"] for rec in found] == rates
    for rate, rec in zip(rates, found, strict=True):
        assert (rec.status.state, rec.spec["together"], len(rec["discrete"])) == ("finished", 3, 13)
        assert rec["rod"].status.sentence == "It finished all 12 steps."
        alone = rf.simulate(problem, GD(rate), ("discrete", "rod"), steps=12, progress=False)
        np.testing.assert_allclose(rec["discrete"]["loss"], alone["discrete"]["loss"], rtol=1e-10)
        assert rec.seconds > 0
    again = rf.load(found[1].save(tmp_path / "run.zarr.zip"))
    np.testing.assert_array_equal(again["rod"]["loss"], found[1]["rod"]["loss"])
    assert again.spec["together"] == 3


def test_what_is_given_once_is_for_all(problem):
    points = torch.stack([problem.w0, 0.5 * problem.w0])
    by_start = many(problem, GD(0.2), starts=points)
    assert [rec.spec["together"] for rec in by_start] == [2, 2]
    for w, rec in zip(points, by_start, strict=True):
        assert rec["discrete"]["loss"][0] == pytest.approx(float(problem.loss(w)), rel=1e-12)
    assert len(many(problem, GD(0.2), starts=problem.w0)) == 1
    assert [rec.spec["seed"] for rec in many(problem, [GD(0.2)], seeds=range(2))] == [0, 1]
    both = many(problem, [GD(0.1), GD(0.2)], starts=list(points), seeds=np.array([3, 4]))
    assert [rec.spec["seed"] for rec in both] == [3, 4]


def test_the_rest_runs_one_after_the_other_and_says_why(problem):
    found = many(problem, [GD(0.1), rf.optimizers.Adam(1e-3), GD(0.2)], ("discrete",))
    assert [rec.spec["together"] for rec in found] == [2, 1, 2]
    assert "no other run" in found[1].spec["alone"]
    assert "alone" not in found[0].spec
    central = many(problem, [GD(0.1), GD(0.2)], ("discrete", "central"))
    assert {rec.spec["alone"] for rec in central} == {"'central' is computed run by run"}
    assert {rec.spec["together"] for rec in many(problem, [GD(0.1), GD(0.2), GD(0.3)], at_once=2)} == {2, 1}


def test_an_interrupt_keeps_what_was_computed(problem, monkeypatch):
    advance = Lockstep.advance
    calls = []

    def interrupted(self):
        calls.append(self)
        if len(calls) == 8:
            raise KeyboardInterrupt
        advance(self)

    monkeypatch.setattr(Lockstep, "advance", interrupted)
    found = many(problem, [GD(0.1), rf.optimizers.Adam(1e-3), GD(0.2)], ("discrete",))
    assert [rec.status.state for rec in found] == ["stopped"] * 3
    assert [len(rec["discrete"]) for rec in found] == [7, 0, 7]
    assert found[0].status.sentence == "Stopped at step 6. The recording up to there is kept."
    assert found[1].status.sentence == "Stopped before it began."


def test_a_run_that_diverges_is_a_result(problem):
    quadratic = rf.problems.quadratic(w0=1.0)
    found = many(quadratic, [GD(0.5), GD(3.0)], steps=60)
    assert [rec.status.state for rec in found] == ["finished", "diverged"]
    assert len(found[1]["discrete"]) < len(found[0]["discrete"]) == 61


def test_the_progress_bar_counts_steps_of_batches(problem, capsys):
    rf.simulate_many(problem, [GD(0.1), GD(0.2), rf.optimizers.Adam(1e-3)], ("discrete",), steps=12)
    assert "24/24" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"optimizers": []}, ArgumentError, ["optimizers are empty"]),
        ({"optimizers": [0.1]}, ArgumentError, ["optimizer=0.1"]),
        ({"seeds": [1, 2, 3]}, ArgumentError, ["2 optimizers", "3 seeds", "one for all runs"]),
        ({"starts": [[0.0, 1.0]]}, ArgumentError, ["w0 has 2 entries", "parameters"]),
        ({"starts": [[float("nan")] * 610]}, ProblemError, ["w0[0] = nan"]),
        ({"starts": 3.0}, ArgumentError, ["starts=3.0"]),
        ({"at_once": 0}, ArgumentError, ["at_once=0"]),
        ({"step": 5}, UnknownNameError, ["'step'", "'steps'"]),
        ({"steps": 1, "processes": ("rod",)}, ArgumentError, ["steps=1", "'rod'"]),
        ({"problem": "net"}, ArgumentError, ["problem='net'"]),
    ],
)
def test_bad_input_is_refused_before_anything_runs(problem, arguments, error, words, monkeypatch):
    monkeypatch.setattr(Lockstep, "advance", lambda self: pytest.fail("it ran"))
    given = {"problem": problem, "optimizers": [GD(0.1), GD(0.2)], **arguments}
    with pytest.raises(error) as caught:
        rf.simulate_many(given.pop("problem"), given.pop("optimizers"), progress=False, **given)
    for word in words:
        assert word in str(caught.value)
