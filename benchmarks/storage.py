"""What it costs to keep runs on disk: bytes a row, milliseconds a flush, saving, loading and checkpoints.

python benchmarks/storage.py [FOLDER]

Ratios are of two things in the same process, one after the other, several times; they say more than the seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rodflow_widgets import store
from rodflow_widgets.recording import Recording
from rodflow_widgets.store.places import weight
from rodflow_widgets.store.writing import Files

COLUMNS, ROWS, ROUNDS = 20, 1_000_000, 3
FLUSH_ROWS = 256


def made(rows: int, columns: int = COLUMNS) -> Recording:
    """One process, whose numbers look like a loss that falls and oscillates: they compress a little, as real ones do."""
    rng = np.random.default_rng(0)
    described = [{"name": f"c{i}", "unit": "1", "meaning": f"column {i}"} for i in range(columns - 1)]
    spec = {
        "problem": {"name": "a benchmark"},
        "optimizer": {"label": "gradient descent"},
        "processes": [{"name": "discrete", "columns": [{"name": "time", "unit": "steps", "meaning": "t"}, *described]}],
    }
    recording = Recording(spec, saver=store.save)
    time_ = np.arange(float(rows))
    slow = np.exp(-time_ / max(rows, 1))
    table = {f"c{i}": slow * (1 + 0.1 * rng.normal(size=rows)) for i in range(columns - 1)}
    recording["discrete"].append({"time": time_, **table})
    return recording


def seconds(act: Callable[[], Any], before: Callable[[], Any] = lambda: None) -> float:
    """Median of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        before()
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def appends(folder: Path) -> None:
    """A journal row by row: what is appended, and what waits for the disk."""
    recording, source = made(0), made(FLUSH_ROWS * 200)
    place = folder / "appends"
    place.mkdir()
    files = Files(recording, place)
    append, flush = [], []
    for start in range(0, len(source["discrete"]), FLUSH_ROWS):
        recording["discrete"].append(source["discrete"].rows(start, start + FLUSH_ROWS))
        began = time.perf_counter()
        files.append()
        between = time.perf_counter()
        files.flush()
        append.append(between - began)
        flush.append(time.perf_counter() - between)
    files.close()
    stream = (place / "journal" / "0.arrow").stat().st_size
    print(f"journal: {FLUSH_ROWS} rows of {COLUMNS} columns a flush")
    print(f"  append {1e3 * statistics.median(append):.2f} ms (95 %: {1e3 * np.quantile(append, 0.95):.2f})")
    print(
        f"  waiting for the disk {1e3 * statistics.median(flush):.1f} ms (95 %: {1e3 * np.quantile(flush, 0.95):.1f})"
    )
    print(f"  {stream / len(recording['discrete']):.1f} bytes a row; the numbers alone are {8 * COLUMNS}")


