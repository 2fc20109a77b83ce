"""Both rods against dense matrices: the whole covariance, and the whole Hessian at every substep."""

from __future__ import annotations

import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine.curvature.tracker import Spectrum
from rodflow_widgets.engine.flows import rod_process
from rodflow_widgets.validation.beside_dense import start_at, tracking, truncation

from .problems import network

GENERAL = pytest.mark.parametrize(
    ("optimizer", "row"),
    [
        (rf.optimizers.GradientDescent(0.3), 12),
        (rf.optimizers.Nesterov(0.8), 12),
        (rf.optimizers.ScalarRMSProp(0.1), 12),
        (rf.optimizers.Adam(0.1), 12),
    ],
    ids=lambda value: getattr(value, "label", None),
)


class ExactTracker:
    """All eigenpairs asked for, from the dense Hessian."""

    def __init__(self, count: int, guard: int, seed: int) -> None:
        self.count = count

    def update(self, meter, point, P, *, corrected=None, repeats=1, who=...) -> Spectrum:
        root = P.sqrt().expand(point.grad.numel())
        H = meter.apply(point, torch.diag(1 / root)) / root
        values, vectors = torch.linalg.eigh((H + H.T) / 2)
        values, rows = values.flip(0)[: self.count], vectors.T.flip(0)[: self.count]
        return Spectrum(values, rows, torch.zeros_like(values), torch.zeros_like(values))


class EverySubstep(rod_process.Cadence):
    """Looks at every substep and keeps all vectors."""

    def due(self, time: float, jump: float) -> bool:
        return True

    def kept(self, edge: float, dim: int) -> int:
        return dim


@GENERAL
@pytest.mark.parametrize("modes", [1, 4])
def test_columns_move_as_a_dense_covariance_cut_to_as_many(optimizer, row: int, modes: int) -> None:
    off = truncation(start_at(network(), optimizer, row), 3, modes=modes, substeps=8, full_modes=modes)
    assert off.centre < 1e-11
    assert off.sigma < 1e-9


def test_all_columns_are_the_whole_covariance() -> None:
    off = truncation(start_at(network(), rf.optimizers.GradientDescent(0.3), 12), 3, modes=73, substeps=4)
    assert off.centre < 1e-11
    assert off.sigma < 1e-9


@GENERAL
@pytest.mark.parametrize("substeps", [2, 4])
def test_with_exact_eigenvectors_everywhere_the_rod_is_the_dense_one(
    monkeypatch: pytest.MonkeyPatch, optimizer, row: int, substeps: int
) -> None:
    monkeypatch.setattr(rod_process, "EigenTracker", ExactTracker)
    monkeypatch.setattr(rod_process, "Cadence", EverySubstep)
    off = tracking(start_at(network(), optimizer, row), 3, substeps=substeps, at_first=73)
    assert off.centre < 1e-9
    assert off.alternating < 1e-9
    assert off.ratio < 1e-11


def test_a_rod_that_is_long_at_the_start_is_felt_in_the_first_substep() -> None:
    """L = w²/2 − w⁴/40: the mean of L' over both ends of a rod of half-length x is c − c³/10 − 3cx²/10."""
    problem, optimizer = rf.problems.quartic(S=1.0, Q=0.1), rf.optimizers.GradientDescent(2.05)
    flow = rf.flows.Rod().begin(start_at(problem, optimizer, 0))
    centre, x = float(flow.w), float(flow.x)
    assert abs(x) > 0.1
    expected = centre - 0.1 * (centre**3 + 3 * centre * x**2)
    assert float(flow.observe().gradient) == pytest.approx(expected, rel=1e-12)
