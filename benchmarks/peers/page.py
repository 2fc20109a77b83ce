"""The page of figures: what was measured, where, and with which versions."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from . import goals
from .following import LOOKS
from .installing import Installation
from .measuring import REFERENCE_BASIS, REFERENCE_TOLERANCE
from .methods import LARGE, TOLERANCE
from .rows import COLD, COUNTS, Measured, Row

ROOT = Path(__file__).resolve().parents[2]
PEERS = ("torch", "numpy", "scipy", "curvlinops-for-pytorch", "pyhessian", "hessian-eigenthings")
HEAD = """# Eigenvalues of the Hessian, beside the peers

`make bench-peers` measures and writes this page, in an environment of its own: the peers are none of our dependencies.
{date}, commit {commit}; {machine}; one thread, float64, one process; Python {python}, {versions}.

*Products* are Hessian-vector products that were asked for. *Gradients* are the method's CPU time over that of one gradient,
timed between the looks of the same process. Both are medians of {seeds} seeds. *Error* is the largest relative error of all
k eigenvalues, seeds and looks, against eigsh with a basis of k + {basis} vectors and a tolerance of {reference:g}. *MB* is
how far memory rises at its peak, in a forked child. All see the same network, data and point.

Every method is asked for {tolerance:g}, but where its name says otherwise: eigsh bounds the residual, and reaches
{tolerance:g} in the eigenvalues with a larger tolerance; PyHessian ends when two iterates of the power method agree, and needs
a smaller one (left out where there are more than {large:,} parameters); hessian-eigenthings makes as many steps as it is told,
here chosen afterwards so that they are enough for the first of the networks.

## Goals

{goals}
"""


def page(found: list[Measured], installed: Installation | None, seeds: int) -> str:
    rows = [row for measured in found for row in measured.rows]
    table = goals.table(rows) + ([installed.goal] if installed else [])
    parts = [
        HEAD.format(
            date=f"{datetime.now(UTC):%Y-%m-%d}",
            commit=commit(),
            machine=machine(),
            python=platform.python_version(),
            versions=", ".join(f"{name} {version(name)}" for name in PEERS),
            seeds=seeds,
            tolerance=TOLERANCE,
            reference=REFERENCE_TOLERANCE,
            basis=REFERENCE_BASIS,
            large=LARGE,
            goals="\n".join(table),
        )
    ]
    parts += [section(measured) for measured in found]
    if installed:
        parts.append(installed.section)
    return "\n".join(parts)


def section(measured: Measured) -> str:
    setting = measured.setting
    spectrum = ", ".join(f"{value:.3f}" for value in measured.values)
    lines = [
        f"## {setting.name}",
        "",
        f"{measured.parameters:,} parameters, gradient descent with learning rate {setting.learning_rate:g}. After "
        f"{setting.steps} steps: {spectrum}; the largest is {measured.values[0] / setting.edge:.3f} of the edge.",
    ]
    for k in COUNTS:
        lines += ["", f"Cold, top {k}:", "", "| method | products | gradients | error | MB |", "|---|---|---|---|---|"]
        lines += [cold(row) for row in measured.rows if row.part == COLD and row.k == k]
    for stretch in setting.stretches:
        first, last = measured.stretches[stretch.place]
        lines += ["", tracked_head(stretch.place, stretch.first, first, last, stretch.calm), ""]
        lines += ["| method | at | k | products | gradients | worst error | MB |", "|---|---|---|---|---|---|---|"]
        lines += [tracked(row) for row in measured.rows if row.part == stretch.place]
    return "\n".join([*lines, ""])


def tracked_head(place: str, step: int, first: float, last: float, calm: bool) -> str:
    known = "; our tracker is told where the edge is" if calm else ""
    return (
        f"Tracked {place}, a step, the mean of {LOOKS} steps after a cold look at step {step}; the largest is {first:.3f} to "
        f"{last:.3f} of the edge at the first and the last{known}:"
    )


def cold(row: Row) -> str:
    least, most = min(row.products), max(row.products)
    scatter = "" if least == most else f" ({least:g} to {most:g})"
    return f"| {row.method} | {row.product:g}{scatter} | {row.gradients:.1f} | {row.error:.1e} | {row.megabytes:.0f} |"


def tracked(row: Row) -> str:
    return (
        f"| {row.method} | {row.place} | {row.k} | {row.product:.1f} | {row.gradients:.1f} | {row.error:.1e} "
        f"| {row.megabytes:.0f} |"
    )


def commit() -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "--", "rodflow_widgets", "benchmarks")
    return git("rev-parse", "--short", "HEAD") + (" with changes" if changed else "")


def machine() -> str:
    models = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return f"{platform.machine()}, {os.cpu_count()} cores" + (f" ({models[0]})" if models else "")
