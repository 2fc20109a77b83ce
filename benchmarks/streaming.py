"""What a view costs and how fast it answers, in a real JupyterLab page: `python benchmarks/streaming.py [--quick]`.

Cost: one kernel runs the same comparison with a view that draws and without any, in turn; the ratio of the two times is
taken pair by pair. Latency: from the click on Pause, and from the release of the learning rate's thumb, to the first
frame of the page that shows the change; the second one holds at least the optimizer step that uses the new value.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

import nbformat
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.browser import chromium
from tests.browser.live import LiveView
from tests.browser.notebook import Notebook
from tests.browser.server import Server

CELL = """
import rodflow_widgets as rf
from rodflow_widgets.session import Run, RunSpec
spec = RunSpec(rf.problems.digits_mlp(), rf.optimizers.GradientDescent(0.5), steps={steps})
live = rf.compare(spec.problem, spec.optimizer, steps=spec.steps, autostart=False)
live
"""
PAIR = """
import json, time
sent = next(iter(live._branches)).feed._seq
live.run.reset()
alone, spent = Run(spec), {{}}
for name, run in [("viewed", live.run), ("alone", alone)][::{order}]:
    begun = time.process_time()
    run.start().wait()
    spent[name] = time.process_time() - begun
print(json.dumps([live.run.seconds, alone.seconds, spent["viewed"], spent["alone"], next(iter(live._branches)).feed._seq - sent]))
"""
# Times from an event on an element to the first frame, after the draw, in which a condition holds.
WATCH = """
({ selector, event, condition }) => {
  const root = document.querySelector('.rodflow');
  const changed = new Function('root', 'before', `return ${condition}`);
  const newest = () => {
    const table = root.rodflow.store.table('discrete');
    return table.column('edge_threshold').at(table.rows - 1);
  };
  window.newest = newest;
  window.latency = null;
  root.querySelector(selector).addEventListener(event, () => {
    const begun = performance.now(), before = newest();
    const look = () => {
      if (!changed(root, before)) return requestAnimationFrame(look);
      requestAnimationFrame(() => { window.latency = performance.now() - begun; });
    };
    requestAnimationFrame(look);
  }, { once: true, capture: true });
}
"""


def cost(notebook: Notebook, pairs: int) -> dict[str, float]:
    """Wall time of a run with a view over that of the same run without one."""
    notebook.execute(PAIR.format(order=1))  # warms up both
    measured = [json.loads(notebook.execute(PAIR.format(order=(1, -1)[i % 2]))) for i in range(pairs)]
    ratios = [viewed / alone for viewed, alone, *_ in measured]
    return {
        "with a view, s (median)": statistics.median(viewed for viewed, *_ in measured),
        "without, s (median)": statistics.median(alone for _, alone, *_ in measured),
        "frames a second": statistics.median(frames / viewed for viewed, *_, frames in measured),
        "ratio (median of the pairs)": statistics.median(ratios),
        "ratio (smallest, largest)": min(ratios),
        "": max(ratios),
        "ratio of processor time (median)": statistics.median(own / other for _, _, own, other, _ in measured),
    }


def pauses(view: LiveView, count: int) -> list[float]:
    """Milliseconds from a click on Pause to the first frame that shows the paused run."""
    times = []
    for _ in range(count):
        view.step(view.shown_step() + 3)
        watch(view, ".rf-transport button", "click", "root.dataset.state === 'paused'")
        view.button("Pause").click()
        times.append(latency(view))
        view.button("Run").click()
        view.state("running")
    return times


def drags(view: LiveView, count: int) -> list[float]:
    """Milliseconds from the release of the thumb to the first frame with a step at the new threshold."""
    times = []
    for i in range(count):
        view.step(view.shown_step() + 3)
        watch(view, "input[type=range]", "change", "newest() !== before")
        view.drag_rate((0.30, 0.36)[i % 2])
        times.append(latency(view))
    return times


def watch(view: LiveView, selector: str, event: str, condition: str) -> None:
    view.notebook.page.evaluate(WATCH, {"selector": selector, "event": event, "condition": condition})


def latency(view: LiveView) -> float:
    view.notebook.until("window.latency !== null")
    return float(view.notebook.page.evaluate("window.latency"))


def notebook(folder: Path, steps: int) -> str:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL.format(steps=steps), id="live")])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, folder / f"steps{steps}.ipynb")
    return f"steps{steps}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    quick = parser.parse_args().quick
    pairs, count, steps = (4, 5, 100) if quick else (16, 20, 150)
    executable = chromium.find()
    if executable is None:
        sys.exit(chromium.ADVICE)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        (home / "notebooks").mkdir()
        server = Server(home, home / "notebooks")
        try:
            browser = playwright.chromium.launch(executable_path=executable, args=list(chromium.ARGUMENTS))
            for steps_of_cell in (steps, 10**6):
                name = notebook(server.notebooks, steps_of_cell)
                page = browser.new_page(viewport={"width": 1280, "height": 1100})
                opened = Notebook(page, server)
                opened.open(f"{name}.ipynb", workspace=name)
                opened.run_all()
                opened.finished()
                view = LiveView(opened)
                view.state("ready")
                if steps_of_cell == steps:
                    for label, value in cost(opened, pairs).items():
                        print(f"{label:40} {value:8.3f}")
                else:
                    view.button("Run").click()
                    view.state("running")
                    for label, times in (("Pause", pauses(view, count)), ("learning rate", drags(view, count))):
                        print(f"{label + ' to frame, ms (median)':40} {statistics.median(times):8.0f}")
                        print(f"{label + ' to frame, ms (worst)':40} {max(times):8.0f}")
                page.close()
                server.stop_kernels()
            browser.close()
        finally:
            server.close()


if __name__ == "__main__":
    main()
