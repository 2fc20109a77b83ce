"""Covariance rods and stable flow against closed forms and convergence orders."""

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.special
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem, Simulation
from rodflow_widgets.engine.registry import OPTIMIZERS
from rodflow_widgets.errors import ArgumentError

from .problems import network, run, still


@pytest.mark.parametrize(("h", "rate"), [(1.9, -0.195), (2.0, 0.0), (2.1, 0.205)])
def test_the_paper_closure_on_a_quadratic_has_its_own_rate(h: float, rate: float) -> None:
    problem, optimizer = rf.problems.quadratic(sharpness=1.0), rf.optimizers.GradientDescent(h)
    flow = rf.flows.CovarianceRod(modes=1, seed=1, substeps=400).begin(still(problem, optimizer, 1e-6))
    before = float(flow.columns[0][0].norm() ** 2)
    flow.advance()
    assert math.log(float(flow.columns[0][0].norm() ** 2) / before) == pytest.approx(rate, abs=2e-4)


def test_one_mode_is_the_paper_letter_for_letter() -> None:
    """One Euler step against section 1 of the design, written with the full p × p covariance."""
    problem, rate = network(), 0.15
    optimizer, dt = rf.optimizers.GradientDescent(rate), 1 / 64
    w0 = problem.w0
    w1 = w0 - rate * problem.value_and_grad(w0)[1]
    centre, delta = (w0 + w1) / 2, (w1 - w0) / 2
    g_plus, g_minus = (problem.value_and_grad(centre + s * delta)[1] for s in (1, -1))
    total = g_plus + g_minus
    bent = problem.hvp(centre + delta, total) + problem.hvp(centre - delta, total)
    moved = centre + dt * (-rate / 2 * total - rate**2 / 8 * bent)
    sigma = torch.outer(delta, delta)
    sigma = sigma + dt * (rate**2 / 4 * (torch.outer(g_plus, g_plus) + torch.outer(g_minus, g_minus)) - 2 * sigma)

    start = still(problem, optimizer, 0.0)
    flow = rf.flows.CovarianceRod(modes=1, seed=1, substeps=64).begin(start)
    flow.w, flow.columns = centre, [(delta, None)]
    flow._substep(dt)
    assert torch.allclose(flow.w, moved, rtol=0, atol=1e-14)
    assert float((flow.columns[0][0] ** 2).sum()) == pytest.approx(float(torch.linalg.eigvalsh(sigma)[-1]), rel=1e-10)


def test_the_masking_toy_masks_one_mode_and_not_two() -> None:
    a = 0.002
    problem = Problem.from_function(lambda w: (1.8 + w[1]) * w[0] ** 2 / 2 - a * w[1], [0.05, 0.0])
    flows = ("discrete", "rod-paper", rf.flows.CovarianceRod(modes=2, seed=1, name="two"))
    columns = run(Simulation(problem, rf.optimizers.GradientDescent(1.0), flows, steps=400, start=0))
    assert 2 * columns["rod-paper"]["sharpness_ratio"][-1] == pytest.approx(2.598, abs=5e-3)
    assert columns["rod-paper"]["masked"][-1] == 1
    assert 2 * columns["two"]["sharpness_ratio"].max() < 2.3
    assert columns["two"]["masked"][-1] == 0


def test_stable_flow_of_gradient_descent_is_gradient_flow() -> None:
    scale = torch.tensor([1.0, 0.3], dtype=torch.float64)
    problem = Problem.from_function(lambda w: (scale * w**2).sum() / 2, [1.0, -0.5])
    errors = []
    for tolerance in (1e-3, 1e-5, 1e-7):
        flow = rf.flows.Stable(tolerance=tolerance, most=1000)
        columns = Simulation(problem, rf.optimizers.GradientDescent(0.5), (flow,), steps=4, snapshots=(4,))
        while not columns.finished:
            columns.advance()
        (block,) = columns.drain()
        exact = problem.w0 * torch.exp(-0.5 * 4.5 * scale)
        errors.append(float((torch.from_numpy(block.parameters[4]) - exact).norm()))
    assert errors[0] < 1e-3
    order_two = 100 ** (2 / 3)
    assert errors[1] == pytest.approx(errors[0] / order_two, rel=0.3)
    assert errors[2] == pytest.approx(errors[1] / order_two, rel=0.3)


