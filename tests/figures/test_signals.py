from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rodflow_widgets as rf
from rodflow_widgets.figures import picture, table
from rodflow_widgets.figures.signals import reached, told
from rodflow_widgets.vocabulary import Bound, Column, Status
from tests.figures.made_up import Process, recording

DOUBT = Bound(0.3, "is *doubtful* since step {since}: mismatch {value}")
CATAPULT = Bound(1.0, "met a *catapult* at step {since}: off by {value} times", lasting=True)
MISMATCH = Column("mismatch", "1", "made up", signal=(DOUBT, CATAPULT))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.1, 0.2, 0.1], None),
        ([0.5, 0.2, 0.4, 0.41], (DOUBT, 2, 0.41)),
        ([0.4, 0.4], (DOUBT, 0, 0.4)),
        ([0.1, 1.2, 3.4, 0.1], (CATAPULT, 1, 3.4)),
        ([0.4, np.nan], None),
        ([], None),
    ],
)
def test_the_highest_bound_that_holds_and_since_when(values: list[float], expected: Any) -> None:
    assert reached(MISMATCH, np.array(values)) == expected


def with_signal(values: np.ndarray) -> Any:
    made = recording(steps=len(values) + 1)
    made["rod"] = Process({**made["rod"]._arrays, "mismatch": values}, Status("finished", len(values) + 1, "Finished."))
    made.spec["processes"][1]["columns"] = [MISMATCH.describe()]
    return made


def test_the_report_and_the_picture_tell_it() -> None:
    made = with_signal(np.where(np.arange(99) < 40, 0.1, 0.41))
    assert list(told(made)) == [("rod", "Rod flow is doubtful since step 42: mismatch 0.41.")]
    assert table(made).endswith("\n\n- Rod flow is doubtful since step 42: mismatch 0.41.\n")
    plain = with_signal(np.full(99, 0.1))
    assert list(told(plain)) == []
    assert height(picture(made)) > height(picture(plain)) + 20


def height(png: bytes) -> int:
    return int.from_bytes(png[20:24], "big")


def test_a_masked_rod_says_so_by_what_its_column_declares() -> None:
    problem = rf.problems.valley(epsilon=0.05, zeta=0.05)
    made = rf.simulate(problem, rf.optimizers.GradientDescent(0.4), ("rod-paper",), steps=60, progress=False)
    column = next(c for c in made["rod-paper"].described if c.name == "masked")
    assert Column(**made.spec["processes"][0]["columns"][-2]) == column
    masked = made["rod-paper"]["masked"]
    sentences = [sentence for _, sentence in told(made) if "masked" in sentence]
    assert bool(sentences) == bool(masked[-1])
    for sentence in sentences:
        since = int(made["rod-paper"]["time"][np.argmax(masked > 0.5)])
        assert sentence.startswith(f"Rod flow is masked since step {since}: beyond the edge, yet the rod follows")


def test_two_rods_are_told_apart() -> None:
    made = with_signal(np.full(99, 0.5))
    made["rod-paper"] = made["rod"]
    made.spec["processes"].append({**made.spec["processes"][1], "name": "rod-paper"})
    assert [sentence.split(" is ")[0] for _, sentence in told(made)] == ["Rod flow", "Rod-paper"]
