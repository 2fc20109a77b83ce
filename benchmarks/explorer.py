"""What the explorer of a sweep costs: `python benchmarks/explorer.py [--python] [--write docs/sweep-explorer.md]`.

64 runs of 2,000 steps each, of the quartic, with gradient descent in float64. In Python: the time to make the explorer with
all of it, and, while rows are added to all runs as a batch adds them, the time of an update, both in processor time, and
what goes to the page for it: messages, bytes of arrays and bytes in all. In a real JupyterLab: the time from running the cell that shows it to the
first paint with it, and from the sending of an update to its paint.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import comm
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import rodflow_widgets as rf

RUNS, STEPS, ADDED = 64, 2000, 20
BEGIN, END = "<!-- explorer: begin -->", "<!-- explorer: end -->"

# In a notebook: a sweep whose runs hold `held` rows, of which `add(rows)` adds more.
MAKE = """
import numpy as np
import rodflow_widgets as rf
from benchmarks.explorer import growing
sweep, add = growing()
"""
SHOW = """
explorer = rf.SweepExplorer(sweep)
explorer
"""
WATCH = """() => {
  const grown = new MutationObserver(() => {
    const root = document.querySelector('.rodflow-sweep');
    const drawn = root?.querySelectorAll('.rodflow-sweep-map image[href], .rodflow-sweep-map image').length;
    if (drawn && root.querySelector('.rodflow-sweep-final .dot, .rodflow-sweep-final path.element') && !window.first)
      requestAnimationFrame(() => requestAnimationFrame(() => { window.first ??= performance.now(); }));
  });
  grown.observe(document.body, { childList: true, subtree: true, attributes: true });
}"""


def swept() -> Any:
    rates = np.geomspace(0.05, 3.5, RUNS).tolist()
    rule = rf.optimizers.GradientDescent(0.1)
    return rf.sweep(rf.problems.quartic(), rule, learning_rate=rates, steps=STEPS, progress=False)


def growing(held: int = 200) -> tuple[Any, Any]:
    """A sweep that holds some rows of each run, and what adds more and says so."""
    from rodflow_widgets.recording import Recording

    sweep = swept()
    whole = sweep.recordings
    parts = [Recording(recording.spec) for recording in whole]
    sweep._board.recordings[:] = parts

    def add(rows: int) -> None:
        for part, recording in zip(parts, whole, strict=True):
            at = len(part["discrete"])
            part["discrete"].append(recording["discrete"].rows(at, at + rows))
        sweep._listeners.call()

    add(held)
    return sweep, add


class Counted:
    """Messages that widgets send, and their bytes."""

    def __init__(self) -> None:
        self.messages = self.arrays = self.bytes = 0
        made = comm.create_comm

        def create(*args: Any, **options: Any) -> Any:
            one = made(*args, **options)
            one.publish_msg = self._publish
            self._publish("comm_open", options.get("data"), buffers=options.get("buffers"))
            return one

        comm.create_comm = create

    def _publish(self, kind: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any) -> None:
        size = sum(memoryview(buffer).nbytes for buffer in buffers or ())
        self.messages += 1
        self.arrays += size
        self.bytes += size + len(json.dumps(data, default=str))

    def take(self) -> tuple[int, int, int]:
        taken = self.messages, self.arrays, self.bytes
        self.messages = self.arrays = self.bytes = 0
        return taken


def in_python() -> list[tuple[str, str]]:
    counted = Counted()
    begun = time.process_time()
    assert rf.SweepExplorer is not None
    loaded = time.process_time() - begun
    whole = swept()
    begun = time.process_time()
    explorer = rf.SweepExplorer(whole)
    made = 1000 * (time.process_time() - begun)
    first = counted.take()
    explorer.close()
    sweep, add = growing()
    explorer = rf.SweepExplorer(sweep)
    explorer._forget()  # the thread that sends would draw, too
    counted.take()
    times, sizes = [], []
    for _ in range(40):
        add(ADDED)
        begun = time.process_time()
        explorer.refresh()
        times.append(1000 * (time.process_time() - begun))
        sizes.append(counted.take())
    explorer.close()
    messages, arrays, total = (statistics.median(column) for column in zip(*sizes, strict=True))
    worst = max(size[2] for size in sizes)
    cells = 8 * RUNS * STEPS
    return [
        ("bqplot and ipywidgets imported", f"{loaded:.1f} s of processor time"),
        (f"explorer made of {RUNS} runs of {STEPS:,} rows", f"{made:.0f} ms of processor time"),
        ("sent for it", f"{first[0]} messages, {first[2] / 1000:.0f} kB, of which arrays {first[1] / 1000:.0f} kB"),
        (
            f"update with {ADDED} new rows a run, median / worst of 40",
            f"{statistics.median(times):.1f} / {max(times):.1f} ms of processor time",
        ),
        (
            "sent for an update, median",
            f"{messages:.0f} messages, {total / 1000:.1f} kB, of which arrays {arrays / 1000:.1f} kB; at most {worst / 1000:.0f} kB",
        ),
        ("a column of the recordings in float64, for comparison", f"{cells / 1000:.0f} kB"),
    ]


def in_a_browser() -> list[tuple[str, str]]:
    from benchmarks.lab import lab

    with lab() as made, made.notebook("explorer", [MAKE, SHOW]) as notebook:
        return in_a_page(notebook)


def in_a_page(notebook: Any) -> list[tuple[str, str]]:
    page = notebook.page
    page.evaluate("jupyterapp.commands.execute('notebook:run-cell-and-select-next')")
    notebook.finished()
    notebook.until("document.querySelectorAll('.jp-InputPrompt')[0].textContent.includes('1')")
    page.evaluate(f"({WATCH})()")
    begun = page.evaluate(
        "() => { const at = performance.now(); jupyterapp.commands.execute('notebook:run-cell-and-select-next'); return at; }"
    )
    notebook.until("window.first", 60)
    first = page.evaluate("window.first") - begun
    notebook.until("document.querySelector('.rodflow-sweep').dataset.seq")
    times = []
    for _ in range(20):
        page.wait_for_timeout(400)
        seq = int(page.evaluate("document.querySelector('.rodflow-sweep').dataset.seq"))
        sent = float(notebook.execute(f"import time; print(time.time()); add({ADDED})"))
        notebook.until(f"Number(document.querySelector('.rodflow-sweep').dataset.seq) > {seq}")
        times.append(page.evaluate("Number(document.querySelector('.rodflow-sweep').dataset.drawn)") - 1000 * sent)
    return [
        ("cell run to the explorer painted, in JupyterLab", f"{first / 1000:.1f} s"),
        (
            f"{ADDED} rows a run recorded to painted, median / worst of 20",
            f"{statistics.median(times):.0f} / {max(times):.0f} ms",
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="store_true", help="without a browser")
    parser.add_argument("--write", type=Path, help="page whose block is written anew")
    asked = parser.parse_args()
    found = in_python() + ([] if asked.python else in_a_browser())
    lines = ["| | |", "|---|---|", *(f"| {what} | {value} |" for what, value in found)]
    print("\n".join(lines))
    if asked.write:
        before, rest = asked.write.read_text().split(BEGIN)
        after = rest.split(END)[1]
        asked.write.write_text("\n".join([before + BEGIN, *lines, END + after]))


if __name__ == "__main__":
    main()
