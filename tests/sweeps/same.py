"""Whether two sweeps, or runs, have recorded the same."""

import numpy as np


def assert_same_rows(one, other, **close):
    """All columns of two recordings; bit for bit, or as `close` says."""
    assert list(one) == list(other)
    for name in one:
        assert len(one[name]) == len(other[name])
        for column in one[name]:
            if close:
                np.testing.assert_allclose(one[name][column], other[name][column], **close)
            else:
                np.testing.assert_array_equal(one[name][column], other[name][column])


def assert_same_sweeps(one, other, **close):
    assert one.points == other.points
    assert one.axes == other.axes
    for a, b in zip(one.recordings, other.recordings, strict=True):
        assert_same_rows(a, b, **close)
        assert (a.status.state, a.status.step) == (b.status.state, b.status.step)
