"""A million recorded steps in a page: `python benchmarks/million.py [--rows 1000000]`.

Rows come at 200,000 a second, made up (`tests/browser/producer.py`) in place of a simulation, with a live view on them:
first the losses of five processes, then everything that iterates, rod and stable flow record. Told is whether all rows
arrived, and how long after the last was recorded; what the page holds for them; and how long after a reload of the page
the view is there, and its picture.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.lab import MainThread, lab
from tests.browser.notebook import Notebook

RATE = 200_000
VIEWS = {
    "five losses": 'dict(columns=("time", "loss"))',
    "all columns": 'dict(processes=("discrete", "rod", "stable"), columns=None)',
}
# The run waits at the gate until its view is on the page and was measured.
CELLS = (
    """
import time
from tests.browser.producer import Gate, Rate, live
rate, gate = Rate({rate}), Gate()
view = live(lambda row: rate(row) if row or gate(row) else 0, {rows} - 1, **{arguments})
ends = []
forget = view.run.on_change(lambda: ends.append(time.time()) if view.run.status.ended else None)
view
""",
)
WIDTH = "sum(c.width for t in view.run.recording.tables for c in t.described)"
# When the view was there, held all rows and had drawn them, in ms since the page began to load, or since a mark.
WATCH = """
window.seen = {};
const look = () => {
  const root = document.querySelector('.rodflow');
  const now = performance.now();
  if (root?.rodflow) {
    if (!window.seen.mounted) {
      window.seen = { mounted: now, frames: 0 };
      root.rodflow.store.changed.subscribe(() => window.seen.frames++);
    }
    if (root.rodflow.store.newest >= ROWS - 1) {
      if (window.seen.held) window.seen.drawn ??= now;
      window.seen.held ??= now;
      if (root.rodflow.store.tables.get('discrete').rows > 5000) window.seen.fine ??= now;
    }
  }
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def held(thread: MainThread) -> dict[str, float]:
    """Megabytes of the page's JavaScript heap and of its array buffers, after collecting garbage."""
    for _ in range(3):
        thread.session.send("HeapProfiler.collectGarbage")
    usage = thread.session.send("Runtime.getHeapUsage")
    return {"heap": usage["usedSize"] / 1e6, "buffers": usage["backingStorageSize"] / 1e6}


def arrive(notebook: Notebook, thread: MainThread, rows: int) -> None:
    """Let the run go; wait until the page holds all that was recorded, and say how that went."""
    before, (busy, script) = held(thread), thread.spent()
    notebook.execute("waited = view.run.seconds; gate.let(1)")
    recorded = json.loads(notebook.execute("view.run.wait(); print(view.run.seconds - waited)"))
    notebook.until("window.seen.drawn", 300)
    drawn = notebook.page.evaluate("(performance.timeOrigin + window.seen.drawn) / 1000")
    took = drawn - json.loads(notebook.execute("print(ends[0])"))
    frames = notebook.page.evaluate("window.seen.frames")
    width = int(notebook.execute(f"print({WIDTH})"))
    spent = [now - then for now, then in zip(thread.spent(), (busy, script), strict=True)]
    told = notebook.page.evaluate("document.querySelector('.rodflow').rodflow.store.held()")
    kept = notebook.page.evaluate(
        "Object.values(Object.fromEntries([...document.querySelector('.rodflow').rodflow.store.tables]"
        ".map(([name, table]) => [name, table.rows])))"
    )
    print(f"  recorded in {recorded:.1f} s: {rows / recorded:,.0f} steps a second, {width} numbers a step")
    print(f"  all drawn {took:.1f} s after the last was recorded, in {frames} frames")
    print(f"  rows that arrived, by process: {sorted(set(told.values()))}, of {rows:,}")
    print(f"  rows that the page keeps of them: {sorted(set(kept))}")
    print(f"  main thread: {spent[0] / frames:.0f} ms a frame, of these {spent[1] / frames:.0f} ms script")
    after = held(thread)
    for what in before:
        print(
            f"  {what}: {before[what]:.1f} MB before, {after[what]:.1f} MB after: {after[what] - before[what]:+.1f} MB"
        )
    print(f"  held for the rows: {sum(after.values()) - sum(before.values()):.1f} MB")


def replay(notebook: Notebook, times: int) -> None:
    """Reload the page, several times."""
    found = []
    for _ in range(times):
        notebook.reload()
        notebook.until("window.seen.drawn && window.seen.fine", 60)
        found.append(notebook.page.evaluate("window.seen"))
    whole = statistics.median(seen["drawn"] for seen in found)
    print(
        f"  reload: picture {whole:,.0f} ms after the page began to load, start of JupyterLab included (median of {times})"
    )
    for what, name in (("drawn", "of the whole run"), ("fine", "all rows of a snapshot")):
        took = [seen[what] - seen["mounted"] for seen in found]
        print(f"    after the view was there: {name} {statistics.median(took):,.0f} ms, at worst {max(took):,.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10**6, help="steps in all")
    rows = parser.parse_args().rows
    with lab() as made:
        for name, arguments in VIEWS.items():
            print(f"{name}:", flush=True)
            cells = [cell.format(rate=RATE, rows=rows, arguments=arguments) for cell in CELLS]
            with made.notebook(f"million {name}", cells, WATCH.replace("ROWS", str(rows))) as notebook:
                notebook.run_all()
                notebook.finished()
                notebook.until("window.seen.mounted")
                arrive(notebook, MainThread(notebook), rows)
                notebook.save()
                replay(notebook, 5)


if __name__ == "__main__":
    main()