def older(recording: Recording, path: Path) -> None:
    """As it was until format 1: a zip of .npy members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, values in recording["discrete"].rows(0, len(recording["discrete"])).items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.ascontiguousarray(values), allow_pickle=False)
        archive.writestr("run.json", json.dumps(recording.spec))


def older_load(path: Path) -> Recording:
    with zipfile.ZipFile(path) as archive:
        recording = Recording(json.loads(archive.read("run.json")))
        columns = {}
        for name in recording["discrete"]:
            with archive.open(f"{name}.npy") as file:
                columns[name] = np.lib.format.read_array(file, allow_pickle=False)
        recording["discrete"].append(columns)
    return recording


def whole(folder: Path) -> None:
    """A million rows, saved and loaded, in the way it was and in the way it is."""
    recording = made(ROWS)
    new, old = folder / "new", folder / "old"
    save = seconds(lambda: store.save(recording, new), lambda: shutil.rmtree(new, ignore_errors=True))
    save_old = seconds(lambda: older(recording, old))
    load, load_old = seconds(lambda: store.load(new)), seconds(lambda: older_load(old))
    look = seconds(lambda: store.look(new))
    print(f"{ROWS:,} rows of {COLUMNS} columns, {recording.nbytes / 1e6:.0f} MB of numbers")
    print(f"  save {save:.2f} s, as a zip {save_old:.2f} s: {save_old / save:.1f} times as long")
    print(f"  load {load:.2f} s, of a zip {load_old:.2f} s: {load_old / load:.1f} times as long")
    print(f"  look {1e3 * look:.1f} ms")
    print(f"  {weight(new) / ROWS:.1f} bytes a row, as a zip {old.stat().st_size / ROWS:.1f}")
    compressed(recording)
    journal = folder / "journal"
    journal.mkdir()
    files = Files(recording, journal)
    began = time.perf_counter()
    files.flush()
    print(f"  all of it into a journal {time.perf_counter() - began:.2f} s", end="")
    files.close()
    print(f", and loaded from there in {seconds(lambda: store.load(journal)):.2f} s")
    for path, what in ((new, "Zarr"), (journal, "a journal")):
        peak, size = memory(path), weight(path)
        print(
            f"  loading {what} takes at most {peak / 1e6:.0f} MB: {peak / size:.2f} times the files (bound: 4 and 64 MB)"
        )


def compressed(recording: Recording) -> None:
    """What a codec of Zarr would save."""
    import pyarrow

    data = np.ascontiguousarray(recording["discrete"]["c0"]).tobytes()
    shuffled = np.frombuffer(data, np.uint8).reshape(-1, 8).T.tobytes()
    for name, level in (("lz4", None), ("zstd", 1), ("zstd", 9)):
        codec = pyarrow.Codec(name, level) if level else pyarrow.Codec(name)
        taken = seconds(lambda codec=codec: codec.compress(shuffled))
        size = len(codec.compress(shuffled))
        said = f"{name} {level or ''}".strip()
        print(
            f"  bytes shuffled, then {said}: {size / len(data):.2f} of the bytes at {len(data) / taken / 1e6:.0f} MB/s"
        )


def memory(path: Path) -> float:
    """Peak of what a process holds while it loads, over what it held before (Linux)."""
    code = (
        "import sys; from rodflow_widgets import store\n"
        "peak = lambda: int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) * 1024\n"
        "store.look(sys.argv[1]); before = peak(); recording = store.load(sys.argv[1]); print(peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def checkpoints(folder: Path) -> None:
    """Writing and reading states of a size."""
    for parameters in (10_000, 1_000_000):
        arrays = {name: np.random.default_rng(0).normal(size=parameters) for name in ("w", "m", "v", "basis")}
        path = folder / f"checkpoints{parameters}"
        journal = store.Journal(made(100), path, seconds=60)
        rows = iter(range(100))
        write = seconds(lambda j=journal, a=arrays, r=rows: j._keeper.put(next(r), 0, {"step": 1}, a))
        read = seconds(lambda p=path: store.read_checkpoint(p, 0))
        size = store.checkpoints(path)[0].bytes
        print(f"checkpoint of {size / 1e6:.1f} MB: written in {1e3 * write:.0f} ms, read in {1e3 * read:.0f} ms")
        journal.close()


def going_on(folder: Path) -> None:
    """A run of 20 s at 20,000 rows a second: how much of them its producer notices."""
    for journalled in (False, True):
        recording, source = made(0), made(64)
        rows = source["discrete"].rows(0, 64)
        journal = store.Journal(recording, folder / "going", overwrite=True) if journalled else None
        if journal is not None:
            journal.start()
        times, first = [], 0
        end = time.perf_counter() + 10
        while time.perf_counter() < end:
            began = time.perf_counter()
            recording["discrete"].append({**rows, "time": np.arange(first, first + 64.0)})
            times.append(time.perf_counter() - began)
            first += 64
            time.sleep(0.0025)
        said = "with a journal" if journalled else "without"
        print(f"10 s of rows, {said}: {first / 10:,.0f} a second, append at most {1e3 * max(times):.1f} ms")
        if journal is not None:
            began = time.perf_counter()
            journal.close()
            print(
                f"  closed, as Zarr, in {time.perf_counter() - began:.2f} s; {len(store.load(folder / 'going')['discrete']):,} rows"
            )


def main() -> None:
    folder = Path(tempfile.mkdtemp(dir=sys.argv[1] if len(sys.argv) > 1 else None))
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    try:
        for part in (appends, whole, checkpoints, going_on):
            part(folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
