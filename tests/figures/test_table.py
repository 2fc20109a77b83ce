from __future__ import annotations

import numpy as np

from rodflow_widgets.figures import table
from tests.figures.made_up import recording


def test_a_row_a_process() -> None:
    lines = table(recording()).splitlines()
    assert len({len(line) for line in lines}) == 1
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [row[0] for row in cells[2:]] == ["iterates", "rod flow (exact rates, dt ½)", "stable flow (RK4)"]
    assert [row[5] for row in cells[2:]] == ["1", "12.0", "12.0"]
    assert [row[3] for row in cells[2:]] == ["–", "1.6 %", "2.4 %"]
    assert cells[4][4] == "–"
    assert all(row[6] == "Finished: 600 steps." for row in cells[2:])


def test_the_last_finite_value_counts() -> None:
    made = recording(steps=50)
    made["rod"]["sharpness_ratio"][-5:] = np.nan
    made["rod"]["sharpness_ratio"][-6] = 1.25
    assert " 1.250 " in table(made)
