"""The explorer of a sweep, without a browser."""

import json
import math

import ipywidgets
import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.errors import ArgumentError, UnknownNameError
from rodflow_widgets.recording import Recording
from rodflow_widgets.widgets import bundle, sweep_explorer_data
from rodflow_widgets.widgets.sweep_explorer_axes import (
    MOST_ROWS,
    Rows,
    Scale,
    around,
    labelled,
    spaced_logarithmically,
)
from rodflow_widgets.widgets.sweep_explorer_data import Gathered
from rodflow_widgets.widgets.sweep_explorer_feed import INTERVAL, Updates
from rodflow_widgets.widgets.sweep_explorer_map import NOTHING, TILE
from rodflow_widgets.wire.pacer import Budget

RATES = [0.3, 0.6, 1.2, 2.2, 3.0, 6.0, 12.0]


@pytest.fixture(autouse=True)
def built(monkeypatch, tmp_path):
    for name in ("live.js", "live.css", "still.js", "sweep.js", "sweep.css"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(bundle, "STATIC", tmp_path)


def swept(steps=600, **grids):
    """A quartic, whose sharpness over the edge is the learning rate / 2; rates from 4.5 on diverge."""
    given = {"learning_rate": RATES, **grids}
    return rf.sweep(rf.problems.quartic(), rf.optimizers.GradientDescent(0.1), steps=steps, progress=False, **given)


@pytest.fixture(scope="module")
def sweep():
    return swept()


@pytest.fixture
def explore():
    made = []

    def make(*args, **options):
        made.append(rf.SweepExplorer(*args, **options))
        return made[-1]

    yield make
    for explorer in made:
        explorer.close()


def held(explorer):
    """[rows, columns] of what the tiles hold: each without the column that the next one covers."""
    tiles = explorer._figures._map.tiles
    parts = [np.asarray(tile.color)[:, :TILE] for tile in tiles[:-1]]
    return np.hstack([*parts, np.asarray(tiles[-1].color)])


def test_a_cell_is_the_largest_ratio_of_its_steps(sweep, explore):
    explorer = explore(sweep)
    gathered, cells = explorer._gathered, held(explorer)
    assert (gathered.span, cells.shape) == (3, (7, 201))
    table = sweep.recordings[3]["discrete"]
    ratio = table["sharpness_ratio"]
    wanted = [np.nanmax(ratio[i : i + 3]) for i in range(0, len(ratio), 3) if np.isfinite(ratio[i : i + 3]).any()]
    assert 2 ** cells[3, : len(wanted)] == pytest.approx(wanted, rel=1e-5)
    assert all(len(tile.x) <= TILE + 1 for tile in explorer._figures._map.tiles)


def test_edge_divergence_and_losses_are_those_of_the_summary(sweep, explore):
    explorer = explore(sweep, target=0.05)
    gathered, summary = explorer._gathered, sweep.summary()
    np.testing.assert_array_equal(gathered.edge, summary["edge_step"])
    lost = summary["state"] == "diverged"
    assert lost.any()
    assert not lost.all()
    np.testing.assert_array_equal(np.isfinite(gathered.diverged), lost)
    np.testing.assert_array_equal(gathered.final, summary["final_loss"])
    for run, recording in enumerate(sweep.recordings):
        loss = recording["discrete"]["loss"]
        below = np.flatnonzero(loss <= 0.05)
        assert gathered.reached[run] == (below[0] if len(below) else pytest.approx(math.nan, nan_ok=True))
    kinds = {name: len(mark.x) for name, mark in explorer._figures._final.marks.items()}
    assert kinds == {"done": int((~lost).sum()), "going": 0, "never": 0, "lost": int(lost.sum())}
    assert "diverged (learning rate" in explorer._figures._words.value


def test_the_distance_of_a_flow_is_the_largest_of_its_steps(explore):
    sweep = swept(steps=60, learning_rate=[1.2], processes=("discrete", "stable"))
    explorer = explore(sweep, colour="stable/relative_distance")
    distance = sweep.recordings[0]["stable"]["relative_distance"]
    time = sweep.recordings[0]["stable"]["time"]
    cells = explorer._gathered.cells["stable/relative_distance"][0]
    for column in (1, 7, 50):
        within = (time >= column) & (time < column + 1)
        assert cells[column] == np.nanmax(distance[within])
    assert "relative distance of stable flow" in explorer.reader.labels["map"]


def test_another_target_is_counted_anew(sweep, explore):
    explorer = explore(sweep)
    first = np.median([recording["discrete"]["loss"][0] for recording in sweep.recordings])
    assert explorer.controls.goal == float(f"{first / 2:.1g}")
    explorer.controls.target.value = 1e-3
    explorer.refresh()
    loss = sweep.recordings[0]["discrete"]["loss"]
    assert explorer._gathered.reached[0] == np.flatnonzero(loss <= 1e-3)[0]


def grown(whole, rows):
    """A recording that holds the first rows of another one."""
    made = Recording(whole.spec)
    for table in whole.tables:
        made[table.name].append(table.rows(0, rows))
    return made


def test_reading_in_parts_is_reading_all_at_once(sweep):
    whole = tuple(sweep.recordings)
    parts = tuple(grown(recording, 0) for recording in whole)
    gathered = Gathered(parts, 600, 1)
    gathered.aim(0.01)
    assert not gathered.read(parts).any()
    for start, stop in ((0, 1), (1, 2), (2, 200), (200, 201), (201, 900)):
        for part, recording in zip(parts, whole, strict=True):
            for table in recording.tables:
                part[table.name].append(table.rows(start, stop))
        changed = gathered.read(parts)
        assert changed[start // 3]
        assert not changed[: start // 3].any()
    at_once = Gathered(whole, 600, 1)
    at_once.aim(0.01)
    for key, cells in at_once.cells.items():
        np.testing.assert_array_equal(gathered.cells[key], cells)
    for name in ("edge", "final", "first", "last", "reached"):
        np.testing.assert_array_equal(getattr(gathered, name), getattr(at_once, name))


def test_a_run_that_begins_again_is_read_again(sweep):
    parts = [grown(recording, 50) for recording in sweep.recordings]
    gathered = Gathered(tuple(parts), 600, 1)
    parts[2] = grown(sweep.recordings[1], 4)
    assert gathered.read(tuple(parts)).all()
    assert gathered.last[2] == 3
    assert np.isfinite(gathered.cells["loss"][2]).sum() == 2
    assert np.isfinite(gathered.cells["loss"][1]).sum() == 17


def test_only_tiles_that_changed_go_to_the_page(sweep, explore, monkeypatch):
    explorer = explore(sweep)
    parts = tuple(grown(recording, 100) for recording in sweep.recordings)
    monkeypatch.setattr(type(sweep), "recordings", parts)
    growing = explore(sweep)
    sent = []
    for index, tile in enumerate(growing._figures._map.tiles):
        tile.observe(lambda change, index=index: sent.append(index), names="color")
    for part, recording in zip(parts[:4], sweep._board.recordings, strict=False):
        part["discrete"].append(recording["discrete"].rows(100, 130))
    growing.refresh()
    assert sent == [1]
    assert growing._figures._map.sent == 7 * (TILE + 1) * 4
    sent.clear()
    growing.refresh()
    assert sent == []
    assert growing._figures._map.sent == 0
    assert explorer._figures._map.sent == 7 * 4 * (201 + 7)


def test_every_cell_is_a_number_whatever_the_data(explore):
    # bqplot paints a NaN in the colour of the cell before it.
    flat = rf.Problem.from_function(lambda w: 3.0 + 1e-30 * w.sum(), torch.zeros(2, dtype=torch.float64))
    sunk = rf.Problem.from_function(lambda w: w.sum(), torch.ones(2, dtype=torch.float64))
    steep = rf.problems.quadratic(sharpness=2.0)
    descend = rf.optimizers.GradientDescent(0.1)
    cases = [
        (rf.sweep(flat, descend, learning_rate=[0.1, 0.2], steps=9, progress=False), "loss", math.log10(3)),
        (rf.sweep(sunk, descend, learning_rate=[0.1, 0.2], steps=30, progress=False), "loss", None),
        (rf.sweep(steep, descend, learning_rate=[2.0, 3.0, 9.0], steps=200, progress=False), "sharpness_ratio", None),
        (rf.sweep(steep, descend, learning_rate=[0.1], steps=1, progress=False), "sharpness_ratio", None),
        (rf.sweep(steep, descend, steps=1, progress=False), "loss", None),
    ]
    for sweep, colour, wanted in cases:
        explorer = explore(sweep, colour=colour)
        scale = explorer._figures._map._colour
        assert scale.min < scale.mid < scale.max
        for tile in explorer._figures._map.tiles:
            cells = np.asarray(tile.color)
            assert np.isfinite(cells).all()
            assert cells.shape == (len(tile.y), len(tile.x))
            assert min(cells.shape) >= 2
            assert (np.diff(tile.y) > 0).all()
            if wanted is not None:
                assert cells == pytest.approx(wanted)
        for chart in (explorer._figures._final, explorer._figures._reached):
            assert chart._value.min < chart._value.max
            assert all(np.isfinite(mark.x).all() and np.isfinite(mark.y).all() for mark in chart.marks.values())
        json.dumps([explorer.reader.plan, explorer.reader.labels], allow_nan=False)
    lost = cases[2][0]
    explorer = explore(lost)
    assert len(explorer._figures._final.marks["lost"].x) == 3
    assert (held(explorer)[:, -1] == NOTHING).all()


def test_losses_that_are_not_numbers_leave_the_cell_before(sweep):
    part = Recording(sweep.recordings[0].spec)
    rows = dict(sweep.recordings[0]["discrete"].rows(0, 9))
    rows["loss"] = np.array([1.0, math.nan, math.inf, math.nan, math.nan, math.nan, 0.5, -math.inf, math.nan])
    part["discrete"].append(rows)
    gathered = Gathered((part,), 600, 1)
    np.testing.assert_array_equal(gathered.cells["loss"][0, :4], [1.0, math.nan, 0.5, math.nan])
    assert (gathered.first[0], gathered.final[0]) == (1.0, 0.5)


def test_a_sweep_that_has_not_begun(sweep, explore, monkeypatch):
    parts = tuple(grown(recording, 0) for recording in sweep.recordings)
    monkeypatch.setattr(type(sweep), "recordings", parts)
    explorer = explore(sweep)
    assert (held(explorer) == NOTHING).all()
    assert "Nothing has been measured yet." in explorer._figures._words.value


def test_the_selection_is_one_for_brushes_slider_and_python(sweep, explore):
    explorer = explore(sweep)
    assert explorer.select(0.5, 2.5) == (1, 2, 3)
    ends = tuple(np.log10([0.5, 2.5]))
    for brush in explorer._figures.brushes:
        assert tuple(brush.selected) == pytest.approx(ends)
    assert explorer.controls.range.value == (1, 3)
    brush = explorer._figures.brushes[1]
    brush.brushing = True
    brush.selected = np.log10([2.0, 7.0])
    assert explorer.selected == (1, 2, 3)  # it is still being drawn
    brush.brushing = False
    assert explorer.selected == (3, 4, 5)
    assert tuple(explorer._figures.brushes[0].selected) == pytest.approx(np.log10([2.0, 7.0]))
    explorer.controls.range.index = (0, 1)
    assert explorer.selected == (0, 1)
    explorer.refresh()
    assert explorer.controls.compare.description == "Compare 2 runs"
    opacities = explorer._figures._final.marks["done"].opacities
    assert opacities[0] == 1 > opacities[-1]
    explorer.controls.clear.click()
    assert explorer.selected == ()
    assert all(brush.selected is None for brush in explorer._figures.brushes)


def test_compare_opens_the_selection_overlaid(sweep, explore):
    explorer = explore(sweep)
    explorer.select(0.5, 2.5)
    live = explorer.compare()
    assert list(live.runs) == ["learning rate 0.6", "learning rate 1.2", "learning rate 2.2"]
    assert [run.recording for run in live.runs.values()] == list(sweep.recordings[1:4])
    assert explorer.children[-1] is live
    again = explorer.compare([6, 0])
    assert list(again.runs) == ["learning rate 12", "learning rate 0.3"]
    assert live.comm is None
    assert explorer.live is again
    with pytest.raises(ArgumentError, match=r"runs=\[7\] is not usable: there are runs 0 to 6"):
        explorer.compare([7])
    with pytest.raises(ArgumentError, match="runs are empty"):
        explorer.compare([])


def test_of_many_runs_eight_are_compared_that_are_spread(explore):
    sweep = swept(steps=5, learning_rate=np.linspace(0.1, 2.0, 20).tolist())
    explorer = explore(sweep)
    live = explorer.compare()
    numbers = [list(sweep.recordings).index(run.recording) for run in live.runs.values()]
    assert numbers == [0, 3, 5, 8, 11, 14, 16, 19]
    assert "8 of 20 runs, spread evenly" in explorer.controls.message.value


def test_two_axes(explore):
    sweep = swept(steps=20, learning_rate=[0.3, 1.2, 3.0], seeds=[0, 1])
    explorer = explore(sweep)
    assert explorer._rows.members == [[0], [1], [2], [3], [4], [5]]
    assert explorer._rows.bounds[::2] == pytest.approx(Rows(np.array([0.3, 1.2, 3.0]), [0, 1, 2]).bounds)
    assert explorer.select(1.0, 2.0) == (2, 3)
    explorer.controls.filters["seed"].value = 1
    explorer.refresh()
    assert explorer._rows.members == [[1], [3], [5]]
    assert explorer.select(1.0, 2.0) == (3,)
    explorer.controls.axis.value = "seed"
    explorer.refresh()
    assert explorer._rows.members == [[0], [2], [4], [1], [3], [5]]
    assert explorer.controls.filters["seed"].layout.display == "none"
    assert explorer._figures._map.axis.label == "seed"
    assert explorer.select(1, 1) == (1, 3, 5)


def test_it_follows_a_sweep_that_runs(explore):
    sweep = rf.sweep(
        rf.problems.quartic(), rf.optimizers.GradientDescent(0.1), learning_rate=RATES, steps=300, wait=False
    )
    explorer = explore(sweep)
    live = explorer.compare([0, 3])
    sweep.wait()
    explorer.refresh()
    np.testing.assert_array_equal(explorer._gathered.final, sweep.summary()["final_loss"])
    assert "Finished 7 runs" in explorer._figures._head.value
    assert [run.status.state for run in live.runs.values()] == ["finished", "finished"]


class Drawing:
    """What `Updates` draws, which only counts."""

    def __init__(self):
        self.drawn, self.over, self.reader, self.sent = 0, False, self, []

    def send(self, content):
        self.sent.append(content["seq"])

    def draw(self):
        self.drawn += 1
        return 1000

    def ended(self):
        return self.over


def test_updates_wait_for_the_page():
    drawing = Drawing()
    updates = Updates(lambda: drawing, Budget(), lambda: None)
    updates.changed()
    assert updates.pump(0.0) == math.inf  # nobody is there
    updates.receive({"kind": "hello", "client": "page"})
    assert updates.pump(1.0) == math.inf
    assert drawing.drawn == 1
    updates.changed()
    assert updates.pump(1.1) == pytest.approx(INTERVAL - 0.1)
    updates.pump(1.1 + INTERVAL)
    assert drawing.sent == [1, 2]
    updates.changed()
    updates.pump(2.0)  # two are not drawn yet
    assert drawing.drawn == 2
    updates.receive({"kind": "ack", "client": "page", "seq": 2})
    updates.pump(4.0)
    assert drawing.drawn == 3
    updates.asked()
    updates.pump(4.01)  # somebody waits
    assert drawing.drawn == 4
    updates.receive({"kind": "bye", "client": "page"})
    updates.changed()
    updates.pump(9.0)
    assert drawing.drawn == 4
    drawing.over = True
    updates.pump(9.1)  # the end is drawn, whoever looks
    assert drawing.drawn == 5


def test_closing_leaves_nothing_behind(sweep):
    before = set(ipywidgets.widgets.widget._instances)
    explorer = rf.SweepExplorer(sweep)
    explorer.compare([0, 1])
    listeners = len(sweep._listeners._all)
    explorer.close()
    assert set(ipywidgets.widgets.widget._instances) == before
    assert listeners >= 5
    assert sweep._listeners._all == ()


def test_a_notebook_without_a_kernel_has_a_picture(sweep, explore):
    explorer = explore(sweep)
    data = explorer._kept._data()
    assert data["image/png"].startswith("iVBORw0KGgo")
    assert "Finished 7 runs" in data["text/html"]
    assert data["text/plain"] == repr(explorer)


def test_what_cannot_be_explored_is_refused(sweep):
    with pytest.raises(ArgumentError, match=r"sweep=3 is no sweep: give what rf\.sweep returned"):
        rf.SweepExplorer(3)
    with pytest.raises(UnknownNameError, match="axis 'rate' is unknown"):
        rf.SweepExplorer(sweep, axis="rate")
    with pytest.raises(UnknownNameError, match="colour 'los' is unknown: did you mean 'loss'"):
        rf.SweepExplorer(sweep, colour="los")
    with pytest.raises(ArgumentError, match="target=nan is not usable"):
        rf.SweepExplorer(sweep, target=math.nan)


@pytest.mark.parametrize(
    ("values", "log"),
    [
        ([0.1], True),
        ([0.0], False),
        ([0.1, 0.2], False),
        ([0.1, 0.4], True),
        ([0.1, 0.2, 0.4, 0.8], True),
        ([0.1, 0.2, 0.3, 0.4], False),
        ([0.0, 0.1, 1.0], False),
        ([-1.0, 1.0, 9.0], False),
    ],
)
def test_axes_are_spaced_as_their_values_are(values, log):
    assert spaced_logarithmically(values) is log


def test_scales_have_room_for_any_values():
    for values in ([], [math.nan], [0.0], [0.0, 0.0], [-2.0], [3.0, 3.0], [1e-300, 1.0], [0.0, 1.0], [math.inf, 2.0]):
        scale = around(np.array(values, dtype=float))
        assert scale.low < scale.high
        at, names = labelled(scale.ticks(5))
        assert 0 < len(at) <= 6
        assert len(names) == len(at)
    assert around(np.array([0.0, 1.0])).log
    assert not around(np.array([-1.0, 1.0])).log


def test_ticks_are_called_as_javascript_calls_them():
    at, names = labelled({0.0: "0", -0.30103: "a", 1e-05: "b", 2e-07: "c", 20000.0: "d"})
    assert list(names) == ["0", "-0.30103", "0.00001", "2e-7", "20000"]
    assert len(at) == 5
    ticks = Scale(True, -1.2, 0.6).ticks(6)
    assert list(ticks) == pytest.approx([math.log10(float(text)) for text in ticks.values()])
    assert list(ticks.values()) == ["0.1", "0.2", "0.5", "1", "2"]


def test_there_are_never_more_rows_than_pixels():
    runs = 1000
    rows = Rows(np.geomspace(0.01, 1, runs), range(runs))
    assert len(rows) <= MOST_ROWS
    assert [run for members in rows.members for run in members] == list(range(runs))
    assert len(rows.bounds) == len(rows) + 1
    cells = np.arange(runs, dtype=float)[:, None]
    assert rows.cells(cells)[0, 0] == max(rows.members[0])
    assert sweep_explorer_data.MOST_COLUMNS == 250
