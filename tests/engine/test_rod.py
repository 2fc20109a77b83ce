"""The exact-rate rod against closed forms: rates on a quadratic, fixed points, the masking toy, momentum."""

import math

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem, Simulation
from rodflow_widgets.engine.flows.modes import fractional_power, inverse_root, secant_update
from rodflow_widgets.errors import ArgumentError

from .problems import network, run, still

BOTH = pytest.mark.parametrize("substeps", [2, 4])


def halves(problem, optimizer, steps, **options):
    flows = ("discrete", rf.flows.Rod(), rf.flows.Rod(substeps=4, name="rod4"))
    return run(Simulation(problem, optimizer, flows, steps=steps, start=0, **options))


@BOTH
@pytest.mark.parametrize("h", [1.9, 2.0, 2.1, 2.5])
def test_growth_on_a_quadratic_is_the_logarithm_of_the_multiplier(h: float, substeps: int) -> None:
    problem, optimizer = rf.problems.quadratic(sharpness=1.0), rf.optimizers.GradientDescent(h)
    flow = rf.flows.Rod(substeps=substeps).begin(still(problem, optimizer, 1e-3))
    lengths = []
    for _ in range(20):
        lengths.append(float(flow.x.norm()))
        flow.advance()
    rate = math.log(lengths[-1] / lengths[0]) / 19
    assert rate == pytest.approx(math.log(h - 1), abs=1e-12)
    assert float(flow.w.abs()) < 1e-12


@BOTH
@pytest.mark.parametrize("ratio", [0.7, 0.9, 0.99, 1.0, 1.01, 1.05])
def test_heavy_ball_on_a_quadratic_alternates_as_its_map_does(ratio: float, substeps: int) -> None:
    optimizer = rf.optimizers.HeavyBall(1.0)
    sharpness = ratio * optimizer.edge_threshold()
    problem = rf.problems.quadratic(sharpness=sharpness)
    flow = rf.flows.Rod(substeps=substeps).begin(still(problem, optimizer, 1e-3))
    z = np.array([1e-3, 0.0])
    (A,) = optimizer.mode_matrices(np.array([sharpness]), 1)
    for t in range(40):
        x = np.array([float(flow.x), float(flow.xm)])
        assert np.abs(x - (-1) ** t * z).max() <= 1e-11 * max(np.abs(z).max(), 1e-3)
        z = A @ z
        flow.advance()


@BOTH
@pytest.mark.parametrize("ratio", [0.9, 0.99, 1.0, 1.05])
def test_nesterov_on_a_quadratic_alternates_as_its_map_does(ratio: float, substeps: int) -> None:
    """From the alternating eigenvector: the other multiplier is positive here, so its part belongs to the centre."""
    optimizer = rf.optimizers.Nesterov(1.0)
    sharpness = ratio * optimizer.edge_threshold()
    (A,) = optimizer.mode_matrices(np.array([sharpness]), 1)
    values, vectors = np.linalg.eig(A)
    alternating, other = vectors[:, values.argmin()], values.max()
    assert values.min() < -0.7
    assert 0 < other < 1
    z = 1e-3 * alternating / alternating[0]
    flow = rf.flows.Rod(substeps=substeps).begin(still(rf.problems.quadratic(sharpness=sharpness), optimizer, 1e-3))
    flow.xm[0, 0] = z[1]
    for t in range(40):
        x = np.array([float(flow.x), float(flow.xm)])
        assert np.abs(x - (-1) ** t * z).max() <= 1e-11 * max(np.abs(z).max(), 1e-3)
        z = A @ z
        flow.advance()


@pytest.mark.parametrize(
    ("learning_rate", "square"), [(2.05, 0.243902), (2.2, 0.909091), (2.5, 2.0), (2.9, 3.103448), (1.8, 0.0)]
)
def test_fixed_points_of_the_quartic(learning_rate: float, square: float) -> None:
    columns = halves(rf.problems.quartic(S=1.0, Q=0.1), rf.optimizers.GradientDescent(learning_rate), 400)
    for name in ("rod", "rod4"):
        assert columns[name]["oscillation"][-1] ** 2 == pytest.approx(square, abs=1e-6)
    assert columns["discrete"]["oscillation"][-1] ** 2 == pytest.approx(square, abs=1e-6)


def test_double_well_just_beyond_its_edge() -> None:
    problem = Problem.from_function(lambda w: ((w**2 - 1) ** 2).sum() / 4, [1.001])
    columns = run(
        Simulation(
            problem,
            rf.optimizers.GradientDescent(1.03),
            ("discrete", "rod"),
            steps=1001,
            start=0,
            snapshots=(998, 999, 1000),
        )
    )
    assert columns["rod"]["oscillation"][998] == pytest.approx(columns["discrete"]["oscillation"][998], abs=1e-10)


def test_the_masking_toy_is_not_masked() -> None:
    a = 0.002
    problem = Problem.from_function(lambda w: (1.8 + w[1]) * w[0] ** 2 / 2 - a * w[1], [0.05, 0.0])
    columns = halves(problem, rf.optimizers.GradientDescent(1.0), 400)
    for name in ("rod", "rod4"):
        assert 2 * columns[name]["sharpness_ratio"].max() == pytest.approx(2.219, abs=5e-3)
        assert (columns[name]["oscillation"][200:] ** 2).mean() == pytest.approx(0.0056, abs=3e-4)
    assert 2 * columns["discrete"]["sharpness_ratio"].max() == pytest.approx(2.22, abs=1e-2)


