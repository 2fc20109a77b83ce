"""Central flow against closed forms, finite differences of its own quantities, and what it must refuse."""

import math

import numpy as np
import pytest
import torch
from torch import nn

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem, Simulation
from rodflow_widgets.engine.flows.critical import Directions, Drift, differences, forms, packed, pairs, refined
from rodflow_widgets.engine.problem import Meter
from rodflow_widgets.engine.registry import OPTIMIZERS
from rodflow_widgets.errors import ArgumentError

from .problems import network, run

GD = rf.optimizers.GradientDescent
KNOWN = ("GradientDescent", "ScalarRMSProp", "RMSProp")


def halves(problem: Problem, optimizer, steps: int, **options) -> tuple[dict, Simulation]:
    flows = ("discrete", rf.flows.Central(), rf.flows.Central(substeps=4, name="finer"))
    simulation = Simulation(problem, optimizer, flows, steps=steps, **options)
    return run(simulation), simulation


def test_in_a_valley_the_oscillation_is_what_balances_the_sharpening() -> None:
    """L = ½ (λ₀ + v) u² − a v: the sharpness grows by ηa a step and an oscillation X takes ηX/2 from it, so X = 2a."""
    a = 0.004
    problem = Problem.from_function(lambda w: (1.9 + w[1]) * w[0] ** 2 / 2 - a * w[1], [0.05, 0.0])
    columns, _ = halves(problem, GD(1.0), 50)
    for name in ("central", "finer"):
        table = columns[name]
        assert table["oscillation"][-20:] ** 2 == pytest.approx(2 * a, rel=1e-9)
        assert table["sharpness_ratio"][-20:] == pytest.approx(1.0, abs=1e-9)
        assert table["sharpness_ratio"].max() < 1 + 1e-9
        assert table["predicted_loss"][-1] - table["loss"][-1] == pytest.approx(2 * a, rel=1e-9)
        assert np.array_equal(table["critical"][-20:], np.ones(20))
        assert table["complementarity"].max() < 1e-12


def test_as_published_it_is_held_as_well_and_moved_by_euler_steps_of_now() -> None:
    a = 0.004
    problem = Problem.from_function(lambda w: (1.9 + w[1]) * w[0] ** 2 / 2 - a * w[1], [0.05, 0.0])
    table = run(Simulation(problem, GD(1.0), ("discrete", "central-paper"), steps=50))["central-paper"]
    assert table["oscillation"][-20:] ** 2 == pytest.approx(2 * a, rel=1e-9)
    assert table["sharpness_ratio"][-20:] == pytest.approx(1.0, abs=1e-9)
    below = Simulation(rf.problems.quadratic(sharpness=1.0, w0=1.0), GD(0.02), ("central-paper",), steps=20)
    run(below)
    process = below._lockstep.lanes[1].process
    assert float(process.w[0]) == pytest.approx(0.98**2 * 0.99 * (1 - 0.02 / 4) ** (4 * 18), rel=1e-12)


def test_as_published_it_is_for_gradient_descent() -> None:
    with pytest.raises(ArgumentError, match="'central-paper', which is here for GradientDescent only, not for RMSProp"):
        Simulation(network(), rf.optimizers.RMSProp(0.01), ("discrete", "central-paper"))
    flow = rf.flows.PublishedCentral()
    assert (flow.default_name, flow.detail) == ("central-paper", "as published, dt ¼")


def test_two_valleys_are_held_together() -> None:
    """L = Σ ½ (λ₀ + v_i) u_i² − a_i v_i with two directions at the edge: X = diag(2 a_i)."""
    a = torch.tensor([0.006, 0.004], dtype=torch.float64)
    problem = Problem.from_function(
        lambda w: ((1.95 + w[2:]) * w[:2] ** 2).sum() / 2 - (a * w[2:]).sum(), [0.05, 0.05, 0.0, 0.0]
    )
    columns, _ = halves(problem, GD(1.0), 40, eigenvalues=2)
    for name in ("central", "finer"):
        table = columns[name]
        assert table["oscillation"][-1] ** 2 == pytest.approx(0.02, rel=1e-7)
        assert table["eigenvalues"][-1] == pytest.approx([2.0, 2.0], abs=1e-8)
        assert table["complementarity"].max() < 1e-8


def test_the_hyperbola_of_the_design() -> None:
    problem = Problem.from_function(lambda w: (1 - w[0] ** 2 * w[1] ** 2) ** 2 / 4, [3.2, 0.1])
    columns, _ = halves(problem, GD(0.2), 299)
    for name in ("central", "finer"):
        assert columns[name]["distance"][-1] == pytest.approx(0.0116, abs=2e-4)
        assert columns[name]["sharpness_ratio"][-1] == pytest.approx(1.0, abs=1e-3)


