"""Recordings without a simulation, and comparing them bit for bit."""

from __future__ import annotations

import math

import numpy as np

from rodflow_widgets import store
from rodflow_widgets.recording import Recording
from rodflow_widgets.vocabulary import Event, Status


def column(name, width=1, unit="1"):
    return {"name": name, "unit": unit, "meaning": f"the {name}", "source": "a test", "width": width}


def empty(**columns):
    """A recording without rows, that has ended: process name -> columns, besides time and loss."""
    common = [column("time", unit="optimizer steps"), column("loss")]
    made = Recording(
        {
            "problem": {"name": "½ toy"},
            "optimizer": {"label": "gradient descent"},
            "steps": 400,
            "processes": [{"name": name, "columns": [*common, *more]} for name, more in columns.items()],
        },
        saver=store.save,
    )
    made.status = Status("finished", 0, "Finished.")
    return made


def rows(rng, table, start, stop):
    """Random rows of a table, [n, 1] for `eigenvalues`."""
    found = {}
    for described in table.described:
        flat = described.width == 1 and described.name != "eigenvalues"
        found[described.name] = rng.normal(size=stop - start if flat else (stop - start, described.width))
    found["time"] = np.arange(start, stop, dtype=float)
    return found


def recording(count=400, seed=0):
    """Three processes, one of which never began; names that are no file names; NaN with a payload, infinity, −0."""
    odd = [column("eigenvalues"), column("wide", 3), column("a/../b"), column("Loss"), column("wide_index")]
    rec = empty(**{"../rod": odd, "empty": odd, "discrete": [column("eigenvalues"), column("wide", 2)]})
    rng = np.random.default_rng(seed)
    made = rows(rng, rec["../rod"], 5, count)
    made["wide"][0, 1] = np.array(0x7FF8DEADBEEF0001, np.uint64).view(float)
    made["Loss"][3], made["Loss"][4] = np.inf, -0.0
    rec["../rod"].append(made, {7: rng.normal(size=5)})
    vectors = {7: rng.normal(size=5).astype("f4"), 9: np.ones(2)}
    rec["discrete"].append(rows(rng, rec["discrete"], 0, count - 3), vectors)
    rec["../rod"].status = Status("diverged", 399, "The loss passed 10⁶.")
    rec.status, rec.seconds = Status("diverged", 399, "Diverged."), 1.25
    rec.add_events([Event(5, "learning_rate", 0.1, 0.2), Event(9, "learning_rate", 0.2, math.inf, "undone")])
    return rec


def assert_same(found, expected, *, statuses=True):
    """Two recordings are the same, every number bit for bit."""
    assert found.spec == expected.spec
    assert found.events == expected.events
    assert not statuses or (found.status, found.seconds) == (expected.status, expected.seconds)
    for table in expected.tables:
        other = found[table.name]
        assert not statuses or other.status == table.status
        assert len(other) == len(table)
        assert dict.fromkeys(other.parameters) == dict.fromkeys(table.parameters)
        for step, vector in table.parameters.items():
            assert other.parameters[step].dtype == vector.dtype
            np.testing.assert_array_equal(other.parameters[step], vector)
        for name in table:
            assert other[name].tobytes() == table[name].tobytes(), (table.name, name)
            assert len(table) == 0 or other[name].shape == table[name].shape
