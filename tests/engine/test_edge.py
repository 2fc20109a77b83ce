"""Edge flow against closed forms: rates on a quadratic, fixed points of the quartic, the turning of its direction."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem, Simulation
from rodflow_widgets.engine.curvature.following import Watch
from rodflow_widgets.engine.flows.edge import EdgeProcess
from rodflow_widgets.engine.optimizers import Moments
from rodflow_widgets.engine.process import Start, State
from rodflow_widgets.engine.registry import OPTIMIZERS
from rodflow_widgets.engine.schedule import Schedule
from rodflow_widgets.errors import ArgumentError

from .problems import network, run, still

GD = rf.optimizers.GradientDescent
BOTH = (rf.flows.Edge(), rf.flows.Edge(tolerance=1e-3 / 8, name="finer"))


def iterates(problem: Problem, learning_rate: float, count: int) -> list[Tensor]:
    path = [problem.w0]
    for _ in range(count):
        path.append(path[-1] - learning_rate * problem.value_and_grad(path[-1])[1])
    return path


def begun(flow: rf.flows.Edge, problem: Problem, optimizer: GD, path: list[Tensor], row: int) -> EdgeProcess:
    window = [State(w, Moments(None, None)) for w in path[row : row + 3]]
    return flow.begin(Start(problem, Schedule(optimizer), row, tuple(window), Watch(1, 0)))


@pytest.mark.parametrize("h", [1.5, 1.9, 2.0, 2.1, 2.5])
def test_growth_on_a_quadratic_is_the_logarithm_of_the_multiplier(h: float) -> None:
    flow = rf.flows.Edge().begin(still(rf.problems.quadratic(sharpness=1.0), GD(h), 1e-3))
    lengths = []
    for _ in range(10):
        lengths.append(float(flow.observe().oscillation))
        flow.advance()
    assert math.log(lengths[-1] / lengths[0]) / 9 == pytest.approx(math.log(h - 1), abs=1e-12)
    assert float(flow.observe().centre.abs()) < 1e-12


@pytest.mark.parametrize(
    ("learning_rate", "square"), [(2.05, 0.243902), (2.2, 0.909091), (2.5, 2.0), (2.9, 3.103448), (1.8, 0.0)]
)
def test_fixed_points_of_the_quartic(learning_rate: float, square: float) -> None:
    process = rf.flows.Edge().begin(still(rf.problems.quartic(S=1.0, Q=0.1), GD(learning_rate), 0.3))
    for _ in range(160):
        process.advance()
    assert float(process.observe().oscillation) ** 2 == pytest.approx(square, abs=1e-6)


def test_the_direction_turns_to_the_sharpest_at_the_rate_of_the_gap() -> None:
    """On a quadratic the tangent of the angle falls by exp(−η (λ₁ − λ₂)) a step."""
    scale = torch.tensor([1.0, 0.6], dtype=torch.float64)
    problem = Problem.from_function(lambda w: (scale * w**2).sum() / 2, [0.0, 0.0])
    flow = rf.flows.Edge(tolerance=1e-6, most=1000).begin(still(problem, GD(1.9), 1e-3))
    flow.state[2:4] = torch.tensor([0.6, 0.8], dtype=torch.float64)
    for _ in range(5):
        flow.advance()
    u = flow.state[2:4]
    assert float(u.norm()) == pytest.approx(1.0, abs=1e-12)
    assert float(u[1] / u[0]) == pytest.approx(0.8 / 0.6 * math.exp(-5 * 1.9 * 0.4), rel=1e-4)
    assert flow.turning == pytest.approx(1.9 * 0.4 * float(u[0] * u[1]), rel=1e-4)


def test_the_hyperbola_of_the_design() -> None:
    problem = Problem.from_function(lambda w: (1 - w[0] ** 2 * w[1] ** 2) ** 2 / 4, [3.2, 0.1])
    path = iterates(problem, 0.2, 300)
    for flow in BOTH:
        process = begun(flow, problem, GD(0.2), path, 2)
        for _ in range(297):
            process.advance()
        assert float((process.observe().centre - (path[299] + path[300]) / 2).norm()) < 5.5e-4


def test_progressive_sharpening_is_stopped_as_in_the_iterates() -> None:
    """L = ½ (1.8 + v) u² − a v: the peak of the sharpness of the masking toy, 2.219 in the iterates."""
    problem = Problem.from_function(lambda w: (1.8 + w[1]) * w[0] ** 2 / 2 - 0.002 * w[1], [0.05, 0.0])
    process = begun(rf.flows.Edge(), problem, GD(1.0), iterates(problem, 1.0, 4), 2)
    peak, squares = 0.0, []
    for _ in range(398):
        process.advance()
        peak = max(peak, 1.8 + float(process.state[1]))
        squares.append(float(process.state[-1].exp()) ** 2)
    assert peak == pytest.approx(2.2186, abs=0.01)
    assert np.mean(squares[198:]) == pytest.approx(0.0050, abs=0.001)


def test_a_rod_that_dies_stays_at_the_rounding_of_the_centre() -> None:
    """The floor is ε |w| along u, here of w = 1 + small along u = e₁, in either precision."""
    for dtype in (torch.float64, torch.float32):
        start = torch.tensor([1.5], dtype=dtype)
        problem = Problem.from_function(lambda w: ((w - 1) ** 2).sum() / 2, start)
        simulation = Simulation(problem, GD(1.5), ("discrete", "edge"), steps=60)
        columns = run(simulation)["edge"]
        last = columns["oscillation"][-1]
        assert (columns["floored"][2], columns["floored"][-1]) == (0, 1)
        assert last == pytest.approx(torch.finfo(dtype).eps, rel=1e-4)


def test_on_a_network_it_does_not_depend_on_its_tolerance() -> None:
    columns = run(Simulation(network(), GD(0.35), ("discrete", *BOTH, "stable"), steps=120, every=5, eigenvalues=1))
    ends = [columns[name]["relative_distance"][-1] for name in ("edge", "finer")]
    assert abs(ends[0] - ends[1]) < 1e-4
    assert ends[1] < 0.5 * columns["stable"]["relative_distance"][-1]
    ratio = columns["edge"]["sharpness_ratio"][-6:].mean()
    assert ratio == pytest.approx(columns["discrete"]["sharpness_ratio"][-6:].mean(), abs=0.05)


def test_the_learning_rate_may_change_in_the_middle_of_a_flow_step() -> None:
    """On a quadratic: half of the step at the old rate and half at the new one."""
    simulation = Simulation(rf.problems.quadratic(), GD(2.1), ("discrete", "edge"), steps=20, start=0)
    while simulation.row < 11:
        simulation.advance()
    simulation.set(learning_rate=2.3)
    log = np.log(run(simulation)["edge"]["oscillation"])
    change = np.diff(log)
    assert change[:11] == pytest.approx(math.log(1.1), abs=1e-12)
    assert change[11] == pytest.approx((math.log(1.1) + math.log(1.3)) / 2, abs=1e-12)
    assert change[12:] == pytest.approx(math.log(1.3), abs=1e-12)


def test_it_stops_with_a_sentence_where_it_would_need_too_many_substeps() -> None:
    simulation = Simulation(network(), GD(0.35), ("discrete", rf.flows.Edge(most=1)), steps=60)
    run(simulation)
    assert simulation.statuses["edge"].state == "stopped"
    assert "more than 1 substeps a step" in simulation.statuses["edge"].sentence


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "GradientDescent"])
def test_other_optimizers_are_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match=f"GradientDescent only, not for {name}"):
        Simulation(network(), OPTIMIZERS[name](0.01), ("discrete", "edge"))


@pytest.mark.parametrize(("options", "words"), [({"tolerance": 0}, "tolerance=0"), ({"most": 0}, "most=0")])
def test_bad_settings_are_refused(options, words) -> None:
    with pytest.raises(ArgumentError, match=words):
        rf.flows.Edge(**options)
