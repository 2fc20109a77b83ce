"""Ways to spoil the folder of a run, by somebody who knows the format and its checksums."""

from __future__ import annotations

import copy
import json
import os
import pickle
import shutil
import struct
import zlib

import google_crc32c
import numpy as np
import pyarrow

from rodflow_widgets.store import lines
from rodflow_widgets.store.rows import END, Stream

from .made_up import rows

LARGE = 1 << 40


class Evil:
    """What a pickle would run."""

    def __reduce__(self):
        return os.system, ("touch pickles-were-read",)


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size and path.name != "lock")


def some(rng, folder):
    found = files(folder)
    return found[rng.integers(len(found))]


# ------------------------------------------------------------------ bytes


def flip(rng, folder, other):
    path = some(rng, folder)
    data = bytearray(path.read_bytes())
    data[rng.integers(len(data))] ^= int(rng.integers(1, 256))
    path.write_bytes(data)


def flip_a_header(rng, folder, other):
    """Where lengths, offsets and shapes are."""
    path = some(rng, folder)
    data = bytearray(path.read_bytes())
    places = min(len(data), 1200)
    for _ in range(int(rng.integers(1, 5))):
        data[rng.integers(places)] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF]))
    path.write_bytes(data)


def cut(rng, folder, other):
    path = some(rng, folder)
    os.truncate(path, int(rng.integers(path.stat().st_size)))


def lengthen(rng, folder, other):
    with some(rng, folder).open("ab") as file:
        file.write(rng.bytes(int(rng.integers(1, 5000))))


def blank(rng, folder, other):
    path = some(rng, folder)
    data = bytearray(path.read_bytes())
    first = int(rng.integers(len(data)))
    data[first : first + 512] = bytes(len(data[first : first + 512]))
    path.write_bytes(data)


def repeat(rng, folder, other):
    path = some(rng, folder)
    path.write_bytes(path.read_bytes() * 2)


def sparse(rng, folder, other):
    os.truncate(some(rng, folder), LARGE)


# ------------------------------------------------------------------ files


def remove(rng, folder, other):
    some(rng, folder).unlink()


def swap_two(rng, folder, other):
    one, two = some(rng, folder), some(rng, folder)
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def swap_with_another_run(rng, folder, other):
    path = some(rng, folder)
    source = other / path.relative_to(folder)
    if source.is_file():
        path.write_bytes(source.read_bytes())


def swap_folders(rng, folder, other):
    name = str(rng.choice(["loss", "journal", "parameters", "checkpoints", "wide", "time"]))
    if (folder / name).is_dir() and (other / name).is_dir():
        shutil.rmtree(folder / name)
        shutil.copytree(other / name, folder / name)


def link(rng, folder, other):
    path = some(rng, folder)
    target = rng.choice(
        ["/etc/passwd", "/dev/zero", "/dev/stdin", str(other / path.relative_to(folder)), str(path.name)]
    )
    path.unlink()
    path.symlink_to(str(target))


def link_a_folder(rng, folder, other):
    inner = sorted({path.parent for path in files(folder)} - {folder})
    path = inner[rng.integers(len(inner))]
    shutil.rmtree(path)
    path.symlink_to(str(rng.choice(["/", "/dev", str(other / path.relative_to(folder)), ".."])))


def pipe(rng, folder, other):
    path = some(rng, folder)
    path.unlink()
    os.mkfifo(path)


def folder_for_file(rng, folder, other):
    path = some(rng, folder)
    path.unlink()
    path.mkdir()


def unpickle_me(rng, folder, other):
    some(rng, folder).write_bytes(pickle.dumps(Evil()))


# ------------------------------------------------------------------ documents, with a checksum that fits


def reseal(path, text):
    path.write_bytes(b'{"crc32": "%08x",\n"content": %b}\n' % (zlib.crc32(text), text))


def content(path):
    return json.loads(path.read_bytes())["content"]


