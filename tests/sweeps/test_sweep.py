"""A sweep in this process: points, batches, stopping and going on, what came of it."""

import numpy as np
import pytest

import rodflow_widgets as rf

GD = rf.optimizers.GradientDescent


@pytest.fixture(scope="module")
def problem():
    return rf.problems.quartic()


def swept(problem, optimizer=None, **options):
    return rf.sweep(problem, optimizer or GD(0.1), progress=False, **{"steps": 20, **options})


def test_lists_make_their_product(problem):
    sweep = swept(
        problem, rf.optimizers.HeavyBall(0.1, 0.9), learning_rate=[0.1, 0.2], beta=np.array([0.5, 0.9]), seeds=[3, 4]
    )
    assert sweep.axes == {"learning_rate": (0.1, 0.2), "beta": (0.5, 0.9), "seed": (3, 4)}
    assert len(sweep) == len(sweep.points) == len(sweep.recordings) == 8
    assert dict(sweep.points[3].values) == {"learning_rate": 0.1, "beta": 0.9}
    assert (sweep.points[3].seed, sweep.points[3].start) == (4, None)
    assert sweep.points[3].name == "learning rate 0.1, momentum β 0.9, seed 4"
    assert [rec.spec["together"] for rec in sweep.recordings] == [4] * 8
    for point, rec in zip(sweep.points, sweep.recordings, strict=True):
        assert rec.spec["optimizer"]["values"] == dict(point.values)
        assert rec.spec["seed"] == point.seed
        alone = rf.simulate(
            problem, rf.optimizers.HeavyBall(**point.values), ("discrete",), steps=20, seed=point.seed, progress=False
        )
        np.testing.assert_allclose(rec["discrete"]["loss"], alone["discrete"]["loss"], rtol=1e-12)
    assert sweep.status.state == "finished"


def test_a_sweep_stops_and_goes_on_exactly_where_it_was(problem):
    whole = swept(problem, learning_rate=[0.1, 0.2, 3.0], steps=60)
    sweep = swept(problem, learning_rate=[0.1, 0.2, 3.0], steps=60, wait=False)
    sweep.stop()
    kept = sweep.recordings
    sweep.resume()
    assert sweep.wait(60).state == "finished"
    assert sweep.recordings == kept
    for one, other in zip(whole.recordings, sweep.recordings, strict=True):
        for column in one["discrete"]:
            np.testing.assert_array_equal(one["discrete"][column], other["discrete"][column])
        assert one.status == other.status
