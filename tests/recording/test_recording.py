import sys
import threading

import numpy as np
import pytest

from rodflow_widgets.errors import ArgumentError, RunError, UnknownNameError
from rodflow_widgets.recording import Cursor, Recording
from rodflow_widgets.vocabulary import Event, Status


def column(name, width=1, unit="1"):
    return {"name": name, "unit": unit, "meaning": f"the {name}", "source": "a test", "width": width}


def recording(width=2):
    common = [column("time", unit="steps"), column("loss"), column("eigenvalues", width)]
    return Recording(
        {
            "problem": {"name": "toy"},
            "optimizer": {"label": "gradient descent"},
            "processes": [
                {"name": "discrete", "columns": common},
                {"name": "rod", "columns": [*common, column("distance")]},
            ],
        }
    )


def rows(start, stop, width=2, **more):
    time = np.arange(start, stop, dtype=float)
    return {"time": time, "loss": 2 * time, "eigenvalues": np.outer(time, np.arange(1, width + 1)), **more}


def test_columns_grow_and_views_stay_as_they_were():
    rec = recording()
    rec["discrete"].append(rows(0, 3))
    before = rec["discrete"]["loss"]
    rec["discrete"].append(rows(3, 2000))
    np.testing.assert_array_equal(before, [0, 2, 4])
    np.testing.assert_array_equal(rec["discrete"]["loss"], 2.0 * np.arange(2000))
    assert rec["discrete"]["eigenvalues"].shape == (2000, 2)
    assert rec.nbytes == 2000 * 4 * 8


def test_a_matrix_of_one_column_stays_a_matrix():
    rec = recording(width=1)
    rec["discrete"].append(rows(0, 3, width=1))
    assert rec["discrete"]["eigenvalues"].shape == (3, 1)
    assert rec["discrete"]["loss"].shape == (3,)


def test_views_are_read_only():
    rec = recording()
    rec["discrete"].append(rows(0, 3), {2: np.ones(4)})
    with pytest.raises(ValueError, match="read-only"):
        rec["discrete"]["loss"][0] = 1
    with pytest.raises(ValueError, match="read-only"):
        rec["discrete"].parameters[2][0] = 0
    with pytest.raises(TypeError):
        rec["discrete"].parameters[3] = np.ones(4)


def test_unknown_names_name_the_nearest():
    rec = recording()
    with pytest.raises(UnknownNameError, match="did you mean 'discrete'"):
        rec["discreet"]
    with pytest.raises(UnknownNameError, match="did you mean 'loss'"):
        rec["rod"]["losss"]


def test_rows_that_do_not_fit_are_refused():
    rec = recording()
    with pytest.raises(ArgumentError, match="give all of"):
        rec["rod"].append(rows(0, 3))
    with pytest.raises(ArgumentError, match="shape"):
        rec["discrete"].append({**rows(0, 3), "loss": np.zeros(2)})
    with pytest.raises(ArgumentError, match="shape"):
        rec["discrete"].append({**rows(0, 3), "eigenvalues": np.zeros(3)})
    assert len(rec["discrete"]) == 0


def test_columns_say_unit_and_meaning():
    assert recording()["rod"].columns["time"] == "[steps] the time"


def test_cursor_reads_only_what_is_new():
    rec = recording()
    cursor = Cursor(rec)
    rec["discrete"].append(rows(0, 5))
    rec.add_events([Event(3, "learning_rate", 0.1, 0.2)])
    (chunk,) = cursor.read(limit=3)
    assert (chunk.table, chunk.first_row, chunk.rows) == ("discrete", 0, 3)
    rec["rod"].append(rows(2, 4, distance=np.zeros(2)))
    assert cursor.behind == 4
    assert [(c.table, c.first_row, c.rows) for c in cursor.read()] == [("discrete", 3, 2), ("rod", 0, 2)]
    assert cursor.read() == []
    assert cursor.read_events() == rec.events
    assert cursor.read_events() == ()


def test_many_readers_see_whole_rows_while_one_writes():
    rec, total, readers = recording(), 20_000, 4
    wrong, counts = [], []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)

    def read():
        cursor, seen = Cursor(rec), 0
        while seen < total:
            for chunk in cursor.read():
                time = chunk.columns["time"]
                expected = np.arange(chunk.first_row, chunk.first_row + chunk.rows)
                if not (np.array_equal(time, expected) and np.array_equal(chunk.columns["loss"], 2 * time)):
                    wrong.append(chunk.first_row)
                seen += chunk.rows
        counts.append(seen)

    threads = [threading.Thread(target=read) for _ in range(readers)]
    try:
        for thread in threads:
            thread.start()
        for start in range(0, total, 8):
            rec["discrete"].append(rows(start, start + 8))
        for thread in threads:
            thread.join(60)
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
    assert counts == [total] * readers


def test_save_without_a_store_says_what_to_call(tmp_path):
    with pytest.raises(RunError, match=r"store\.save"):
        recording().save(tmp_path / "run")


def test_repr_tells_the_story():
    rec = recording()
    rec["discrete"].append(rows(0, 3))
    rec.status = Status("finished", 2, "Finished: 2 steps.")
    text = repr(rec)
    assert "gradient descent on toy" in text
    assert "finished: Finished: 2 steps." in text
    assert "discrete: 3 rows" in text
    assert "3 rows of time, loss" in repr(rec["discrete"])


def test_to_pandas():
    rec = recording()
    rec["rod"].append(rows(2, 4, distance=np.zeros(2)))
    frame = rec.to_pandas("rod")
    assert list(frame.columns) == ["loss", "eigenvalues_0", "eigenvalues_1", "distance"]
    assert list(frame.index) == [2.0, 3.0]


def test_to_xarray_aligns_by_time():
    rec = recording()
    rec["discrete"].append(rows(0, 4))
    rec["rod"].append(rows(2, 4, distance=np.ones(2)))
    data = rec.to_xarray()
    assert list(data["time"].values) == [0, 1, 2, 3]
    np.testing.assert_array_equal(data["loss"].sel(process="rod"), [np.nan, np.nan, 4, 6])
    np.testing.assert_array_equal(data["distance"].sel(process="discrete"), [np.nan] * 4)
    assert data["eigenvalues"].dims == ("process", "time", "eigenvalues_index")
    assert data["loss"].attrs["long_name"] == "the loss"


def test_missing_pandas_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        recording().to_pandas("rod")
