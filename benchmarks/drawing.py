"""What drawing costs beside bqplot and plotly: `python benchmarks/drawing.py [--quick] [--write docs/front-end.md]`.

The protocol of the peers: five series of 1,000, 10,000 and 100,000 points in a page of JupyterLab; the kernel adds ten
points to each, and the page is left alone until it is quiet again. Counted is the time of the page's main thread for
one such update, scripts and everything else, JupyterLab itself included; the median of several is shown. All in one
session, on the same numbers: one JupyterLab, one Chromium, one notebook and kernel for each cell of the table.

Ours is the whole live view, with all of its panels and controls, behind a run whose rows are made up
(`tests/browser/producer.py`). A second row is a run with all columns that a real one has.
Of bqplot there are five marks, each with times of its own, as processes have; and one mark with common times.
"""

from __future__ import annotations

import argparse
import secrets
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, Listener
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.lab import Lab, MainThread, lab
from tests.browser.notebook import Notebook

SIZES = (1_000, 10_000, 100_000)
ADDED = 10
OURS, REAL = "rodflow_widgets", "rodflow_widgets, all columns"
BQPLOT, BQPLOT_ONE, PLOTLY = "bqplot Lines", "bqplot Lines, one mark for all", "plotly FigureWidget"
PEERS = (BQPLOT, BQPLOT_ONE, PLOTLY)
BEGIN, END = "<!-- drawing: begin -->", "<!-- drawing: end -->"

# Each defines `update(rows)`, which adds rows to every series, and shows its widget.
VIEWS = {
    OURS: """
from tests.browser.producer import Gate, live
gate = Gate()
view = live(gate, 10**7)
update = gate.let
update({size})
view
""",
    REAL: """
from tests.browser.producer import FIVE, Gate, live
gate = Gate()
view = live(gate, 10**7, processes=FIVE, columns=None)
update = gate.let
update({size})
view
""",
    BQPLOT: """
import bqplot
from tests.browser.producer import five_series
time, losses = five_series(10**6)
rows = {size}
scales = {{"x": bqplot.LinearScale(), "y": bqplot.LinearScale()}}
marks = [bqplot.Lines(x=time[:rows], y=y[:rows], scales=scales) for y in {series}]
axes = [bqplot.Axis(scale=scales["x"]), bqplot.Axis(scale=scales["y"], orientation="vertical")]
def update(added):
    global rows
    rows += added
    for mark, y in zip(marks, {series}):
        with mark.hold_sync():
            mark.x, mark.y = time[:rows], y[:rows]
bqplot.Figure(marks=marks, axes=axes, animation_duration=0)
""",
    PLOTLY: """
import plotly.graph_objects as go
from tests.browser.producer import five_series
time, losses = five_series(10**6)
rows = {size}
figure = go.FigureWidget([go.Scatter(x=time[:rows], y=y[:rows], mode="lines") for y in losses])
def update(added):
    global rows
    rows += added
    with figure.batch_update():
        for trace, y in zip(figure.data, losses):
            trace.x, trace.y = time[:rows], y[:rows]
figure
""",
}
VIEWS[BQPLOT_ONE] = VIEWS[BQPLOT].replace("{series}", "losses[None]").replace("y[:rows]", "y[:, :rows]")
VIEWS[BQPLOT] = VIEWS[BQPLOT].replace("{series}", "losses")
LISTEN = """
import threading
from multiprocessing.connection import Client
def _serve():
    with Client({address!r}, authkey={key!r}) as told:
        while (rows := told.recv()) is not None:
            update(rows)
            told.send(rows)
threading.Thread(target=_serve, daemon=True).start()
"""
SHOWN = {
    OURS: "document.querySelector('.rodflow')?.rodflow.times().discrete?.at(-1) >= {size} - 1",
    REAL: "document.querySelector('.rodflow')?.rodflow.times().discrete?.at(-1) >= {size} - 1",
    BQPLOT: "document.querySelectorAll('.bqplot path.line').length >= 5",
    PLOTLY: "document.querySelectorAll('.js-plotly-plot .scatterlayer path.js-line').length >= 5",
}
SHOWN[BQPLOT_ONE] = SHOWN[BQPLOT]
# Counts in `window.draws` how often the view has drawn its data.
COUNT = {
    OURS: "document.querySelector('.rodflow').rodflow.store.changed.subscribe(() => requestAnimationFrame(count))",
    BQPLOT: """
new MutationObserver(count).observe(document.querySelector('.bqplot path.line'), { attributeFilter: ['d'] })""",
    PLOTLY: "document.querySelector('.js-plotly-plot').on('plotly_afterplot', count)",
}
COUNT[REAL], COUNT[BQPLOT_ONE] = COUNT[OURS], COUNT[BQPLOT]


