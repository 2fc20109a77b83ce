"""A small setting, and a run of it that waits to be killed: `python -m tests.validation.small FOLDER`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from rodflow_widgets.engine import optimizers
from rodflow_widgets.validation import cells, criteria, page, run
from rodflow_widgets.validation.networks import Registered, UniformDigits
from rodflow_widgets.validation.settings import Setting

EDGE = Setting(
    "gradient-descent-small",
    Registered((("widths", (8, 8)), ("n", 60), ("gain", 1.0))),
    lambda: optimizers.GradientDescent(0.8),
    0,
    120,
    {"rod-covariance": 0, "rod-paper": 0},
    ratio=0.05,
    prototype={"central": 0.5, "rod": 0.05},
)
SHORT = Setting("short", UniformDigits(hidden=(4,), n=20), lambda: optimizers.ScalarRMSProp(0.01), 2, 8)
CELLS = ["short/rod/*", "short/rod-halved/*", "short/nearby/*"]


def use(*settings: Setting) -> None:
    """Let these settings be all there are."""
    for module in (cells, criteria, page):
        module.SETTINGS = settings


def main() -> None:
    use(SHORT)
    chosen = cells.choose(cells.plan([0, 1]), CELLS)

    def wait(flows: dict) -> dict:
        sys.stdout.write("waiting\n")
        sys.stdout.flush()
        sys.stdin.read()
        raise AssertionError("it was not killed")

    stuck = [cell if i < 2 else replace(cell, measure=wait, run=cell.name) for i, cell in enumerate(chosen)]
    run.plan = lambda seeds: stuck
    run.validate(Path(sys.argv[1]), seeds=[0, 1], progress=False)


if __name__ == "__main__":
    main()
