"""When central flow looks: prediction between looks, and how its interval answers to what was mispredicted."""

import numpy as np
import pytest

from rodflow_widgets.engine.flows.watching import Watched

EDGE, CRITICAL = 2.0, 1.96


def looks(values, until: float, shortest: float = 0.5) -> tuple[Watched, list[float]]:
    """Every time at which a flow looked whose eigenvalues are `values(time)`."""
    watched, times = Watched(shortest), []
    for time in np.arange(0.0, until, shortest):
        if watched.due(time):
            watched.saw(time, np.asarray(values(time)), EDGE, CRITICAL)
            times.append(float(time))
    return watched, times


def test_far_from_the_edge_it_looks_every_eighth_step() -> None:
    watched, times = looks(lambda t: [1.0 + 1e-3 * t, 0.8], 60)
    assert np.diff(times)[-4:] == pytest.approx(8.0)
    assert watched.predicted(100.0) == pytest.approx([1.1, 0.8])


def test_near_the_edge_it_looks_every_fourth_step() -> None:
    _, times = looks(lambda t: [1.9, 0.8], 60)
    assert np.diff(times)[-4:] == pytest.approx(4.0)


def test_a_surprise_near_the_edge_halves_the_interval() -> None:
    _, times = looks(lambda t: [1.9 + 0.04 * np.sin(1.3 * t), 0.8], 60)
    assert np.diff(times)[-20:].mean() < 1.5


def test_it_looks_where_an_eigenvalue_becomes_critical() -> None:
    def values(t: float) -> list[float]:
        return [1.5 + 0.01 * t]

    _, times = looks(values, 60)
    crossing = (CRITICAL - 1.5) / 0.01
    late = min(t for t in times if t >= crossing - 1e-9)
    assert late - crossing < 0.5


def test_measured_eigenvalues_are_no_longer_extrapolated() -> None:
    watched, _ = looks(lambda t: [1.9 + 1e-3 * t, 1.8 + 1e-3 * t], 10)
    watched.measured(10.0, np.array([1.95]))
    assert watched.predicted(14.0) == pytest.approx([1.95, 1.814])