def test_below_the_edge_it_is_where_the_iterates_are() -> None:
    """The delay of half a step is what the iterates make of gradient flow: without it they are 360 times as far away."""
    columns, simulation = halves(rf.problems.quadratic(sharpness=1.0, w0=1.0), GD(0.02), 20)
    where = [float(lane.process.w[0]) for lane in simulation._lockstep.lanes[1:]]
    midpoint = 0.98**20 * 0.99
    assert where == pytest.approx([midpoint, midpoint], rel=2e-5)
    assert abs(math.exp(-0.02 * 20.5) - midpoint) > 2e-3
    assert not columns["central"]["oscillation"].any()


def directions(point, P: torch.Tensor, k: int) -> Directions:
    generator = torch.Generator().manual_seed(1)
    rows = torch.linalg.qr(
        torch.randn(P.numel() if P.numel() > 1 else point.grad.numel(), k, generator=generator).double()
    )
    U = rows[0].T / P.sqrt()
    return Directions(U, *point.thirds(U))


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("name", KNOWN)
def test_the_rate_at_which_the_edge_recedes_is_linear_in_the_oscillation(name: str, grouped: bool) -> None:
    """A + B[X] against Uᵀ((2/η)P − H)U at two moments of the flow, for a random X."""
    problem = network()
    groups = ((40, 2.0), (33, 0.5)) if grouped else ()
    optimizer, w, n = OPTIMIZERS[name](0.05, groups=groups), problem.w0, 21.5
    nu = None
    if optimizer.has_second_moment:
        nu = 1.5 * optimizer.second_moment(problem.value_and_grad(w + 0.3)[1]) + 1e-3
    P = optimizer.preconditioner(nu, n, w)
    point, k = problem.at(w), 3
    chosen = directions(point, P, k)
    drift = Drift(optimizer, point.grad, P, nu, w, n)
    lead = torch.randn(problem.dim, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    known = forms([t.numpy() for t in drift.forms(chosen, lead)])
    L = 0.1 * np.random.RandomState(0).randn(k, k)
    X = L @ L.T
    force, change = drift.forces(chosen, torch.from_numpy(packed(X)), torch.from_numpy(X))
    move = drift.move(force)

    def gap(t: float) -> np.ndarray:
        later = optimizer.preconditioner(None if nu is None else nu + t * change, n, w)
        hessian = problem.at(w + t * move).products(chosen.U)
        return ((2 / 0.05) * (chosen.U * later) @ chosen.U.T - chosen.U @ hessian.T).numpy()

    h = 1e-5
    expected = (gap(h) - gap(-h)) / (2 * h)
    rate = known.rate + np.einsum("ijkl,kl->ij", known.response, X)
    assert np.abs(rate - expected).max() < 1e-6 * np.abs(expected).max()
    assert known.curvature == pytest.approx((chosen.U @ point.products(chosen.U).T).numpy(), abs=1e-12)
    images = [problem.at(w + s * h * lead).products(chosen.U) for s in (1, -1)]
    ahead = (chosen.U @ ((images[0] - images[1]) / (2 * h)).T).numpy()
    assert np.abs(known.ahead - ahead).max() < 1e-6 * np.abs(ahead).max()


@pytest.mark.parametrize("name", ["ScalarRMSProp", "RMSProp"])
def test_the_second_moment_follows_its_mean_over_the_rod(name: str) -> None:
    """To first order in Σ: halving the rod divides what is missing by sixteen."""
    problem, optimizer = network(), OPTIMIZERS[name](0.05)
    w = problem.w0
    nu = optimizer.second_moment(problem.value_and_grad(w)[1]) + 1e-3
    P = optimizer.preconditioner(nu, 1, w)
    point = problem.at(w)
    chosen = directions(point, P, 1)
    drift = Drift(optimizer, point.grad, P, nu, w, 1)
    missing = []
    for length in (0.02, 0.01):
        X = np.array([[length**2]])
        _, change = drift.forces(chosen, torch.from_numpy(packed(X)), torch.from_numpy(X))
        ends = [problem.value_and_grad(w + s * length * chosen.U[0])[1] for s in (1, -1)]
        mean = sum(optimizer.second_moment(g) for g in ends) / 2
        missing.append(float((change - drift.speed * (mean - nu)).norm()))
    assert missing[0] / missing[1] == pytest.approx(16, rel=0.1)


def test_the_second_moment_keeps_pace_with_the_average_of_the_optimizer() -> None:
    """For a gradient that grows evenly the average lags as the optimizer's does, in the middle of the step it makes."""
    beta = 0.9
    speed = 2 * (1 - beta) / (1 + beta)
    nu, statistic = 0.0, 0.0
    for t in range(400):
        statistic = 2.0 + 0.01 * t
        nu = beta * nu + (1 - beta) * statistic
    in_the_middle = statistic + 0.01 / 2
    assert in_the_middle - nu == pytest.approx(0.01 / speed, rel=1e-9)


@pytest.mark.parametrize(("name", "rate"), [("GradientDescent", 0.35), ("ScalarRMSProp", 0.15), ("RMSProp", 0.01)])
def test_the_sharpness_of_a_network_stays_at_the_edge(name: str, rate: float) -> None:
    flows = ("discrete", rf.flows.Central(), rf.flows.Central(substeps=4, name="finer"), "stable")
    columns = run(Simulation(network(), OPTIMIZERS[name](rate), flows, steps=70))
    for flow in ("central", "finer"):
        table = columns[flow]
        assert table["complementarity"].max() <= 1e-8
        assert table["oscillation"][-20:].min() > 0
        assert table["sharpness_ratio"][-20:].max() < 1.01
        assert table["sharpness_ratio"][-20:].min() > 0.99
        assert table["relative_distance"][-1] < 0.5 * columns["stable"]["relative_distance"][-1]
    ends = [columns[flow]["relative_distance"][-1] for flow in ("central", "finer")]
    assert abs(ends[0] - ends[1]) < 0.01


def test_one_critical_direction_costs_at_most_fifteen_gradients_a_step() -> None:
    simulation = Simulation(network(), GD(0.25), ("discrete", "central"), steps=45)
    table = run(simulation)["central"]
    spent, critical = np.diff(table["cost"]), table["critical"][:-1]
    alone, away = spent[critical == 1], spent[5:][critical[5:] == 0]
    assert len(alone) > 15
    assert alone.mean() <= 15
    assert len(away) > 5
    assert away.mean() <= 9
    assert simulation._lockstep.lanes[1].process.meter.third_derivatives == 0


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-6), (torch.float32, 2e-2)])
def test_differences_of_gradients_are_products_and_third_derivatives(dtype: torch.dtype, tolerance: float) -> None:
    problem = network(dtype=dtype)
    w, meter = problem.w0, Meter(problem)
    U = torch.randn(3, problem.dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(dtype)
    U = U / U.norm(dim=1, keepdim=True)
    found = differences(meter, w, problem.value_and_grad(w)[1], U)
    assert (meter.gradients, meter.products, meter.third_derivatives) == (12, 0, 0)
    images, thirds = problem.at(w).thirds(U)
    for mine, exact in ((found.images, images), (found.thirds, thirds)):
        assert float((mine - exact).norm()) < tolerance * float(exact.norm())


@pytest.mark.parametrize("inside", ["compute_dtype", "product_dtype"])
def test_a_model_that_computes_in_float32_is_held_at_the_edge_too(inside: str) -> None:
    torch.manual_seed(0)
    x, y = torch.randn(30, 4, dtype=torch.float64), torch.randn(30, 1, dtype=torch.float64)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    columns = [
        run(Simulation(Problem(model, nn.MSELoss(), x, y, **options), GD(0.6), ("discrete", "central"), steps=30))
        for options in ({}, {inside: torch.float32})
    ]
    exact, single = (each["central"]["oscillation"] for each in columns)
    assert exact[-5:].min() > 0.01
    assert single == pytest.approx(exact, abs=0.01 * exact.max())


def test_eigenvectors_are_refined_without_a_product() -> None:
    """Directions that are slightly off come nearer with every correction, those of a cluster together."""
    generator = torch.Generator().manual_seed(0)
    basis = torch.linalg.qr(torch.randn(40, 40, generator=generator, dtype=torch.float64))[0].T
    exact = torch.cat([torch.tensor([2.0, 1.99, 1.6, 1.5], dtype=torch.float64), torch.linspace(1.0, -0.2, 36)])
    hessian = (basis.T * exact) @ basis
    noise = 0.02 * torch.randn(4, 40, generator=generator, dtype=torch.float64)
    rows = torch.linalg.qr((basis[:4] + noise).T)[0].T
    one = torch.ones(1, dtype=torch.float64)
    off = []
    for _ in range(5):
        rows = torch.linalg.qr(rows.T)[0].T
        off.append(float((rows[:2] @ basis[2:].T).norm()))
        images = rows[:2] @ hessian
        values, Q = torch.linalg.eigh(rows[:2] @ images.T)
        others = torch.tensor([1.6, 1.5, 0.5], dtype=torch.float64)
        chosen = Directions(rows[:2], images, torch.zeros(3, 40, dtype=torch.float64))
        rows = torch.cat([refined(chosen, one, Q, values, others, rows[2:]), rows[2:]])
    assert off[0] > 0.1
    assert off[-1] < 0.02 * off[0]


def test_third_derivatives_agree_with_differences_of_products() -> None:
    problem = network()
    w, h = problem.w0, 1e-4
    point = problem.at(w)
    V = torch.randn(3, problem.dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    V = V / V.norm(dim=1, keepdim=True)
    images, thirds = point.thirds(V)
    assert torch.allclose(images, point.products(V), rtol=0, atol=1e-13)
    for row, (i, j) in zip(thirds, pairs(3), strict=True):
        expected = (problem.hvp(w + h * V[i], V[j]) - problem.hvp(w - h * V[i], V[j])) / (2 * h)
        assert float((row - expected).norm()) < 1e-6 * float(expected.norm())


@pytest.mark.parametrize("f", [lambda w: (w**2).sum(), lambda w: w.sum(), lambda w: (w[:1] ** 3).sum()])
def test_third_derivatives_are_zero_where_nothing_depends_on_the_parameters(f) -> None:
    point = Problem.from_function(f, [0.5, 0.2]).at(torch.tensor([0.5, 0.2], dtype=torch.float64))
    images, thirds = point.thirds(torch.eye(2, dtype=torch.float64))
    assert images.shape == (2, 2)
    expected = torch.zeros(3, 2, dtype=torch.float64)
    expected[0, 0] = 6.0 if point.grad[0] == 0.75 else 0.0
    assert torch.equal(thirds, expected)


@pytest.mark.parametrize(
    ("layer", "rate"), [(nn.LayerNorm(8), 0.3), (nn.BatchNorm1d(8, track_running_stats=False), 0.45)]
)
def test_layers_whose_third_derivative_torch_gets_wrong_are_held_at_the_edge(layer: nn.Module, rate: float) -> None:
    torch.manual_seed(0)
    x, y = torch.randn(30, 5, dtype=torch.float64), torch.randn(30, 1, dtype=torch.float64)
    model = nn.Sequential(nn.Linear(5, 8), layer, nn.Tanh(), nn.Linear(8, 1)).double()
    simulation = Simulation(Problem(model, nn.MSELoss(), x, y), GD(rate), ("discrete", "central"), steps=12)
    table = run(simulation)["central"]
    assert simulation.statuses["central"].state == "finished"
    assert (table["critical"][-5:] >= 1).all()
    assert table["complementarity"].max() <= 1e-8
    assert table["sharpness_ratio"][-5:] == pytest.approx(1.0, abs=0.01)


def test_a_kink_on_the_way_is_refused() -> None:
    """relu(u)² bends at u = 0, where the flow is: both differences see the kink, and not the same."""
    problem = Problem.from_function(
        lambda w: (1.9 + w[1]) * w[0] ** 2 / 2 + torch.relu(w[0]) ** 2 - 0.004 * w[1], [0.0, 0.0]
    )
    simulation = Simulation(problem, GD(1.0), ("discrete", "central"), steps=40)
    run(simulation)
    status = simulation.statuses["central"]
    assert status.state == "stopped"
    assert "as at a kink" in status.sentence


def test_it_stops_where_no_oscillation_holds_the_edge() -> None:
    simulation = Simulation(rf.problems.quadratic(), GD(2.05), ("discrete", "central"), steps=30)
    run(simulation)
    assert simulation.statuses["central"].state == "stopped"
    assert "no oscillation holds" in simulation.statuses["central"].sentence
    assert simulation.statuses["discrete"].state == "finished"


def test_the_learning_rate_may_change_on_the_way() -> None:
    """The edge jumps with the step that is the first to use another learning rate, up and down."""
    simulation = Simulation(network(), GD(0.3), ("discrete", "central"), steps=120)
    for row, rate in ((50, 0.4), (80, 0.3)):
        while simulation.row < row:
            simulation.advance()
        simulation.set(learning_rate=rate)
    table = run(simulation)["central"]
    time = table["time"]
    ratio = table["sharpness"] * np.where((time >= 51) & (time < 81), 0.4, 0.3) / 2
    assert ratio[(time >= 40) & (time < 51)] == pytest.approx(1.0, abs=0.01)
    assert ratio[(time >= 60) & (time < 81)] == pytest.approx(1.0, abs=0.01)
    assert ratio[time >= 81].max() < 1.01


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name not in KNOWN])
def test_other_optimizers_are_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match=f"GradientDescent, RMSProp and ScalarRMSProp only, not for {name}"):
        Simulation(network(), OPTIMIZERS[name](0.01), ("discrete", "central"))


@pytest.mark.parametrize("substeps", [0, 3, 2.5])
def test_bad_settings_are_refused(substeps) -> None:
    with pytest.raises(ArgumentError, match=f"substeps={substeps}"):
        rf.flows.Central(substeps=substeps)
