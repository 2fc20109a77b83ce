"""One code path for every device: no float64 where a device has none, and the same runs where there is an accelerator.

python -m pytest tests/engine/test_accelerator.py on a machine with CUDA or MPS runs what is skipped elsewhere.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import rodflow_widgets as rf
from rodflow_widgets.engine import Simulation, host
from rodflow_widgets.engine.curvature import small
from rodflow_widgets.engine.ensemble import Ensemble
from rodflow_widgets.engine.request import Request

DRAWN = ("aten::randn", "aten::normal_")
"""Random starts are drawn on the host, whatever the device, so that a seed means the same everywhere."""

RUNS = {
    "rod": (rf.optimizers.GradientDescent(0.4), ("discrete", "rod")),
    "stable": (rf.optimizers.Adam(0.01), ("discrete", "stable")),
    "covariance": (rf.optimizers.HeavyBall(0.4), ("discrete", "rod-covariance")),
    "central": (rf.optimizers.RMSProp(0.01), ("discrete", "central")),
    "edge": (rf.optimizers.GradientDescent(0.4), ("discrete", "edge")),
    "together": (rf.optimizers.GradientDescent(0.4), ("discrete", "rod", "stable")),
}


def prepared(kind: str, device: str = "cpu", steps: int = 8) -> Simulation | Ensemble:
    optimizer, processes = RUNS[kind]
    problem = rf.problems.digits_mlp(widths=(8,), n=50, dtype=torch.float32, device=device)
    requests = [
        Request.of(problem, optimizer.replace(learning_rate=rate), processes, steps=steps, start=2, eigenvalues=2)
        for rate in (optimizer.learning_rate, 2 * optimizer.learning_rate)
    ]
    return Ensemble(requests) if kind == "together" else Simulation.of(requests[0])


def run(source: Simulation | Ensemble) -> dict[str, dict[str, np.ndarray]]:
    while not source.finished:
        source.advance()
    blocks = source.drain(1) if isinstance(source, Ensemble) else source.drain()
    return {block.process: block.columns for block in blocks}


class Doubles(TorchDispatchMode):
    """Notes every operator whose result on the device is float64."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        name = func.name()
        made = any(isinstance(leaf, torch.Tensor) and leaf.dtype == torch.float64 for leaf in tree_leaves(out))
        if made and not name.startswith(DRAWN):
            self.seen.add(name)
        return out


@pytest.mark.parametrize("kind", RUNS)
def test_a_device_without_float64_is_never_asked_for_it(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_doubles = run(prepared(kind))
    monkeypatch.setattr(host, "WITHOUT_FLOAT64", ("cpu",))
    monkeypatch.setattr(small, "EIGH_DOES_NOT_WAIT", ())
    simulation = prepared(kind)
    with Doubles() as doubles:
        columns = run(simulation)
    assert not doubles.seen
    for process, expected in with_doubles.items():
        assert np.allclose(columns[process]["loss"], expected["loss"], rtol=1e-4, atol=0, equal_nan=True), process


@pytest.mark.parametrize("device", ["cuda", "mps"])
@pytest.mark.parametrize("kind", RUNS)
def test_an_accelerator_gives_what_the_cpu_gives(kind: str, device: str) -> None:
    if not getattr(torch, "cuda" if device == "cuda" else "mps").is_available():
        pytest.skip(f"this machine has no {device} device")
    here, there = run(prepared(kind)), run(prepared(kind, device))
    for process, expected in here.items():
        for name in ("loss", "predicted_loss", "sharpness"):
            if name in expected:
                assert np.allclose(there[process][name], expected[name], rtol=1e-3, equal_nan=True), (process, name)
