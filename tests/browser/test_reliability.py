"""Whatever happens to page, line or kernel: no row is lost or doubled, the view says what happened, other views go on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from .live import LiveView
from .notebook import Notebook, Opener, written
from .proxy import Proxy
from .server import Server

ROOT = Path(__file__).resolve().parents[2]
RUN = """import rodflow_widgets as rf
problem = rf.problems.digits_mlp((8, 8), n=100)
live = rf.compare(problem, rf.optimizers.GradientDescent(0.4), processes=("discrete", "rod"), steps=100_000)
live"""
# Rows beyond which a page that says hello gets a thinned snapshot instead of all.
WHOLE = 20_000
COLUMNS = ("time", "loss", "sharpness")
RECORDED = f"""
import json
print(json.dumps({{
    table.name: {{name: table.rows(0, len(table))[name].astype("float32").tolist() for name in {COLUMNS!r}}}
    for table in live.run.recording.tables
}}))"""
SHOWN = """(root, names) => Object.fromEntries([...root.rodflow.store.tables].map(([table, held]) => [table, {
  next: held.next,
  columns: Object.fromEntries(names.map(name => [name, [...held.column(name).toArray()]])),
}]))"""
# Counts what reaches the store: rows of frames that were new to it, and snapshots that took the place of everything.
COUNTED = """root => {
  const { store } = root.rodflow;
  window.counted = { frames: 0, rows: {}, snapshots: 0 };
  const { append, replace } = store;
  store.append = function (blocks, ...rest) {
    window.counted.frames++;
    const before = this.held();
    append.call(this, blocks, ...rest);
    for (const [name, next] of Object.entries(this.held()))
      window.counted.rows[name] = (window.counted.rows[name] ?? 0) + next - (before[name] ?? 0);
  };
  store.replace = function (...rest) {
    window.counted.snapshots++;
    replace.call(this, ...rest);
  };
}"""
# For longer than the page waits for a kernel that is silent, and for less than the kernel waits for a page.
CUTS = (10.0, 2.0)
# What a browser and JupyterLab say of a line that is dead.
LINE = re.compile(
    r"WebSocket|ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_SOCKET|Failed to fetch|NetworkError|Connection lost|504"
)


def caught_up(live: LiveView) -> int:
    """Hold the run, wait until the page has all rows, and compare them one by one; how many there are of the iterates."""
    notebook = live.notebook
    notebook.execute("_ = live.run.pause()")
    recorded = json.loads(notebook.execute(RECORDED), parse_constant=float)
    rows = {name: len(columns["time"]) for name, columns in recorded.items()}
    assert 0 < max(rows.values()) < WHOLE
    held = json.dumps(rows, sort_keys=True)
    notebook.until(
        "(() => { const held = document.querySelector('.rodflow')?.rodflow?.store.held() ?? {};"
        f" return JSON.stringify(Object.fromEntries(Object.entries(held).sort())) === JSON.stringify({held}); }})()",
        60,
    )
    shown = live.root.evaluate(SHOWN, list(COLUMNS))
    assert {name: table["next"] for name, table in shown.items()} == rows
    for name, columns in recorded.items():
        for column in COLUMNS:
            found = np.array(shown[name]["columns"][column], dtype=np.float32)
            np.testing.assert_array_equal(found, np.array(columns[column], dtype=np.float32), f"{name} {column}")
        assert np.all(np.diff(columns["time"]) == 1)
    notebook.execute("_ = live.run.resume()")
    return int(rows["discrete"])


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    proxy = Proxy(server.url)
    yield proxy
    proxy.close()


def test_reloads_reopenings_and_a_cut_line_lose_no_row(
    proxy: Proxy, opener: Opener, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The line is cut for ten real seconds, then for two; what the server sends meanwhile is lost, and it does not know."""
    notebook = opener(written(tmp_path / "line.ipynb", RUN), url=proxy.url)
    notebook.run_all()
    live = LiveView(notebook)
    live.step(50)
    notebook.save()
    rows = [caught_up(live)]

    notebook.reload()
    live.step(rows[-1] + 20)
    rows.append(caught_up(live))

    for _ in range(2):
        notebook.reopen()
        live = LiveView(notebook)
        live.step(rows[-1] + 20)
        rows.append(caught_up(live))

    for seconds in CUTS:
        live.step(rows[-1] + 20)
        proxy.cut()
        notebook.page.wait_for_timeout(500)
        before = live.shown_step()
        notebook.page.wait_for_timeout(1000 * seconds - 500)
        assert live.shown_step() == before, "rows came over a line that was cut"
        assert proxy.swallowed > 1000, "nothing was sent meanwhile"
        proxy.mend()
        live.step(before + 1, seconds=60)
        notebook.until("jupyterapp.shell.currentWidget.sessionContext.session.kernel.connectionStatus === 'connected'")
        dismiss(notebook)
        rows.append(caught_up(live))
        assert rows[-1] - before > seconds, "the run stood still while the line was cut"
    record_property("rows of the iterates when they were compared", rows)
    live.state("running")
    assert live.root.locator(".rf-words").inner_text().find("kernel has gone") < 0
    notebook.problems[:] = [problem for problem in notebook.problems if not LINE.search(problem)]


