"""Whether anything is lost, and whether memory grows, in long and in fast runs: `python benchmarks/endurance.py [fast] [long]`.

fast: a producer of 20,000 steps a second for 60 s, five series, with a live view open in a real JupyterLab.

long: two hours of a run with a view open, compressed into less than five minutes. What two hours of a run at 1.5 steps a
second would bring is brought: 10,800 rows of iterates, rod and stable flow with all their columns, each in a frame of its
own, and six times (every 20 minutes) a line that is cut and comes again. They come one after the other as fast as the page
takes them, not at that rate, so that what depends on the time itself (timers, the statuses that are told once a second)
happens as often as in the minutes that it takes. Of the page both the JavaScript heap and the buffers are counted, after
its garbage was collected; of the kernel the resident memory, likewise. The slope is that of the line of least squares
through the samples after the first quarter, in MB an hour of the two, while the run goes: at its end a picture is drawn for
the file, with libraries that are loaded then. Beside it stands the slope without the rows
themselves, which are kept on purpose: in the kernel all, in the page up to 40 MB.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.lab import lab
from tests.browser.live import LiveView
from tests.browser.notebook import Notebook
from tests.browser.proxy import Proxy
from tests.browser.test_reliability import COUNTED

RATE, SECONDS = 20_000, 60
HOURS, STEPS_A_SECOND, RECONNECTIONS, SAMPLES = 2.0, 1.5, 6, 24

COMMON = """
import gc, os, threading
import psutil
from tests.browser.producer import Gate, Rate, live as made
def held():
    gc.collect()
    tables = live.run.recording.tables
    return [psutil.Process().memory_info().rss / 1e6, live.run.recording.nbytes / 1e6, min(map(len, tables))]
"""
FAST = (
    COMMON
    + """
rate, gate = Rate({rate}), Gate()
live = made(lambda row: rate(row) if row or gate(row) else 0, {rows} - 1)
live
"""
)
# One row, one frame: the next row is let through when the frame has gone.
LONG = (
    COMMON
    + """
from rodflow_widgets.session import recorder
recorder.DRAIN_SECONDS = 0.0
gate, gone, sent = Gate(), threading.Event(), []
live = made(gate, {rows} - 1, processes=("discrete", "rod", "stable"), columns=None)
pacer = next(iter(live._branches)).feed._pacer
pacer.interval = pacer.slowest = 0.0
send = live.send
def counted(content, buffers=None):
    send(content, buffers)
    if content["kind"] == "frame":
        sent.append(sum(block["rows"] for block in content["blocks"]))
    gone.set()
live.send = counted
def drive(until):
    for _ in range(until - len(live.run.recording["discrete"])):
        gone.clear()
        gate.let(1)
        gone.wait(60)
