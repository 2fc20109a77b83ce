import numpy as np
import pytest

from rodflow_widgets.errors import ArgumentError
from rodflow_widgets.store.states import SHARE, Cadence, Keeper, superfluous


def rows(keeper):
    return [info.row for info in keeper.kept]


def test_first_last_and_evenly_thinned_ones_are_kept(tmp_path):
    keeper = Keeper(tmp_path, "0" * 32, most=8)
    for row in range(0, 1000, 10):
        keeper.put(row, 0, {}, {"w": np.ones(3)})
    kept = rows(keeper)
    assert (len(kept), kept[0], kept[-1]) == (8, 0, 990)
    assert max(np.diff(kept)) <= 4 * 990 / 7
    on_disk = {int(file.stem) for file in (tmp_path / "checkpoints").iterdir()}
    assert on_disk == set(kept)


def test_a_budget_of_bytes_leaves_the_first_and_the_last(tmp_path):
    keeper = Keeper(tmp_path, "0" * 32, most_bytes=5000)
    for row in range(0, 100, 10):
        keeper.put(row, 0, {}, {"w": np.ones(100)})
    assert rows(keeper)[0] == 0
    assert rows(keeper)[-1] == 90
    assert len(rows(keeper)) == 4
    assert keeper.bytes <= 5000
    keeper.put(200, 0, {}, {"w": np.ones(1000)})
    assert rows(keeper) == [0, 200]


def test_the_same_row_again_replaces_it(tmp_path):
    keeper = Keeper(tmp_path, "0" * 32)
    keeper.put(5, 0, {"a": 1}, {})
    keeper.put(5, 1, {"a": 2}, {})
    assert [(info.row, info.applied) for info in keeper.kept] == [(5, 1)]


def test_the_one_whose_absence_leaves_the_smallest_gap_goes():
    assert superfluous([0, 1, 2, 10, 20]) == 1
    assert superfluous([0, 9, 10, 11]) == 2


@pytest.mark.parametrize("cost", [0.001, 0.1, 2.0])
def test_checkpoints_take_no_more_than_their_share(cost):
    now, spent, cadence, written = 0.0, 0.0, Cadence(0.0), []
    while now < 400:
        if cadence.due(now):
            cadence.took(cost)
            written.append(now)
            spent += cost
            now += cost
        now += 0.05
    assert written[0] == 0
    assert spent - cost <= SHARE * now
    assert spent >= 0.5 * SHARE * now or cost == 0.001


def test_arrays_that_cannot_be_saved_are_named(tmp_path):
    keeper = Keeper(tmp_path, "0" * 32)
    with pytest.raises(ArgumentError, match="cannot be saved"):
        keeper.put(1, 0, {}, {"w": np.array([object()])})
    with pytest.raises(ArgumentError, match="cannot be saved as JSON"):
        keeper.put(1, 0, {"w": np.ones(2)}, {})
    assert rows(keeper) == []