@pytest.mark.parametrize("epsilon", [1e-2, 3e-3])
def test_iterates_and_rod_come_to_the_edge_of_the_valley(epsilon: float) -> None:
    problem = rf.problems.valley(epsilon=epsilon)
    columns = run(Simulation(problem, rf.optimizers.GradientDescent(0.3), ("discrete", "rod"), steps=int(6 / epsilon)))
    for name in ("discrete", "rod"):
        assert columns[name]["sharpness_ratio"][-1] == pytest.approx(1.0, abs=15 * epsilon)
    assert columns["rod"]["relative_distance"][-1] < 0.02


def test_the_catapult_toy_from_its_third_iterate() -> None:
    problem = Problem.from_function(lambda w: (1 - w[0] ** 2 * w[1] ** 2) ** 2 / 4, [3.2, 0.1])
    flows = ("discrete", "rod", rf.flows.Rod(substeps=4, name="rod4"), "stable")
    columns = run(Simulation(problem, rf.optimizers.GradientDescent(0.2), flows, steps=299))
    assert columns["rod"]["distance"][-1] < 0.01
    assert columns["rod4"]["distance"][-1] < 0.01
    assert columns["stable"]["distance"][-1] > 0.5


def test_a_learning_rate_that_changes_moves_flow_and_iterates_at_one_step() -> None:
    problem = Problem.from_function(lambda w: 0.05 * (w**2).sum(), [1.0, -2.0, 3.0])
    simulation = Simulation(
        problem, rf.optimizers.GradientDescent(0.4), ("discrete", "rod", "rod-covariance", "stable"), steps=60
    )
    while simulation.row < 30:
        simulation.advance()
    (event,) = simulation.set(learning_rate=1.6)
    columns = run(simulation)
    assert event.step == 31
    threshold = columns["discrete"]["edge_threshold"]
    assert threshold[30] == pytest.approx(2 / 0.4)
    assert threshold[31] == pytest.approx(2 / 1.6)
    assert columns["rod"]["relative_distance"].max() < 2e-3
    assert columns["rod-covariance"]["relative_distance"].max() < 1e-2
    assert columns["stable"]["relative_distance"].max() < 5e-2


def test_powers_of_matrices_and_the_secant() -> None:
    M = np.array([[[0.7, 0.2], [-0.4, 0.9]], [[1.1, 0.0], [0.3, 0.6]]])
    half = fractional_power(M, 0.5)
    assert np.allclose(half @ half, M, atol=1e-12)
    assert np.allclose(fractional_power(np.array([[[1.21]], [[-3.0]]]), 0.5)[:, 0, 0], [1.1, math.sqrt(0.05)])
    K, omega, difference = np.diag([3.0, 1.0]), np.array([1.0, 0.5]), np.array([2.0, 2.0])
    new, mismatch = secant_update(K, omega, difference)
    assert np.allclose(new @ omega, difference)
    assert np.allclose(new, new.T)
    assert mismatch == pytest.approx(np.linalg.norm(difference - K @ omega) / np.linalg.norm(K @ omega))
    gram = np.array([[2.0, 0.3], [0.3, 1.0]])
    root = inverse_root(gram)
    assert np.allclose(root @ gram @ root, np.eye(2))


@pytest.mark.parametrize("substeps", [3, 1, 0, 2.0, True])
def test_a_rod_refuses_substeps_that_cannot_hold_its_delay(substeps) -> None:
    with pytest.raises(ArgumentError, match="substeps"):
        rf.flows.Rod(substeps=substeps)


def test_the_rod_keeps_float32() -> None:
    problem = rf.problems.quartic(dtype=torch.float32)
    columns = run(Simulation(problem, rf.optimizers.GradientDescent(2.5), ("discrete", "rod"), steps=200, start=0))
    assert columns["rod"]["oscillation"][-1] ** 2 == pytest.approx(2.0, rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_the_rod_is_never_shorter_than_the_rounding_of_its_centre(dtype: torch.dtype) -> None:
    """The iterates' own oscillation begins as rounding, in whichever precision they are."""
    problem = rf.problems.double_well(w0=1.1, dtype=dtype)
    columns = run(Simulation(problem, rf.optimizers.GradientDescent(0.4), ("discrete", "rod"), steps=60, start=0))
    assert columns["rod"]["oscillation"][-1] == pytest.approx(torch.finfo(dtype).eps, rel=1e-3)


def test_the_tracker_looks_at_once_when_the_learning_rate_changes() -> None:
    """Without this the rod's sharpness is a prediction for up to eight steps while the iterates already sharpen."""
    simulation = Simulation(network(), rf.optimizers.GradientDescent(0.05), ("discrete", "rod"), steps=110)
    while simulation.row < 100:
        simulation.advance()
    simulation.set(learning_rate=0.2)
    columns = run(simulation)
    after = slice(102, 110)
    rod, discrete = columns["rod"]["sharpness"][100:108], columns["discrete"]["sharpness"][after]
    assert np.max(np.abs(rod / discrete - 1)) < 0.02