live
"""
)


class Memory:
    """What kernel and page hold, over time."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.session = notebook.page.context.new_cdp_session(notebook.page)
        self.session.send("Performance.enable")
        self.samples: list[dict[str, float]] = []

    def take(self, at: float) -> dict[str, float]:
        """A sample at `at`, in seconds or hours."""
        for _ in range(2):
            self.session.send("HeapProfiler.collectGarbage")
        usage = self.session.send("Runtime.getHeapUsage")
        metrics = {m["name"]: m["value"] for m in self.session.send("Performance.getMetrics")["metrics"]}
        resident, recording, rows = json.loads(self.notebook.execute("import json; print(json.dumps(held()))"))
        stored = self.notebook.page.evaluate("document.querySelector('.rodflow').rodflow.store.bytes") / 1e6
        page = (usage["usedSize"] + usage["backingStorageSize"]) / 1e6
        sample = {
            "at": at,
            "kernel": resident,
            "recording": recording,
            "page": page,
            "stored": stored,
            "rows": rows,
            "nodes": metrics["Nodes"],
            "listeners": metrics["JSEventListeners"],
        }
        self.samples.append(sample)
        return sample

    def slope(self, *names: str) -> float:
        """Of the first name less the others, a unit of `at`, after the first quarter."""
        last = self.samples[-1]["rows"]
        going = [sample for sample in self.samples if sample["rows"] < last]
        late = going[len(going) // 4 :]
        at = [sample["at"] for sample in late]
        values = [sample[names[0]] - sum(sample[name] for name in names[1:]) for sample in late]
        return float(np.polyfit(at, values, 1)[0])

    def print(self, unit: str) -> None:
        print(
            f"  {unit:>6}{'rows':>11}{'kernel MB':>11}{'recording':>11}{'page MB':>9}{'its rows':>10}{'nodes':>7}{'listeners':>11}"
        )
        for sample in self.samples:
            print(
                f"  {sample['at']:6.1f}{sample['rows']:11,.0f}{sample['kernel']:11.1f}{sample['recording']:11.1f}"
                f"{sample['page']:9.1f}{sample['stored']:10.1f}{sample['nodes']:7.0f}{sample['listeners']:11.0f}"
            )
        for what, names in {"kernel": ("kernel", "recording"), "page": ("page", "stored")}.items():
            whole, rest = self.slope(names[0]), self.slope(*names)
            print(f"  {what}: {whole:+.2f} MB a {unit}, of which all but the rows {rest:+.2f} MB a {unit}")
        print(f"  listeners: {self.slope('listeners'):+.1f} a {unit}; nodes: {self.slope('nodes'):+.1f} a {unit}")


def arrived(notebook: Notebook, rows: int) -> dict[str, Any]:
    """What came to the page; exits where it is not all."""
    live = LiveView(notebook)
    live.step(rows - 1, seconds=60)
    counted: dict[str, Any] = notebook.page.evaluate("window.counted")
    told = live.hook("store.held()")
    if set(told.values()) != {rows}:
        sys.exit(f"Lost: of {rows:,} rows the page was told {told}.")
    return counted


def fast(made: Any) -> None:
    rows = RATE * SECONDS
    with made.notebook("fast", [FAST.format(rate=RATE, rows=rows)]) as notebook:
        live = LiveView(notebook)
        notebook.run_all()
        live.state("running", "ready")
        live.root.evaluate(COUNTED)
        memory = Memory(notebook)
        memory.take(0.0)
        notebook.execute("gate.let(1)")
        begun = time.monotonic()
        while time.monotonic() - begun < SECONDS - 1:
            notebook.page.wait_for_timeout(5000)
            memory.take(time.monotonic() - begun)
        live.state("finished", seconds=120)
        counted = arrived(notebook, rows)
        memory.take(time.monotonic() - begun)
        took = float(notebook.execute("print(live.run.seconds)"))
        print(f"fast: {rows:,} rows of five processes in {took:.1f} s: {rows / took:,.0f} steps a second")
        print(
            f"  arrived: {set(counted['rows'].values())} in {counted['frames']} frames, {counted['snapshots']} snapshots"
        )
        memory.print("s")


def long(made: Any) -> None:
    rows = int(HOURS * 3600 * STEPS_A_SECOND)
    proxy = Proxy(made.server.url)
    try:
        with made.notebook("long", [LONG.format(rows=rows)], url=proxy.url) as notebook:
            live = LiveView(notebook)
            notebook.run_all()
            live.state("running", "ready")
            live.root.evaluate(COUNTED)
            memory = Memory(notebook)
            memory.take(0.0)
            begun, cuts = time.monotonic(), 0
            for sample in range(1, SAMPLES + 1):
                until = rows * sample // SAMPLES
                # In a thread, so that the kernel answers meanwhile.
                notebook.execute(f"threading.Thread(target=drive, args=({until},), daemon=True).start()")
                if sample % (SAMPLES // RECONNECTIONS) == 1:
                    notebook.page.wait_for_timeout(500)
                    proxy.cut()
                    notebook.page.wait_for_timeout(300)
                    proxy.mend()
                    cuts += 1
                live.step(until - 1, seconds=120)
                memory.take(HOURS * sample / SAMPLES)
            took = time.monotonic() - begun
            counted = arrived(notebook, rows)
            frames = int(notebook.execute("print(len(sent))"))
            print(f"long: {HOURS:g} h at {STEPS_A_SECOND:g} steps a second in {took:.0f} s")
            print(f"  {rows:,} rows, sent in {frames:,} frames; the line was cut {cuts} times")
            print(f"  arrived: {counted['frames']:,} frames, {counted['snapshots']} snapshots; rows held: all {rows:,}")
            memory.print("h")
    finally:
        proxy.close()


def main() -> None:
    wanted = sys.argv[1:] or ["fast", "long"]
    if set(wanted) - {"fast", "long"}:
        sys.exit(__doc__)
    with lab() as made:
        for name in wanted:
            {"fast": fast, "long": long}[name](made)


if __name__ == "__main__":
    main()