def dismiss(notebook: Notebook) -> None:
    """JupyterLab tells of the line in dialogs of its own."""
    for dialog in notebook.page.locator(".jp-Dialog").all():
        dialog.get_by_role("button").last.click()


RATE, SECONDS = 20_000, 6
PRODUCER = f"""import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.browser.producer import Gate, Rate, live as made
rate, gate = Rate({RATE}), Gate()
live = made(lambda row: rate(row) if row or gate(row) else 0, {RATE * SECONDS - 1})
live"""


def test_no_row_of_20_000_a_second_is_lost(
    opener: Opener, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Five losses, for six seconds; `benchmarks/endurance.py` goes on for a minute and watches the memory."""
    notebook = opener(written(tmp_path / "fast.ipynb", PRODUCER))
    notebook.run_all()
    live = LiveView(notebook)
    live.state("running", "ready")
    live.root.evaluate(COUNTED)
    notebook.execute("gate.let(1)")
    live.state("finished", seconds=60)
    rows = RATE * SECONDS
    live.step(rows - 1, seconds=30)
    counted = notebook.page.evaluate("window.counted")
    took = float(notebook.execute("print(live.run.seconds)"))
    # Every row came in a frame, in order and once: what is missing is asked for, and comes as a snapshot.
    names = ("discrete", "rod", "central", "edge", "stable")
    assert counted["rows"] == dict.fromkeys(names, rows)
    assert counted["snapshots"] == 0
    assert live.hook("store.held()") == dict.fromkeys(names, rows)
    assert took < 2 * SECONDS, "it was not as fast as it should have been"
    record_property("rows of each of 5 processes, seconds, frames", (rows, took, counted["frames"]))


# Each fails after so many calls of its loss, some hundred steps; one that is well goes on.
FAILING = """import ipywidgets, torch
import rodflow_widgets as rf
class Loss:
    def __init__(self, then):
        self.then, self.left = then, 4000
    def __call__(self, w):
        self.left -= 1
        value = 0.5 * (3 * w[0] ** 2 + w[1] ** 2)
        return value if self.left >= 0 else self.then(value)
def raising(error):
    def fail(value):
        raise error
    return fail
def failing(then):
    problem = rf.Problem.from_function(Loss(then), torch.ones(2, dtype=torch.float64))
    optimizer = rf.optimizers.GradientDescent(0.66)
    return rf.compare(problem, optimizer, ("discrete", "rod"), steps=10**6, panels=["loss"], autostart=False)
network = rf.problems.digits_mlp((8, 8), n=100)
well = rf.compare(network, rf.optimizers.GradientDescent(0.4), ("discrete", "rod"), steps=10**5, panels=["loss"])
views = {
    "exception": failing(raising(ValueError("there is no batch 12"))),
    "memory": failing(raising(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."))),
    "nan": failing(lambda value: value * torch.nan),
}
ipywidgets.VBox([well, *views.values()])"""
TOLD = {
    "exception": ("error", "Step {} failed: there is no batch 12"),
    "memory": ("error", "Step {} failed: CUDA out of memory. Tried to allocate 2.00 GiB."),
    "nan": ("diverged", "The iterates diverged at step {}: the loss was no longer finite; the last loss seen was "),
}


def test_a_loss_that_fails_in_mid_run_is_told_and_other_views_go_on(opener: Opener, tmp_path: Path) -> None:
    notebook = opener(written(tmp_path / "failing.ipynb", FAILING), height=2400)
    notebook.run_all()
    well = LiveView(notebook)
    well.step(20)
    for index, (name, (state, sentence)) in enumerate(TOLD.items(), 1):
        live, before = LiveView(notebook, index), well.shown_step()
        live.button("Run").click()
        live.state(state)
        code = f"run = views[{name!r}].run; print(len(run.recording['discrete']), run.status.step, run.status, sep='|')"
        rows, step, status = notebook.execute(code).split("|")
        assert int(rows) > 100
        # That a value is NaN is found out a few steps later.
        assert int(step) + 1 >= int(rows) if name == "nan" else int(step) + 1 == int(rows)
        # In the page, and whoever asks for the status in the notebook.
        said = sentence.format(f"{int(rows):,}")
        expect(live.root.locator(".rf-notice")).to_contain_text(said)
        assert status.startswith(f"{state}: {said.split(':')[0]}")
        assert said.split(": ", 1)[1] in status
        live.step(int(rows) - 1)
        assert live.times()["discrete"] == list(range(int(rows)))
        assert max(live.painted("858b94")) > 40
        well.step(before + 30)
        well.state("running")
    assert notebook.execute("print(well.run.status.state)") == "running"


WAITING = "live.run.wait()"
OTHER = """other = rf.compare(problem, rf.optimizers.GradientDescent(0.3), ("discrete",), steps=100_000, panels=["loss"])
other"""


def interrupt(notebook: Notebook) -> None:
    """JupyterLab's stop button."""
    notebook.page.locator('.jp-NotebookPanel-toolbar [data-command="notebook:interrupt-kernel"]').click()


def test_the_stop_button_ends_a_wait_and_no_run(opener: Opener, tmp_path: Path) -> None:
    notebook = opener(written(tmp_path / "stop.ipynb", RUN, OTHER, WAITING), height=1900)
    notebook.run_all()
    live, other = LiveView(notebook), LiveView(notebook, 1)
    for view in (live, other):
        view.step(30)
    prompt = notebook.page.locator(".jp-CodeCell .jp-InputPrompt").nth(2)
    expect(prompt).to_have_text("[*]:")
    interrupt(notebook)
    notebook.finished()
    expect(notebook.page.locator(".jp-CodeCell").nth(2).locator(".jp-OutputArea")).to_contain_text("KeyboardInterrupt")
    # While it waits, and while no cell runs.
    for _ in range(2):
        steps = [view.shown_step() for view in (live, other)]
        for view, step in zip((live, other), steps, strict=True):
            view.step(step + 30)
            view.state("running")
        interrupt(notebook)
        notebook.idle()
    assert notebook.execute("print(live.run.status.state, other.run.status.state)") == "running running"
    caught_up(live)


def test_a_kernel_that_restarts_leaves_the_picture_and_says_that_it_has_gone(opener: Opener, tmp_path: Path) -> None:
    notebook = opener(written(tmp_path / "restart.ipynb", RUN), kernel="own")
    notebook.run_all()
    live = LiveView(notebook)
    live.step(100)
    held = live.hook("store.held()")
    notebook.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    live.state("gone", seconds=30)
    words = live.root.locator(".rf-notice")
    expect(words).to_contain_text("The kernel has gone. The picture ends at step")
    rows = live.hook("store.held()")
    assert all(rows[name] >= count for name, count in held.items())
    assert live.times()["discrete"] == list(range(rows["discrete"]))
    assert max(live.painted("858b94")) > 40
    # The picture can still be read, and a new run begins where it stood.
    live.root.locator(".rf-figure").focus()
    notebook.page.keyboard.press("Home")
    expect(live.root.locator(".rf-legend-head").first).to_contain_text("step 0")
    notebook.idle()
    notebook.run_all()
    live.state("running")
    live.step(30)