@pytest.mark.parametrize("name", ["HeavyBall", "Nesterov"])
@pytest.mark.parametrize("ratio", [0.1, 0.8, 1.2])
def test_stable_flow_of_momentum_follows_its_linear_equation(name: str, ratio: float) -> None:
    """On a quadratic the rate is (A − 1) − ½(A − 1)²: below and beyond the edge alike it decays."""
    optimizer = OPTIMIZERS[name](1.0, beta=0.8)
    sharpness = ratio * optimizer.edge_threshold()
    problem = rf.problems.quadratic(sharpness=sharpness, w0=1.0)
    flow = rf.flows.Stable(tolerance=1e-8, most=10000)
    simulation = Simulation(problem, optimizer, ("discrete", flow), steps=8, start=2, snapshots=(2, 8))
    while not simulation.finished:
        simulation.advance()
    _, kept = (block.parameters for block in simulation.drain())
    J = optimizer.mode_matrices(np.array([sharpness]), 1)[0] - np.eye(2)
    z = [np.array([1.0, 0.0])]
    for _ in range(3):
        z.append(z[-1] + J @ z[-1])
    exact = scipy.linalg.expm(6 * (J - J @ J / 2)) @ (z[2] + z[3]) / 2
    assert kept[2][0] == pytest.approx((z[2] + z[3])[0] / 2, rel=1e-12)
    assert kept[8][0] == pytest.approx(exact[0], rel=1e-5, abs=1e-9)


def test_stable_flow_meets_a_sharpness_that_leaps_between_two_looks() -> None:
    """The sharpness rises from 0.1 to 80 within half a step: the first try is unstable, is refused and repeated."""

    def loss(w):
        return (0.1 + 80 * torch.sigmoid(20 * (w[1] - 10))) * w[0] ** 2 / 2 - w[1]

    def rate(_, w):
        open_ = scipy.special.expit(20 * (w[1] - 10))
        return [-(0.1 + 80 * open_) * w[0], 1 - 800 * open_ * (1 - open_) * w[0] ** 2]

    problem = Problem.from_function(loss, [0.03, 0.0])
    simulation = Simulation(
        problem, rf.optimizers.GradientDescent(1.0), ("stable",), steps=30, snapshots=(8, 9, 10, 30)
    )
    while not simulation.finished:
        simulation.advance()
    (block,) = simulation.drain()
    exact = scipy.integrate.solve_ivp(
        rate, (0, 30.5), problem.w0, "Radau", [8.5, 9.5, 10.5, 30.5], rtol=1e-9, atol=1e-12
    )
    for at, w in zip((8, 9, 10, 30), exact.y.T, strict=True):
        assert block.parameters[at] == pytest.approx(w, abs=5e-3)
    assert block.columns["sharpness_ratio"][-1] == pytest.approx(80.1 / 2, rel=1e-6)
    late = np.diff(block.columns["cost"])[-5:]
    assert late.max() < 2 * math.sqrt(80)


