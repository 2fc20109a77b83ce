"""What a view costs and how fast it answers, in a real JupyterLab page: `python benchmarks/streaming.py [--quick]`.

Cost: one kernel runs the same comparison with a view that draws and without any, in turn; the ratio of the two times is
taken pair by pair. Latency: from the end of the cell to the first picture; from the click on Pause, and from the release of the learning rate's thumb, to the first
frame of the page that shows the change; the second one holds at least the optimizer step that uses the new value.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.lab import lab
from tests.browser.live import LiveView
from tests.browser.notebook import Notebook

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
# When the first cell had ended, and when the first frame with a picture had been drawn.
FIRST = """
window.first = {};
const look = () => {
  const prompt = document.querySelector('.jp-CodeCell .jp-InputPrompt')?.textContent ?? '';
  if (/\\[\\d+\\]/.test(prompt)) window.first.end ??= performance.now();
  const canvas = document.querySelector('.rodflow canvas');
  if (window.first.end && canvas?.width) window.first.picture ??= performance.now();
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
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
        watch(view, ".rf-rate input[type=range]", "change", "newest() !== before")
        view.drag_rate((0.30, 0.36)[i % 2])
        times.append(latency(view))
    return times


def watch(view: LiveView, selector: str, event: str, condition: str) -> None:
    view.notebook.page.evaluate(WATCH, {"selector": selector, "event": event, "condition": condition})


def latency(view: LiveView) -> float:
    view.notebook.until("window.latency !== null")
    return float(view.notebook.page.evaluate("window.latency"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    quick = parser.parse_args().quick
    pairs, count, steps = (4, 5, 100) if quick else (16, 20, 150)
    with lab() as made:
        for steps_of_cell in (steps, 10**6):
            name = f"steps{steps_of_cell}"
            with made.notebook(name, [CELL.format(steps=steps_of_cell)], FIRST) as opened:
                opened.run_all()
                opened.finished()
                view = LiveView(opened)
                view.state("ready")
                if steps_of_cell == steps:
                    opened.until("window.first.picture")
                    first = opened.page.evaluate("window.first.picture - window.first.end")
                    print(f"{'cell ended to first picture, ms':40} {first:8.0f}")
                    for label, value in cost(opened, pairs).items():
                        print(f"{label:40} {value:8.3f}")
                else:
                    view.button("Run").click()
                    view.state("running")
                    for label, times in (("Pause", pauses(view, count)), ("learning rate", drags(view, count))):
                        print(f"{label + ' to frame, ms (median)':40} {statistics.median(times):8.0f}")
                        print(f"{label + ' to frame, ms (worst)':40} {max(times):8.0f}")


if __name__ == "__main__":
    main()
