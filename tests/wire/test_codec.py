import json

import numpy as np
import pytest

from rodflow_widgets.wire import codec, messages


def blocks(rng):
    tables = {
        "discrete": {"time": np.arange(5.0), "eigenvalues": rng.normal(size=(5, 3))},
        "rod": {"time": np.arange(2.0, 4.0), "loss": np.array([1.0, np.nan])},
    }
    return tables, [codec.encode_block(name, 2 * i, columns) for i, (name, columns) in enumerate(tables.items())]


def snapshot(headers):
    return messages.Snapshot(0, 1, 0, headers, [], 0, to="", thinned=False, total_rows={"rod-µ": 2})


def test_columns_come_back():
    tables, encoded = blocks(np.random.default_rng(0))
    for header, buffer in encoded:
        decoded = codec.decode_block(codec.content(header), buffer)
        for name, values in tables[header.table].items():
            np.testing.assert_array_equal(decoded[name], values.astype(np.float32))


def test_a_wide_column_is_contiguous_runs():
    header, buffer = codec.encode_block("t", 0, {"e": np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])})
    assert header.rows == 3
    np.testing.assert_array_equal(np.frombuffer(buffer, "<f4"), [1, 3, 5, 2, 4, 6])


def test_packed_numbers_are_aligned_and_come_back():
    headers, buffers = zip(*blocks(np.random.default_rng(1))[1], strict=True)
    data = codec.pack(snapshot(list(headers)), buffers)
    length = int.from_bytes(data[:4], "little")
    assert (4 + length) % 4 == 0
    header, unpacked = codec.unpack(data)
    assert unpacked == list(buffers)
    assert header["total_rows"] == {"rod-µ": 2}


def test_numbers_beyond_float32_do_not_warn():
    _, buffer = codec.encode_block("t", 0, {"loss": np.array([1e300, 1e-300, -np.inf])})
    np.testing.assert_array_equal(np.frombuffer(buffer, "<f4"), [np.inf, 0, -np.inf])


def test_no_nan_in_json():
    with pytest.raises(ValueError, match="JSON compliant"):
        codec.pack(messages.Reply(0, "a", True, "", float("nan")), [])


def test_empty_block():
    header, buffer = codec.encode_block("t", 7, {"loss": np.empty(0)})
    assert (header.rows, header.first_row, buffer) == (0, 7, b"")
    json.dumps(codec.content(header))
    assert codec.decode_block(codec.content(header), buffer)["loss"].shape == (0,)