@pytest.mark.parametrize("name", ["GradientDescent", "RMSProp", "Adam"])
def test_the_stages_of_stable_flow_are_chosen_for_the_largest_eigenvalue(name: str) -> None:
    rate = {"GradientDescent": 0.3, "RMSProp": 5e-3}.get(name, 1e-2)
    simulation = Simulation(network(), OPTIMIZERS[name](rate), ("stable",), steps=80, start=20)
    shares = []
    while not simulation.finished:
        simulation.advance()
        process = simulation._lockstep.lanes[1].process
        if simulation.row > 25 and process is not None:
            seen = process.observe()
            root = seen.preconditioner.expand_as(seen.centre).sqrt()
            H = torch.autograd.functional.hessian(process.problem.function, seen.centre)
            largest = torch.linalg.eigvalsh(H / root / root[:, None]).abs().max()
            shares.append(process.sharpest.bound / float(largest))
    assert 1.0 < min(shares)
    assert max(shares) < 1.3


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "GradientDescent"])
def test_stable_flow_does_not_depend_on_its_tolerance(name: str) -> None:
    rate = {"HeavyBall": 2.0, "Nesterov": 0.5, "ScalarRMSProp": 0.02, "RMSProp": 2e-3}.get(name, 5e-3)
    flows = (rf.flows.Stable(), rf.flows.Stable(tolerance=1e-3 / 8, name="finer"))
    columns = run(Simulation(network(), OPTIMIZERS[name](rate), ("discrete", *flows), steps=60, start=20))
    ends = [columns[flow]["relative_distance"][-1] for flow in ("stable", "finer")]
    assert abs(ends[0] - ends[1]) < 2e-3
    assert 0 < ends[1] < 0.2


def test_stable_flow_is_read_half_a_step_after_the_iterate() -> None:
    problem = rf.problems.quadratic(sharpness=1.0, w0=1.0)
    simulation = Simulation(
        problem, rf.optimizers.GradientDescent(0.1), ("discrete", "stable"), steps=20, snapshots=(0, 20)
    )
    while not simulation.finished:
        simulation.advance()
    kept = next(b for b in simulation.drain() if b.process == "stable").parameters
    assert float(kept[0][0]) == pytest.approx(math.exp(-0.05), rel=1e-4)
    assert float(kept[20][0]) == pytest.approx(math.exp(-2.05), rel=1e-3)


def test_stable_flow_stops_with_a_sentence_where_it_would_need_too_many_evaluations() -> None:
    problem = rf.problems.digits_mlp(widths=(8,), n=60)
    simulation = Simulation(
        problem, rf.optimizers.GradientDescent(0.5), ("discrete", rf.flows.Stable(most=1)), steps=200
    )
    run(simulation)
    status = simulation.statuses["stable"]
    assert status.state == "stopped"
    assert "more than 1 evaluations of its rate a step" in status.sentence
    assert simulation.statuses["discrete"].state == "finished"


@pytest.mark.parametrize(
    ("flow", "words"),
    [(rf.flows.CovarianceRod(), "100 are allowed"), (rf.flows.CovarianceRod(substeps=4), "4 are allowed")],
)
def test_a_covariance_rod_stops_where_its_explicit_step_cannot_be_stable(flow, words: str) -> None:
    simulation = Simulation(network(), rf.optimizers.GradientDescent(0.1), ("discrete", flow), steps=60, start=0)
    while simulation.row < 10:
        simulation.advance()
    simulation.set(learning_rate=4.0)
    run(simulation)
    status = simulation.statuses["rod-covariance"]
    assert status.state == "stopped"
    assert words in status.sentence


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: rf.flows.CovarianceRod(seed=0), "stays zero"),
        (lambda: rf.flows.CovarianceRod(seed=2), r"\(0, 1\]"),
        (lambda: rf.flows.CovarianceRod(modes=0), "modes=0"),
        (lambda: rf.flows.CovarianceRod(substeps=1), "substeps=1"),
        (lambda: rf.flows.Stable(most=0), "most=0"),
        (lambda: rf.flows.Stable(tolerance=0), "tolerance=0"),
    ],
)
def test_bad_settings_are_refused(make, words) -> None:
    with pytest.raises(ArgumentError, match=words):
        make()


@pytest.mark.parametrize(
    ("optimizer", "start"), [(rf.optimizers.HeavyBall(2.0), 20), (rf.optimizers.RMSProp(2e-3), 20)]
)
def test_rods_are_generic_over_the_map(optimizer, start: int) -> None:
    """Momentum and a second moment run through both rods and stay near the iterates."""
    columns = run(Simulation(network(), optimizer, ("discrete", "rod", "rod-covariance"), steps=120, start=start))
    for name in ("rod", "rod-covariance"):
        assert len(columns[name]["time"]) == 121 - start
        assert columns[name]["relative_distance"][-1] < 0.05
