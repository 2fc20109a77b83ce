"""How one run of a process fares: its status, and where it lost its way."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ..vocabulary import Status

LOSS_LIMIT = 1e6


@dataclass
class Block:
    """Rows of one process on the host: columns [rows] or [rows, width] in float64, and parameter snapshots by step."""

    process: str
    columns: dict[str, np.ndarray]
    parameters: dict[int, np.ndarray] = field(default_factory=dict)

    def drop(self, first: int, step: int) -> None:
        """Leave out the rows from number `first` on, and the parameter vectors from `step` on."""
        self.columns = {name: values[:first] for name, values in self.columns.items()}
        self.parameters = {s: w for s, w in self.parameters.items() if s < step}


class Fate:
    """The status of one run of a process, which ends where its loss is not finite or passes a limit.

    Args:
        label: of the process, for sentences.
    """

    def __init__(self, label: str) -> None:
        self.status = Status("ready", 0, "It has not begun.")
        self._title = label[0].upper() + label[1:]
        self._last_loss = math.nan
        self._limit = math.inf
        self._begun = False
        self._lost: tuple[int, str] | None = None

    @property
    def moving(self) -> bool:
        return not self.status.ended

    def begin(self, row: int) -> None:
        if self.status.state == "ready":
            self.status = Status("running", row, "It is running.")
            self._begun = True

    def finish(self, step: int, made: int) -> None:
        """It has come to its last step, by as many as were to be made."""
        if self.moving:
            self.status = Status("finished", step, f"It finished all {made} steps.")

    def resume(self, row: int) -> None:
        if self.status.state == "finished":
            self.status = Status("running", row, "It is running.")

    def lose(self, step: int, why: str) -> None:
        """The process lost its way at `step`; the last loss is added when the rows before are on the host."""
        if self.moving:
            self._diverge(step, why, math.nan)
            self._lost = (step, why)

    def cut(self, block: Block) -> None:
        """Take note of new rows, and drop those of after its end."""
        if self.status.ended and self._lost is None:
            # Others of the same process went on; one that stopped after it had begun keeps the row of its last step.
            end = self.status.step + (self._begun and self.status.state == "stopped")
            block.drop(int(np.searchsorted(block.columns["time"], end)), end)
        self._judge(block)
        if self._lost is not None:
            block.drop(int(np.searchsorted(block.columns["time"], self._lost[0])), self._lost[0])
            self._diverge(*self._lost, self._last_loss)
            self._lost = None

    def _judge(self, block: Block) -> None:
        """Drop the rows from the first one whose loss is not finite or passed the limit."""
        times = block.columns["time"]
        if not len(times):
            return
        losses = [block.columns[name] for name in ("loss", "predicted_loss") if name in block.columns]
        if math.isnan(self._last_loss):
            self._last_loss = float(losses[0][0])
            self._limit = LOSS_LIMIT * max(1.0, abs(self._last_loss))
        worst = np.max(np.where(np.isfinite(losses), np.abs(losses), np.inf), axis=0)
        bad = worst > self._limit
        first = int(np.argmax(bad)) if bad.any() else len(times)
        if first:
            self._last_loss = float(losses[0][first - 1])
        if first == len(times):
            return
        self._lost = None
        step = int(times[first])
        block.drop(first, step)
        passed = np.isfinite(worst[first])
        why = f"the loss passed {_power(self._limit)}" if passed else "the loss was no longer finite"
        self._diverge(step, why, self._last_loss)

    def _diverge(self, step: int, why: str, last: float) -> None:
        seen = f"; the last loss seen was {_number(last)}" if math.isfinite(last) else ""
        self.status = Status("diverged", step, f"{self._title} diverged at step {step}: {why}{seen}.")


def _number(value: float) -> str:
    """Four figures for a person, as a power of ten from 10⁴ on and below 10⁻³: 0.1611, 2.471·10⁴."""
    if value and not 1e-3 <= abs(value) < 1e4:
        return _power(value, 3)
    return f"{value:.4g}"


def _power(value: float, digits: int = 2) -> str:
    """A number far from 1 for a person: 10⁶, 2.31·10⁷."""
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    power = "10" + str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return power if float(mantissa) == 1 else f"{float(mantissa):g}·{power}".replace("-", "−")