LIES = (
    0,
    -1,
    3,
    1.5,
    2**31,
    2**53 - 1,
    2**63,
    10**30,
    True,
    None,
    "x",
    "../../x",
    [],
    {},
    [[]],
    float("nan"),
    float("inf"),
)
PLACES = (
    ("holds",), ("closed",), ("id",), ("lines",), ("tables",), ("tables", 0), ("tables", 0, "rows"), ("format",), ("mark",),
    ("tables", 0, "status", "state"), ("tables", 0, "matrices"), ("spec", "processes"), ("spec", "processes", 0, "columns"),
    ("spec", "processes", 0, "columns", 0, "name"), ("spec", "processes", 0, "columns", 1, "width"),
    ("spec", "processes", 0, "name"), ("status", "step"), ("zarr",), ("zarr", "times"), ("zarr", "chunk"),
    ("zarr", "time"), ("zarr", "recorded"), ("zarr", "recorded", 0), ("zarr", "variables"), ("zarr", "variables", "loss"),
    ("zarr", "variables", "loss", "width"), ("zarr", "variables", "loss", "column"), ("zarr", "variables", "wide", "width"),
    ("zarr", "variables", "loss", "chunks"), ("zarr", "variables", "loss", "chunks", 0),
)  # fmt: skip


def lie(rng, folder, other):
    """Another value at a place of run.json."""
    said = content(folder / "run.json")
    place = PLACES[rng.integers(len(PLACES))]
    inner = said
    for key in place[:-1]:
        try:
            inner = inner[key]
        except (KeyError, IndexError):
            return
    inner[place[-1]] = copy.deepcopy(LIES[rng.integers(len(LIES))])
    reseal(folder / "run.json", json.dumps(said).encode())


def lie_about_names(rng, folder, other):
    said = content(folder / "run.json")
    name = str(rng.choice(["../other", "/etc", "a/b", "..", "con\0", "é", "x" * 300, "zarr.json", "journal"]))
    if "zarr" in said:
        said["zarr"]["variables"][name] = said["zarr"]["variables"].pop("loss")
    else:
        said["spec"]["processes"][0]["columns"][1]["name"] = name
        said["tables"][0]["rows"] = 10**6
    reseal(folder / "run.json", json.dumps(said).encode())


def widen(rng, folder, other):
    """Columns that would take a terabyte before a row is read."""
    said = content(folder / "run.json")
    for process in said["spec"]["processes"]:
        process["columns"] += [{"name": f"c{i}", "unit": "", "meaning": "", "width": 1_000_000} for i in range(100)]
    reseal(folder / "run.json", json.dumps(said).encode())


