"""What this package wants to reach, beside what it reached and the best of its peers in the same run."""

from __future__ import annotations

from dataclasses import dataclass

from .methods import TOLERANCE
from .rows import COLD, Row
from .settings import SETTINGS, Setting


@dataclass(frozen=True)
class Goal:
    """At most so many products and gradients, of a look if tracked, with a relative error of at most 1e-3; None sets no bound."""

    setting: Setting
    part: str
    k: int
    products: float
    gradients: float | None = None
    below: bool = False

    @property
    def text(self) -> str:
        gradients = "" if self.gradients is None else f", {'<' if self.below else '≤'} {self.gradients:g} gradients"
        return f"≤ {self.products:g} products{gradients}"

    def missed(self, row: Row) -> list[str]:
        """Which of its bounds a row does not keep."""
        found = []
        if row.product > self.products:
            found.append("products")
        if self.gradients is not None:
            kept = row.gradients < self.gradients if self.below else row.gradients <= self.gradients
            if not kept:
                found.append("gradients")
        if not row.error <= TOLERANCE:
            found.append("error")
        return found


SMALL, GELU, LARGE = SETTINGS["tanh"], SETTINGS["gelu"], SETTINGS["large"]
EDGE, CALM = (stretch.place for stretch in SMALL.stretches)
GOALS = (
    Goal(SMALL, COLD, 1, 14, 20),
    Goal(SMALL, COLD, 5, 30, 45),
    Goal(GELU, COLD, 1, 14, 20),
    Goal(GELU, COLD, 5, 30, 45),
    Goal(LARGE, COLD, 1, 13, 27),
    Goal(LARGE, COLD, 5, 36, 78),
    Goal(SMALL, EDGE, 1, 4, 8, below=True),
    Goal(SMALL, EDGE, 5, 12, 25),
    Goal(SMALL, CALM, 1, 1),
    Goal(GELU, CALM, 1, 1),
)


def table(rows: list[Row]) -> list[str]:
    """A line for each goal that was measured, and for each place where it was."""
    lines = ["| | goal | measured | best peer | |", "|---|---|---|---|---|"]
    for goal in GOALS:
        fitting = [row for row in rows if (row.setting, row.part, row.k) == (goal.setting, goal.part, goal.k)]
        for own in (row for row in fitting if row.ours):
            peers = [row for row in fitting if not row.ours and row.place == own.place]
            missed = goal.missed(own)
            verdict = f"**missed**: {', '.join(missed)}" if missed else "met"
            what = f"{goal.setting.name}: {goal.part} top {goal.k}" + (f", {own.place}" if own.place else "")
            lines.append(f"| {what} | {goal.text} | {spent(own)} | {best(peers)} | {verdict} |")
    return lines


def best(peers: list[Row]) -> str:
    """The peer with the fewest products and that with the fewest gradients, of those whose error is small enough."""
    right = [row for row in peers if row.error <= TOLERANCE]
    if not right:
        nearest = min(peers, key=lambda r: r.error)
        return f"none within {TOLERANCE:g}; nearest {nearest.method}: {spent(nearest)}"
    chosen = dict.fromkeys((min(right, key=lambda r: r.product).method, min(right, key=lambda r: r.gradients).method))
    return "; ".join(f"{row.method}: {spent(row)}" for name in chosen for row in right if row.method == name)


def spent(row: Row) -> str:
    return f"{row.product:.3g} products, {row.gradients:.3g} gradients, error {row.error:.1e}"
