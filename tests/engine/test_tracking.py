"""Eigenvalues along a trajectory: accuracy, products a look, what was missed, what is calm, and that nothing waits."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

import rodflow_widgets as rf
from rodflow_widgets.engine.curvature import small
from rodflow_widgets.engine.curvature.davidson import FOUND_WITHIN, Davidson, Effort
from rodflow_widgets.engine.curvature.following import FollowedSpectrum, Watch
from rodflow_widgets.engine.host import Letter
from rodflow_widgets.errors import ArgumentError

from .problems import network
from .test_host import Count

RATE = 0.2


def iterates(problem: rf.Problem, steps: int, rate: float = RATE) -> list[Tensor]:
    w, out = problem.w0, []
    for _ in range(steps):
        out.append(w)
        w = w - rate * problem.value_and_grad(w)[1]
    return out


def dense(problem: rf.Problem, w: Tensor) -> np.ndarray:
    matrix = torch.autograd.functional.hessian(problem.function, w)
    return torch.linalg.eigvalsh(matrix).flip(0).numpy()


@pytest.mark.parametrize(("k", "products"), [(1, 4.0), (3, 8.0)])
def test_at_the_edge_within_a_thousandth_for_few_products(k: int, products: float) -> None:
    problem = network()
    path = iterates(problem, 430)[400:]
    tracker = rf.curvature.Tracker(problem, k)
    seen = [tracker.look(*pair) for pair in itertools.pairwise(path)]
    for one, (w, following) in zip(seen, itertools.pairwise(path), strict=True):
        assert np.abs(one.values.numpy() / dense(problem, (w + following) / 2)[:k] - 1).max() < 1e-3
        assert (one.place, one.gradients) == ("midpoint", 1)
    assert np.mean([one.products for one in seen[1:]]) <= products


def test_the_iterate_is_named_and_costs_no_accuracy() -> None:
    problem = network()
    tracker = rf.curvature.Tracker(problem)
    for w in iterates(problem, 415)[400:]:
        seen = tracker.look(w)
        assert seen.place == "iterate"
        assert float(seen.values[0]) == pytest.approx(dense(problem, w)[0], rel=1e-3)


def test_residuals_and_vectors_are_those_of_this_point() -> None:
    problem = network()
    P = torch.rand(problem.dim, generator=torch.Generator().manual_seed(2), dtype=torch.float64) + 0.5
    tracker = rf.curvature.Tracker(problem, 3)
    for w in iterates(problem, 6):
        seen = tracker.look(w, preconditioner=P)
    matrix = torch.autograd.functional.hessian(problem.function, w) / P.sqrt() / P.sqrt()[:, None]
    residual = (seen.vectors @ matrix - seen.values[:, None] * seen.vectors).norm(dim=1)
    assert torch.allclose(residual, seen.residuals, atol=1e-9)
    assert torch.allclose(seen.values, torch.linalg.eigvalsh(matrix).flip(0)[:3], rtol=1e-3)


def test_away_from_the_edge_one_product_a_step() -> None:
    problem = network()
    path = iterates(problem, 120, rate=RATE / 4)[60:]
    exact = [dense(problem, w)[0] for w in path]
    tracker = rf.curvature.Tracker(problem, edge=2 * max(exact))
    seen = [tracker.look(w) for w in path]
    spent = [one.products for one in seen[-40:]]
    assert np.mean(spent) <= 1.25
    assert [one.carried for one in seen[-40:]].count(True) == 20
    assert max(abs(float(one.values[0]) / value - 1) for one, value in zip(seen, exact, strict=True)) < 1e-3


def rising(height: float) -> Tensor:
    values = torch.linspace(1.0, 0.0, 400, dtype=torch.float64) ** 2
    values[-1] = height
    return values


@pytest.mark.parametrize(("effort", "looks"), [(Effort(), FOUND_WITHIN), (Effort(calm=True), 4 * FOUND_WITHIN)])
def test_an_eigenvalue_that_rises_from_nowhere_is_found_in_time(effort: Effort, looks: int) -> None:
    """Orthogonal to all that is kept, it is no part of any correction: only the search can find it."""
    for seed in range(5):
        tracker = Davidson(1, 7, seed)
        gradient = torch.ones(400, dtype=torch.float64)
        gradient[-1] = 0.0
        for _ in range(3 + seed):
            tracker.look(lambda rows: rows * rising(0.0), gradient, effort)
        found = 0
        while float(tracker.look(lambda rows: rows * rising(1.3), gradient, effort).values[0]) < 1.29:
            found += 1
            assert found <= looks


def test_more_are_returned_when_more_come_near_the_edge() -> None:
    values = torch.linspace(0.6, 0.0, 200, dtype=torch.float64)
    problem = rf.Problem.from_function(
        lambda w: ((values * w * w).sum() + (w[0] ** 2 + w[1] ** 2 + w[2] ** 2) * w[3] ** 2) / 2, torch.ones(200)
    )
    tracker = rf.curvature.Tracker(problem, edge=1.0)
    w = torch.full((200,), 1e-3, dtype=torch.float64)
    counts = []
    for height in np.linspace(0.0, 0.7, 30):
        w[3] = float(height)
        counts.append(len(tracker.look(w).values))
    assert counts[0] == 1
    assert counts[-1] == 3


@pytest.mark.parametrize("factors", [(3.0,), (3.0, 1.0), (5.0, 4.0, 1.0)])
def test_fewer_parameters_than_vectors(factors: tuple[float, ...]) -> None:
    entries = torch.tensor(factors, dtype=torch.float64)
    problem = rf.Problem.from_function(lambda w: (entries * w * w).sum(), torch.ones(len(factors), dtype=torch.float64))
    for k in range(1, len(factors) + 1):
        tracker = rf.curvature.Tracker(problem, k, edge=100.0)
        for _ in range(20):
            assert torch.allclose(tracker.look(problem.w0).values, 2 * entries[:k])


def test_a_run_is_followed_without_waiting_and_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small, "EIGH_DOES_NOT_WAIT", ())
    problem, P = network(), torch.ones(1, dtype=torch.float64)
    points, runs = [problem.at(w) for w in iterates(problem, 5)], []
    for _ in range(2):
        followed = FollowedSpectrum(problem, Watch(2, 0), 2)
        seen = [followed.at(0, functools.partial(points.__getitem__, 0), P)]
        with Count() as count:
            for t in range(1, 5):
                seen.append(followed.at(t, functools.partial(points.__getitem__, t), P))
        runs.append(torch.stack([one.values[:2] for one in seen]))
        assert (count.waits, count.copies) == (0, 0)
    assert torch.equal(runs[0], runs[1])


def test_a_letter_keeps_what_was_sent() -> None:
    numbers = torch.tensor([1.0, 2.0])
    letter = Letter(numbers)
    numbers.zero_()
    assert letter.read().tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("options", "words"),
    [({"k": 80}, "k=80"), ({"tolerance": 2}, "tolerance=2"), ({"edge": 0}, "edge=0"), ({"seed": 0.5}, "seed=0.5")],
)
def test_what_cannot_work_is_refused(options, words) -> None:
    with pytest.raises(ArgumentError, match=words):
        rf.curvature.Tracker(network(), **options)


def test_points_that_cannot_be_are_refused() -> None:
    tracker = rf.curvature.Tracker(network())
    with pytest.raises(ArgumentError, match="following has shape"):
        tracker.look(torch.zeros(73), torch.zeros(2))
    with pytest.raises(ArgumentError, match="preconditioner has the entry 0"):
        tracker.look(torch.zeros(73), preconditioner=torch.zeros(73))
