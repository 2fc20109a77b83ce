"""Surveys against what is known on paper: planes, landscapes and densities."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine import Simulation
from rodflow_widgets.engine.surveys import SURVEYS, topic
from rodflow_widgets.errors import ArgumentError, UnknownNameError

from .problems import network
from .test_eigenpairs import hessian

CURVATURES = np.array([5.0, 4.0, 1.0, 0.5, 0.2])
RATE = 0.39
BUDGET = 10**7


def bowl(curvatures=CURVATURES, w0=None):
    c = torch.tensor(curvatures, dtype=torch.float64)
    start = torch.ones(len(c), dtype=torch.float64) if w0 is None else w0
    return rf.Problem.from_function(lambda w: (c * w * w).sum() / 2, start, "bowl")


def finished(problem=None, steps=30, processes=("discrete", "rod", "stable"), learning_rate=RATE, **options):
    options.setdefault("trail", BUDGET)
    optimizer = rf.optimizers.GradientDescent(learning_rate)
    simulation = Simulation(problem or bowl(), optimizer, processes, steps=steps, **options)
    while not simulation.finished:
        simulation.advance()
    return simulation


def parts(run, name, kept=None, **args):
    return [part for part in topic(name, run.problem, args).work(run, kept or {}) if part is not None]


def survey(run, name, kept=None, **args):
    return parts(run, name, kept, **args)[-1]


def iterates(steps):
    """w_t of gradient descent from 1 on the bowl."""
    return (1 - RATE * CURVATURES)[None] ** np.arange(steps)[:, None]


# ---------------------------------------------------------------------- plane


def test_eigenvectors_of_a_bowl_are_its_axes() -> None:
    seen = survey(finished(), "plane", step=10, window=9, x="sharpest", y="eigenvector 3")
    w = iterates(40)
    origin = (w[10] + w[11]) / 2
    shown = np.arange(6, 15)
    np.testing.assert_array_equal(seen.arrays["discrete/time"], shown)
    wanted = (w[shown] - origin)[:, [0, 2]]
    np.testing.assert_allclose(seen.arrays["discrete/coordinates"], wanted, atol=1e-4)
    distances = (w[shown] - origin) ** 2
    assert seen.facts["inside"] == pytest.approx(distances[:, [0, 2]].sum() / distances.sum(), abs=1e-3)
    assert seen.facts["step"] == seen.step == 10
    assert (seen.facts["first"], seen.facts["last"]) == (6, 14)
    swing = (w[10] - 2 * w[11] + w[12]) / 4
    assert seen.facts["along"] == pytest.approx(swing[2] ** 2 / (swing**2).sum(), abs=1e-3)
    assert dict(seen.words) == {"x": "sharpest direction, step 10", "y": "eigenvector 3, step 10"}
    assert seen.share == 1


def test_travel_and_oscillation_by_dot_products() -> None:
    run = finished()
    seen = survey(run, "plane", step=10, window=9)
    w = iterates(40)
    origin, swing = (w[10] + w[11]) / 2, (w[10] - 2 * w[11] + w[12]) / 4
    travel = (w[14] + w[15]) / 2 - (w[6] + w[7]) / 2
    x = travel / np.linalg.norm(travel)
    y = swing - (swing @ x) * x
    y = y / np.linalg.norm(y) * np.sign(swing[np.abs(swing).argmax()])
    np.testing.assert_allclose(
        seen.arrays["discrete/coordinates"], (w[6:15] - origin) @ np.stack([x, y], 1), atol=1e-12
    )
    assert seen.facts["along"] == pytest.approx((swing @ y) ** 2 / (swing @ swing))
    there = np.arange(6, 15)
    centres = run.trail.positions("rod", there).numpy()
    np.testing.assert_allclose(seen.arrays["rod/coordinates"], (centres - origin) @ np.stack([x, y], 1), atol=1e-12)
    rods = run.trail.vectors("rod", "rod", there).numpy()
    np.testing.assert_allclose(seen.arrays["rod/rod"], rods @ np.stack([x, y], 1), atol=1e-12)
    assert "stable/rod" not in seen.arrays


def test_given_vectors_are_the_axes_and_hold_a_run_that_lies_in_them() -> None:
    start = torch.zeros(5, dtype=torch.float64)
    start[[1, 3]] = 1.0
    run = finished(bowl(w0=start))
    x, y = np.eye(5)[1] * 3, np.eye(5)[3] + np.eye(5)[1]
    seen = survey(run, "plane", x=x, y=y)
    assert seen.facts["inside"] == pytest.approx(1.0)
    np.testing.assert_allclose(seen.kept.axes.numpy(), np.eye(5)[[1, 3]], atol=1e-15)
    there = seen.arrays["discrete/time"].astype(int)
    points = [seen.kept.at(*at).numpy() for at in seen.arrays["discrete/coordinates"]]
    np.testing.assert_allclose(points, run.trail.positions("discrete", there).numpy(), atol=1e-14)
    assert seen.words["x"] == "given direction"


def test_with_a_preconditioner_eigenvectors_are_directions_of_the_parameters() -> None:
    problem = network()
    run = Simulation(problem, rf.optimizers.RMSProp(1e-3), ("discrete",), steps=12, trail=BUDGET)
    while not run.finished:
        run.advance()
    seen = survey(run, "plane", x="sharpest", y="eigenvector 2")
    w = run.trail.window(12)[:2].mean(0)
    P = run.trail.vectors("discrete", "preconditioner", [12])[0]
    _, vectors = torch.linalg.eigh(hessian(problem.starting_at(w)) / (P[:, None] * P[None]).sqrt())
    sharpest = vectors[:, -1] / P.sqrt()
    cosine = float(seen.kept.axes[0] @ sharpest / sharpest.norm())
    assert abs(cosine) == pytest.approx(1.0, abs=1e-4)


def test_a_window_is_moved_to_what_is_kept() -> None:
    run = finished()
    for step, first, last in ((0, 0, 9), (30, 21, 30), (15, 11, 20)):
        seen = survey(run, "plane", step=step, window=10)
        assert (seen.facts["first"], seen.facts["last"]) == (first, last)
    assert len(survey(run, "plane").arrays["discrete/time"]) == 31


@pytest.mark.parametrize("x", ["travel", "eigenvector 2"])
def test_rows_that_the_run_loses_meanwhile_are_shown_as_they_were(x) -> None:
    optimizer = rf.optimizers.GradientDescent(RATE)
    run = Simulation(bowl(), optimizer, steps=200, trail=3000)
    while len(run.trail.steps) == run.row < 100:
        run.advance()
    before = survey(run, "plane", window=200, x=x)
    kept = run.trail.steps
    work = topic("plane", bowl(), {"step": before.step, "window": 200, "x": x}).work(run, {})
    seen = None
    for part in work:
        seen = part or seen
        for _ in kept:
            run.advance()
    assert seen is not None
    assert run.trail.steps[0] > kept[-1]
    assert before.arrays.keys() == seen.arrays.keys()
    assert {"rod/rod", "stable/coordinates"} < seen.arrays.keys()
    for name, values in before.arrays.items():
        np.testing.assert_array_equal(seen.arrays[name], values)
    assert seen.facts == before.facts


def test_flows_are_shown_from_where_they_begin() -> None:
    seen = survey(finished(), "plane", step=0, window=10)
    np.testing.assert_array_equal(seen.arrays["rod/time"], np.arange(2, 10))
    np.testing.assert_array_equal(seen.arrays["stable/time"], np.arange(0, 10))


def test_directions_that_span_no_plane() -> None:
    run = finished()
    with pytest.raises(ArgumentError, match="y is parallel to x"):
        survey(run, "plane", x="sharpest", y="eigenvector 1")
    with pytest.raises(ArgumentError, match="length 0"):
        survey(run, "plane", x=np.zeros(5))


def test_a_run_that_diverged_is_shown_up_to_there() -> None:
    run = finished(rf.problems.valley(), 80, learning_rate=1.5, processes=("discrete", "rod"))
    newest = int(run.trail.steps[-1])
    assert not torch.isfinite(run.trail.window(newest)).all()
    seen = survey(run, "plane", step=run.trail.find(None) - 5, window=6)
    assert all(np.isfinite(values).all() for values in seen.arrays.values())
    for step in (newest, None):
        with pytest.raises(ArgumentError, match="diverged there: give an earlier step"):
            survey(run, "plane", step=step)
    assert survey(run, "density", step=run.trail.find(None) - 5).facts["exact"] == 1


# ---------------------------------------------------------------------- landscape


def test_a_landscape_in_a_plane_is_the_loss_at_its_points() -> None:
    problem = network()
    run = finished(problem, processes=("discrete",), learning_rate=0.05)
    plane = survey(run, "plane")
    seen = parts(run, "landscape", plane=plane, x=[-0.1, 0.2], y=[-0.3, 0.4], size=13)
    shares = [part.share for part in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    first, last = seen[0].arrays["loss"], seen[-1].arrays["loss"]
    assert np.isnan(first).any()
    assert last.shape == (13, 13)
    for i, y in enumerate(np.linspace(-0.3, 0.4, 13)):
        for j, x in enumerate(np.linspace(-0.1, 0.2, 13)):
            wanted = float(problem.loss(plane.kept.at(x, y)))
            assert last[i, j] == wanted
            assert np.isnan(first[i, j]) or first[i, j] == wanted
    facts = seen[-1].facts
    assert (facts["x_from"], facts["x_to"], facts["y_from"], facts["y_to"]) == (-0.1, 0.2, -0.3, 0.4)
    assert facts["evaluations"] == 169
    assert seen[-1].words == plane.words


def test_the_landscape_of_a_toy_is_over_its_coordinates() -> None:
    run = finished(rf.problems.valley())
    seen = survey(run, "landscape", x=(-1, 1), y=(4, 6), size=5)
    x, y = np.meshgrid(np.linspace(-1, 1, 5), np.linspace(4, 6, 5))
    np.testing.assert_allclose(seen.arrays["loss"], (y + x) * x * x / 2 - 1e-2 * (x + y), rtol=1e-12)
    assert seen.words == {"x": "x", "y": "y"}


def test_the_landscape_of_one_parameter_is_a_line_about_the_iterates() -> None:
    run = finished(rf.problems.quartic(), learning_rate=1.0)
    seen = survey(run, "landscape")
    w = np.linspace(seen.facts["x_from"], seen.facts["x_to"], 49)
    np.testing.assert_allclose(seen.arrays["loss"], w**2 / 2 - 0.1 * w**4 / 4, rtol=1e-12)
    positions = run.trail.positions("discrete", run.trail.steps).numpy()
    assert w[0] < positions.min()
    assert w[-1] > positions.max()
    assert "y_from" not in seen.facts
    assert seen.words == {"x": "w"}


@pytest.mark.parametrize("size", [2, 3, 7, 8, 49, 50])
def test_every_point_is_computed_once(size) -> None:
    seen = survey(finished(rf.problems.valley(), steps=3), "landscape", size=size)
    assert np.isfinite(seen.arrays["loss"]).all()
    assert seen.facts["evaluations"] == size**2


def test_what_is_not_finite_is_left_out() -> None:
    problem = rf.Problem.from_function(lambda w: torch.log(w).sum() ** 2, [2.0, 3.0])
    seen = survey(finished(problem, steps=3, learning_rate=0.01), "landscape", x=(-1, 1), y=(0.5, 1), size=3)
    assert np.isnan(seen.arrays["loss"][:, :2]).all()
    assert np.isfinite(seen.arrays["loss"][:, 2]).all()


def test_planes_are_found_by_their_keys() -> None:
    run = finished()
    plane = survey(run, "plane").kept
    seen = survey(run, "landscape", {"a": plane}, plane="a", size=3)
    assert np.isfinite(seen.arrays["loss"]).all()
    with pytest.raises(ArgumentError, match="plane=7 is not kept, those of 'a' are"):
        survey(run, "landscape", {"a": plane}, plane=7)
    with pytest.raises(ArgumentError, match="plane=7 is not kept, none is"):
        survey(run, "landscape", plane=7)


# ---------------------------------------------------------------------- density


def test_the_density_of_a_small_matrix_is_exact() -> None:
    seen = survey(finished(), "density", step=4)
    assert seen.facts["exact"] == 1
    assert seen.facts["dim"] == seen.facts["products"] == 5
    assert seen.facts["threshold"] == pytest.approx(2 / RATE)
    assert seen.facts["smallest"] == pytest.approx(min(CURVATURES), rel=1e-12)
    np.testing.assert_allclose(seen.arrays["outliers"], CURVATURES, rtol=1e-12)
    grid, density = seen.arrays["grid"], seen.arrays["density"]
    assert np.trapezoid(density, grid) == pytest.approx(5, abs=1e-4)
    for value in CURVATURES:
        near = np.abs(grid - value) < 0.1
        assert np.trapezoid(density[near], grid[near]) == pytest.approx(1, abs=0.1)
    assert (seen.arrays["error"] == 0).all()


def test_equal_eigenvalues_do_not_stand_alone() -> None:
    curvatures = np.array([5.0, 3.0, 3.0, 1.0])
    seen = survey(finished(bowl(curvatures), processes=("discrete",)), "density")
    np.testing.assert_allclose(seen.arrays["outliers"], [5.0, 1.0], rtol=1e-12)


def test_the_density_by_probes_is_that_of_the_matrix_within_its_error() -> None:
    outliers = np.array([5.0, 4.6, 4.0, 3.3])
    curvatures = np.concatenate([outliers, np.linspace(0, 1, 496)])
    seen = parts(finished(bowl(curvatures), 2, ("discrete",)), "density", probes=40)
    last = seen[-1]
    assert [part.share for part in seen] == [n / 40 for n in range(2, 41)]
    assert last.facts["exact"] == 0
    assert last.facts["products"] == 40 * 40
    assert 0 < last.facts["smallest"] < 0.01
    grid, density = last.arrays["grid"], last.arrays["density"]
    assert np.trapezoid(density, grid) == pytest.approx(500, rel=1e-5)
    width = 0.01 * (grid[-1] - grid[0]) / 1.1
    bells = np.exp(-0.5 * ((grid[:, None] - curvatures) / width) ** 2) / (width * np.sqrt(2 * np.pi))
    bulk = (grid > 0.1) & (grid < 0.9)
    smooth = np.convolve(density, np.ones(25) / 25, "same")
    assert np.abs(smooth / bells.sum(1) - 1)[bulk].max() < 0.15
    peaks = grid > 2
    assert (np.abs(density - bells.sum(1)) <= 4 * last.arrays["error"] + 1e-6)[peaks].mean() > 0.97
    np.testing.assert_allclose(last.arrays["outliers"], outliers, atol=1e-6)


def test_the_density_of_a_flow_is_at_its_centre() -> None:
    run = finished(rf.problems.valley(), steps=20, learning_rate=0.3)
    seen = survey(run, "density", step=12, process="stable")
    centre = run.trail.positions("stable", [12])[0]
    values = torch.linalg.eigvalsh(hessian(rf.problems.valley().starting_at(centre))).flip(0)
    np.testing.assert_allclose(seen.arrays["outliers"], values.numpy(), rtol=1e-10)


def test_a_flow_that_had_not_begun_has_no_density() -> None:
    with pytest.raises(ArgumentError, match="step=1 has no 'rod': it is there from step 2 to 30"):
        survey(finished(), "density", step=1, process="rod")


# ---------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("name", "args", "error", "words"),
    [
        ("plain", {}, UnknownNameError, "topic 'plain' is unknown: did you mean 'plane'"),
        (["plane"], {}, UnknownNameError, "topic"),
        ("plane", {"windows": 3}, UnknownNameError, "argument of plane 'windows' is unknown: did you mean 'window'"),
        ("plane", {"problem": 3}, UnknownNameError, "argument of plane 'problem'"),
        ("plane", {"step": -1}, ArgumentError, "step=-1"),
        ("plane", {"window": 0}, ArgumentError, "window=0"),
        ("plane", {"x": "travels"}, UnknownNameError, "did you mean 'travel'"),
        ("plane", {"x": "eigenvector 6"}, ArgumentError, "at most 5"),
        ("plane", {"y": [1.0, 2.0]}, ArgumentError, "y has shape"),
        ("plane", {"y": [1.0, 2.0, 3.0, 4.0, np.inf]}, ArgumentError, "not finite"),
        ("landscape", {}, ArgumentError, "plane=None"),
        ("landscape", {"plane": 1, "size": 202}, ArgumentError, "size=202"),
        ("landscape", {"plane": 1, "size": 1}, ArgumentError, "size=1"),
        ("landscape", {"plane": 1, "x": [0, np.nan]}, ArgumentError, "x="),
        ("landscape", {"plane": 1, "x": [0, np.inf]}, ArgumentError, "x="),
        ("landscape", {"plane": 1, "y": [1, 0]}, ArgumentError, "y="),
        ("landscape", {"plane": 1, "y": "01"}, ArgumentError, "y="),
        ("density", {"probes": 1}, ArgumentError, "probes=1"),
        ("density", {"step": 1.5}, ArgumentError, "step=1.5"),
    ],
)
def test_arguments_that_can_never_work(name, args, error, words) -> None:
    with pytest.raises(error, match=words):
        topic(name, bowl(), args)


def test_dimensions_that_do_not_fit() -> None:
    with pytest.raises(ArgumentError, match="a plane needs at least two"):
        topic("plane", rf.problems.quartic(), {})
    with pytest.raises(ArgumentError, match="give x alone"):
        topic("landscape", rf.problems.quartic(), {"y": [0, 1]})
    run = finished()
    with pytest.raises(ArgumentError, match="plane lies in 5 dimensions, this problem has 73"):
        topic("landscape", network(), {"plane": survey(run, "plane")})
    with pytest.raises(ArgumentError, match="topic 'density'"):
        topic("landscape", bowl(), {"plane": survey(run, "density")})


@pytest.mark.parametrize("name", ["plane", "density"])
def test_what_needs_kept_rows_says_so(name) -> None:
    with pytest.raises(ArgumentError, match="trail=0"):
        survey(finished(trail=0), name)
    with pytest.raises(ArgumentError, match="step=77 is not kept: the steps that are kept are 0 to 30"):
        survey(finished(), name, step=77)
    with pytest.raises(ArgumentError, match="Begin the run"):
        survey(Simulation(bowl(), rf.optimizers.GradientDescent(0.1), steps=3, trail=BUDGET), name)


def test_an_unknown_process_has_no_density() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'stable'"):
        survey(finished(), "density", process="stabel")


def test_every_topic_describes_what_it_finds() -> None:
    assert set(SURVEYS) == {"density", "landscape", "plane"}
    for kind in SURVEYS.values():
        assert "Args:" in kind.__doc__
        assert "facts" in kind.__doc__