def huge_json(rng, folder, other):
    path = folder / "run.json"
    size = int(rng.choice([1 << 20, 9 << 20]))
    texts = [b"[" + b"[]," * (size // 3) + b"0]", b'"' + b"x" * size + b'"', b"[" * size, b'{"a":' * (size // 5)]
    texts += [b"[" + b"1e308," * (size // 6) + b"0]", b"1" * size]
    text = texts[rng.integers(len(texts))]
    said = path.read_bytes()
    inside = said[said.index(b'"content": ') + 11 : -2]
    reseal(path, b'{"spec": %b, %b' % (text, inside[1:]) if rng.integers(2) else text)


# ------------------------------------------------------------------ lines, arrays, batches, with a checksum that fits


def bad_line(rng, folder, other):
    id = content(folder / "run.json")["id"]
    texts = [
        b'{"event":{"step":NaN,"name":"a","old":1,"new":1,"note":""}}',
        b'{"event":{"step":1,"name":"a","old":Infinity,"new":1,"note":""}}',
        b'{"event":{"step":1,"name":["a"],"old":1,"new":1,"note":""}}',
        b'{"event":{"step":-1,"name":"a","old":1,"new":1,"note":""}}',
        b'{"parameters":{"file":"../../x","bytes":1,"crc32":1}}',
        b'{"parameters":{"file":0,"bytes":1099511627776,"crc32":1}}',
        b'{"parameters":{"file":9007199254740993,"bytes":1,"crc32":1}}',
        b'{"change":{"row":1,"command":"a","args":[]}}',
        b'{"change":{"row":1,"command":"a","args":{"a":' + b"[" * 5000 + b"}}}",
        b'{"run":1}',
        b"[]",
        b"{" + b" " * 200_000 + b"}",
        pickle.dumps(Evil()).replace(b"\n", b""),
    ]
    data = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    place, text = int(rng.integers(len(data))), texts[rng.integers(len(texts))]
    if b'"parameters"' in text:  # in place of another one: else it would only be another story
        place = next(i for i, line in enumerate(data) if b'"parameters"' in line)
    data[place] = lines.line(id, place, text)
    (folder / "events.jsonl").write_bytes(b"".join(data))


def bad_tensors(rng, folder, other):
    """A header of safetensors that lies, under a checksum that fits."""
    path = folder / "parameters" / "0.safetensors"
    header = json.loads(path.read_bytes()[8:].split(b"}}")[0] + b"}}")
    body = bytes(200)
    key = str(rng.choice(sorted(header)))
    lies = [
        {"shape": [2**60]}, {"shape": [1 << 31, 1 << 31]}, {"data_offsets": [0, 2**62]}, {"data_offsets": [100, 4]},
        {"dtype": "O"}, {"dtype": "F4"}, {"shape": [-1]}, {"shape": 5},
    ]  # fmt: skip
    header[key] |= lies[rng.integers(len(lies))]
    if rng.integers(4) == 0:
        header["../../x"] = {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}
    text = json.dumps(header).encode()
    length = int(rng.choice([len(text), 2**63 - 1, 90 << 20]))
    data = struct.pack("<Q", length) + text + body
    path.write_bytes(data)
    id = content(folder / "run.json")["id"]
    written = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    for i, line in enumerate(written):
        if b'"parameters"' in line:
            vectors = lines.Vectors(0, len(data), zlib.crc32(data))
            written[i] = lines.line(id, i, lines.vectors_text(vectors))
    (folder / "events.jsonl").write_bytes(b"".join(written))


def bad_checkpoint(rng, folder, other):
    path = folder / "checkpoints" / "0.json"
    said = content(path)
    key = str(rng.choice(sorted(set(said) - {"applied", "state"})))  # which is what was given, whatever it is
    said[key] = copy.deepcopy(LIES[rng.integers(len(LIES))])
    reseal(path, json.dumps(said).encode())


def compressed_batches(rng, folder, other):
    """Zeros that take a thousandth of their size in the file; checksums fit."""
    if not (folder / "journal").is_dir():
        return bomb_in_zarr(rng, folder, other)
    from rodflow_widgets.store import load

    said, table = content(folder / "run.json"), load(folder).tables[0]
    made = rows(rng, table, 0, 2)
    many = 50_000
    zeros = {name: np.zeros((many, *values.shape[1:])) for name, values in made.items()}
    stream = Stream(f"{said['id']} 0 {table.name}", table.name, table.described, made)
    plain = stream.head + stream.batch(0, zeros) + END
    with pyarrow.ipc.open_stream(plain) as reader:
        batch, metadata = reader.read_next_batch_with_custom_metadata()
    sink = pyarrow.BufferOutputStream()
    options = pyarrow.ipc.IpcWriteOptions(compression=str(rng.choice(["zstd", "lz4"])))
    with pyarrow.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch, custom_metadata=metadata)
    (folder / "journal" / "0.arrow").write_bytes(sink.getvalue().to_pybytes())


def bomb_in_zarr(rng, folder, other):
    """Zarr metadata that tells of compression, over a chunk that is a bomb; the checksum in run.json fits."""
    path = folder / "loss" / "zarr.json"
    if not path.is_file():
        return compressed_batches(rng, folder, other)
    said = json.loads(path.read_bytes())
    said["codecs"] = [said["codecs"][0], {"name": "zstd", "configuration": {"level": 19, "checksum": False}}]
    said["shape"] = [3, 10**9]
    path.write_bytes(json.dumps(said).encode())
    if rng.integers(2):
        bomb = pyarrow.Codec("zstd").compress(bytes(16_000_000), asbytes=True)
        crc = google_crc32c.value(bomb)
        (folder / "loss" / "c" / "0" / "0").write_bytes(bomb + struct.pack("<I", crc))
        run = content(folder / "run.json")
        run["zarr"]["variables"]["loss"]["chunks"][0] = [crc]
        run["zarr"]["times"] = run["zarr"]["chunk"] = int(rng.choice([run["zarr"]["times"], 16_000_000 // 8]))
        reseal(folder / "run.json", json.dumps(run).encode())


ALL = (
    flip, flip_a_header, cut, lengthen, blank, repeat, sparse, remove, swap_two, swap_with_another_run, swap_folders, link,
    link_a_folder, pipe, folder_for_file, unpickle_me, lie, lie_about_names, widen, huge_json, bad_line, bad_tensors,
    bad_checkpoint, compressed_batches, bomb_in_zarr,
)  # fmt: skip