@dataclass
class Cost:
    """Medians of one update, in milliseconds of the main thread."""

    whole: float
    script: float

    def __str__(self) -> str:
        return f"{_digits(self.whole)} ({_digits(self.script)})"


def settle(thread: MainThread, most: float = 120) -> Cost:
    """The count once the page has been all but quiet for a while."""
    until, calm, (before, _) = time.monotonic() + most, 0, thread.spent()
    while calm < 4:
        time.sleep(0.1)
        now, script = thread.spent()
        calm = calm + 1 if now - before < 10 else 0
        before = now
        if time.monotonic() > until:
            raise TimeoutError(f"The page was still working after {most:g} s.")
    return Cost(now, script)


@contextmanager
def shown(lab: Lab, view: str, size: int) -> Iterator[tuple[Notebook, Connection]]:
    """A page with one view of `size` points; rows sent on the connection are added to it."""
    key = secrets.token_bytes(16)
    with Listener(("127.0.0.1", 0), authkey=key) as listener:
        cells = [VIEWS[view].format(size=size), LISTEN.format(address=listener.address, key=key)]
        with lab.notebook(f"{view} {size}", cells) as notebook:
            notebook.run_all()
            connection = listener.accept()
            notebook.until(SHOWN[view].format(size=size), 120)
            notebook.page.evaluate(f"() => {{ window.draws = 0; const count = () => window.draws++; {COUNT[view]} }}")
            yield notebook, connection
            connection.send(None)


def cost(notebook: Notebook, connection: Connection, updates: int) -> tuple[Cost, Cost]:
    """Medians of an update, and of as long a time without one."""
    costs: dict[int, list[Cost]] = {ADDED: [], 0: []}
    thread = MainThread(notebook)
    settle(thread)
    for i in range(updates + 2):
        for rows, found in costs.items():
            before = Cost(*thread.spent())
            if rows:
                draws = notebook.page.evaluate("window.draws")
                connection.send(rows)
                connection.recv()
                notebook.page.wait_for_function(f"window.draws > {draws}", polling=50, timeout=120_000)
            after = settle(thread)
            if i >= 2:  # the first warm up
                found.append(Cost(after.whole - before.whole, after.script - before.script))
    update, idle = (
        Cost(statistics.median(c.whole for c in found), statistics.median(c.script for c in found))
        for found in costs.values()
    )
    return update, idle


def table(costs: dict[tuple[str, int], Cost]) -> str:
    """Markdown: a row a view, with how many times more than ours in brackets."""
    head = "| ms of the main thread an update (its script part) | " + " | ".join(f"{s:,} points" for s in SIZES) + " |"
    lines = [head, "|---|" + "--:|" * len(SIZES)]
    for view in dict.fromkeys(view for view, _ in costs):
        cells = []
        for size in SIZES:
            found, ours = costs.get((view, size)), costs.get((OURS, size))
            ratio = f" · {found.whole / ours.whole:.1f} ×" if found and ours and view in PEERS else ""
            cells.append(f"{found}{ratio}" if found else "–")
        lines.append(f"| {view} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write(path: Path, text: str) -> None:
    """Put the table between its two marks."""
    if not path.exists():
        path.write_text(f"# The front end\n\nWhat drawing costs.\n\n{BEGIN}\n{END}\n", encoding="utf-8")
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        sys.exit(f"{path} has no place for the table: put the lines {BEGIN} and {END} where it belongs.")
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer updates")
    parser.add_argument("--views", nargs="+", choices=VIEWS, default=list(VIEWS), help="only these")
    parser.add_argument("--write", type=Path, help="also put the table into this page, between its marks")
    arguments = parser.parse_args()
    updates = 5 if arguments.quick else 15
    costs: dict[tuple[str, int], Cost] = {}
    with lab() as made:
        for view in arguments.views:
            for size in SIZES:
                with shown(made, view, size) as (notebook, connection):
                    costs[view, size], idle = cost(notebook, connection, updates)
                print(f"{view}, {size:,} points: {costs[view, size]} ms; idle {idle} ms", flush=True)
    text = table(costs)
    print(f"\n{text}")
    if arguments.write:
        write(arguments.write, text)


if __name__ == "__main__":
    main()
