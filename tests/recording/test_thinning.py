import re
from pathlib import Path
from time import perf_counter

import numpy as np

import rodflow_widgets
from rodflow_widgets.figures.panels import panels
from rodflow_widgets.recording import MAIN_COLUMNS, envelope

PAGE = Path(rodflow_widgets.__file__).parents[1] / "js" / "src" / "views" / "panels.ts"


def spikes(rows=10_000, count=25):
    """A quiet line with known upward and downward spikes of one row."""
    rng = np.random.default_rng(3)
    places = np.sort(rng.choice(rows, 2 * count, replace=False))
    loss = np.full(rows, 1.0)
    loss[places[::2]], loss[places[1::2]] = 100.0, 0.01
    return loss, places


def test_every_bucket_keeps_its_extremes():
    loss, _ = spikes()
    rows, limit = len(loss), 903
    kept = envelope({"loss": loss}, limit)
    starts = np.arange(0, rows, -(-rows // ((limit - 1) // 3)))
    for start, stop in zip(starts, [*starts[1:], rows], strict=True):
        inside = loss[kept[(kept >= start) & (kept < stop)]]
        assert inside.min() == loss[start:stop].min()
        assert inside.max() == loss[start:stop].max()


def test_every_spike_of_a_sparse_train_survives():
    loss, places = spikes()
    kept = envelope({"time": np.arange(len(loss)), "loss": loss}, 2000)
    assert set(places) <= set(kept)


def test_spikes_of_each_main_column_survive():
    loss, places = spikes()
    distance = np.roll(loss, 17)
    kept = envelope({"loss": loss, "distance": distance, "cost": np.arange(len(loss))}, 3000)
    assert set(places) <= set(kept)
    assert set((places + 17) % len(loss)) <= set(kept)


def test_a_million_rows_keep_their_spikes_and_the_outline_of_an_oscillation():
    rows, limit = 1_000_000, 20_000
    time = np.arange(rows)
    oscillation = (-1.0) ** time * (1 + np.sin(time / 90_000))
    places = np.arange(1234, rows, 4999)
    loss = np.full(rows, 1.0)
    loss[places[::2]], loss[places[1::2]] = 100.0, 0.01
    began = perf_counter()
    kept = envelope({"time": time, "loss": loss, "oscillation": oscillation}, limit)
    assert perf_counter() - began < 1, "a replay of a million rows has to open within 2 s"
    assert len(kept) <= limit
    assert set(places) <= set(kept)
    for start in range(0, rows, 10_000):
        inside = kept[(kept >= start) & (kept < start + 10_000)]
        whole = oscillation[start : start + 10_000]
        np.testing.assert_allclose(oscillation[inside].max(), whole.max(), atol=4e-3)
        np.testing.assert_allclose(oscillation[inside].min(), whole.min(), atol=4e-3)


def test_every_column_that_a_panel_draws_keeps_its_spikes():
    drawn = {column for panel in panels({}) for column in (panel.iterates, panel.flows) if column is not None}
    lists = re.findall(r"(?:iterates|flows): \[([^\]]*)\]", PAGE.read_text(encoding="utf-8"))
    page = {name for names in lists for name in re.findall(r'"(\w+)"', names)}
    assert {"loss", "predicted_loss", "rod_length"} <= drawn & page
    assert drawn | page <= set(MAIN_COLUMNS)


def test_limit_order_ends():
    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=5000) for name in ("loss", "sharpness_ratio", "distance", "rod_length")}
    kept = envelope(columns, 500)
    assert len(kept) <= 500
    assert (np.diff(kept) > 0).all()
    assert (kept[0], kept[-1]) == (0, 4999)


def test_short_tables_keep_all():
    np.testing.assert_array_equal(envelope({"loss": np.zeros(10)}, 10), np.arange(10))
    assert len(envelope({"loss": np.zeros(0)}, 10)) == 0


def test_values_that_are_not_finite_do_not_hide_the_others():
    loss = np.full(1000, np.nan)
    loss[500], loss[501], loss[502] = 5.0, -5.0, np.inf
    kept = envelope({"loss": loss, "eigenvalues": np.ones((1000, 2))}, 40)
    assert {500, 501} <= set(kept)
    assert len(envelope({"loss": np.full(1000, np.nan)}, 40)) <= 40
