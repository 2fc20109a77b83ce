"""Pictures of every state of the live view, light and dark, from a real JupyterLab: `make states [STATES="paused gone"]`."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser import chromium
from tests.browser.live import LiveView
from tests.browser.notebook import Notebook
from tests.browser.server import Server

TARGET = ROOT / "docs" / "img" / "states"
NETWORK = """import rodflow_widgets as rf
problem = rf.problems.digits_mlp()
live = rf.compare(problem, rf.optimizers.GradientDescent(0.6), ("discrete", "rod", "edge", "stable"),
                  steps=200, eigenvalues=6{more})
live"""
TOY = """import rodflow_widgets as rf
live = rf.compare(rf.problems.product(), rf.optimizers.GradientDescent(0.2), ("discrete", "rod", "central", "stable"),
                  steps=120, autostart=False)
live"""
STARTING = """import time, rodflow_widgets as rf
class Slow:
    waits = False
    def __call__(self, w):
        time.sleep(20 * self.waits)
        return (w**2).sum() + (w**4).sum()
loss = Slow()
live = rf.compare(rf.Problem.from_function(loss, [1.0, 0.5, 0.2], name="a slow loss"),
                  rf.optimizers.GradientDescent(0.05), steps=200, autostart=False)
loss.waits = True
_ = live.run.start()
live"""
FAILING = """import torch, rodflow_widgets as rf
calls = []
def loss(w):
    calls.append(0)
    if len(calls) > 900:
        raise ValueError("the batch on disk has gone: mount it again")
    return (w**2).sum() + (w**4).sum()
live = rf.compare(rf.Problem.from_function(loss, [1.0, 0.5, 0.2], name="a loss that fails"),
                  rf.optimizers.GradientDescent(0.01), steps=2000)
live"""

WATCHED = """import threading, time, torch, rodflow_widgets as rf
from sklearn.datasets import load_digits
digits = load_digits()
x = torch.tensor(digits.data[:600] / 16 - 0.5, dtype=torch.float32)
y = torch.nn.functional.one_hot(torch.tensor(digits.target[:600]), 10).float()
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.Tanh(), torch.nn.Linear(32, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
loss = lambda output, target: 5 * torch.nn.functional.mse_loss(output, target)
watch = rf.watch(model, optimizer, loss, x[:300], y[:300], every=4, name="digits MLP 64-32-10", save="runs/digits", overwrite=True)
def train():
    with watch:
        for step in range(20_000):
            batch = torch.randint(600, (200,))
            optimizer.zero_grad()
            loss(model(x[batch]), y[batch]).backward()
            optimizer.step()
            time.sleep(0.01)
threading.Thread(target=train, daemon=True).start()
live = watch.live
live"""
OPENED = """import rodflow_widgets as rf
problem = rf.problems.digits_mlp()
rf.simulate(problem, rf.optimizers.GradientDescent(0.6), steps=200, progress=False, save="runs/eos", overwrite=True)
live = rf.view("runs/eos")
live"""


@dataclass(frozen=True)
class State:
    """One picture: a cell, what is done in the page before it is taken, how wide the page is."""

    name: str
    cell: str
    act: Callable[[LiveView], None]
    width: int = 1280


def until(step: int, *states: str) -> Callable[[LiveView], None]:
    def act(live: LiveView) -> None:
        live.step(step, 240)
        if states:
            live.state(*states, seconds=240)

    return act


def paused(live: LiveView, step: int = 120) -> None:
    live.step(step, 240)
    live.button("Pause").click()
    live.state("paused")


def forked(live: LiveView) -> None:
    paused(live, 80)
    live.notebook.execute("live.fork(learning_rate=0.8, name='raised'); live.run.resume()")
    live.step(160, 240)
    live.button("Pause").click()
    live.state("paused")


def raised(live: LiveView) -> None:
    live.step(80, 240)
    live.notebook.execute("_ = live.run.set(learning_rate=3.4)")
    live.state("diverged")


def gone(live: LiveView) -> None:
    live.step(90, 240)
    # A kernel that is ended in order stops its runs and says so; this one is killed.
    live.notebook.page.evaluate(
        """jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute(
             { code: 'import os, signal; os.kill(os.getpid(), signal.SIGKILL)' }) && null"""
    )
    live.notebook.until("document.querySelector('.rodflow').dataset.state === 'gone'", 60)
    live.notebook.page.locator(".jp-Dialog").get_by_role("button", name="Ok").click()


def watched(live: LiveView) -> None:
    live.step(600, 240)
    live.button("Pause").click()
    live.state("paused")


def forecast(live: LiveView) -> None:
    live.step(300, 240)
    live.root.get_by_role("button", name="Forecast").first.click()
    live.step(620, 240)
    live.button("Pause").click()
    live.state("paused")


def tab(name: str, before: Callable[[LiveView], None]) -> Callable[[LiveView], None]:
    def act(live: LiveView) -> None:
        before(live)
        live.root.get_by_role("tab", name=name).click()
        live.frames()

    return act


def played(live: LiveView) -> None:
    live.button("Run").click()
    live.state("finished")


def saved(live: LiveView) -> None:
    """Close the widget, so that the picture that a saved notebook keeps takes its place."""
    live.state("finished", seconds=240)
    live.notebook.finished(240)
    live.notebook.execute("live.close()")
    live.notebook.page.locator(".rodflow-saved").scroll_into_view_if_needed()
    expect(live.root).to_have_attribute("data-state", "saved", timeout=60_000)


def printed(live: LiveView) -> None:
    paused(live)
    page = live.notebook.page
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")


def contours(live: LiveView) -> None:
    tab("Trajectory", paused)(live)
    live.notebook.until("/movement inside/.test(document.querySelector('.rodflow').textContent)", 60)
    live.root.get_by_role("button", name="Contours").first.click()
    live.notebook.until(
        "/Loss in a plane/.test(document.querySelector('.rodflow').textContent)"
        " && !document.querySelector('.rf-plane-share').textContent",
        120,
    )


def density(live: LiveView) -> None:
    tab("Spectrum", paused)(live)
    live.root.get_by_role("button", name="Spectral density").first.click()
    live.notebook.until("/quadrature with/.test(document.querySelector('.rodflow').textContent)", 120)


def menu(item: str) -> Callable[[LiveView], None]:
    def act(live: LiveView) -> None:
        paused(live, 60)
        live.button("Menu").click()
        live.root.get_by_role("menuitem", name=item).click()

    return act


STATES = [
    State("ready", NETWORK.format(more=", autostart=False"), lambda live: live.state("ready")),
    State("starting", STARTING, lambda live: live.state("running")),
    State("running", NETWORK.format(more=""), until(90, "running")),
    State("paused", NETWORK.format(more=""), paused),
    State("finished", NETWORK.format(more=""), until(200, "finished")),
    State("forked", NETWORK.format(more=""), forked),
    State("diverged", NETWORK.format(more=""), raised),
    State("error", FAILING, lambda live: live.state("error")),
    State("gone", NETWORK.format(more=""), gone),
    State("saved", NETWORK.format(more="").removesuffix("live") + "display(live)\n_ = live.run.wait()", saved),
    State("narrow", NETWORK.format(more=""), paused, 860),
    State("tiny", NETWORK.format(more=""), paused, 770),
    State("printed", NETWORK.format(more=""), printed),
    State("trajectory-toy", TOY, tab("Trajectory", played)),
    State("trajectory-network", NETWORK.format(more=""), contours),
    State("spectrum", NETWORK.format(more=""), density),
    State("schedule", NETWORK.format(more=""), menu("Schedule of the learning rate …")),
    State("panels", NETWORK.format(more=""), menu("Panels …")),
    State("watched", WATCHED, watched),
    State("forecast", WATCHED, forecast),
    State("opened", OPENED, lambda live: live.state("finished")),
]


def main() -> None:
    wanted = set(sys.argv[1:])
    unknown = wanted - {state.name for state in STATES}
    if unknown:
        sys.exit(f"{', '.join(sorted(unknown))}: no such state; there are {', '.join(s.name for s in STATES)}")
    executable = chromium.find()
    if executable is None:
        sys.exit(chromium.ADVICE)
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        folder = Path(home) / "notebooks"
        folder.mkdir()
        server = Server(Path(home), folder)
        browser = playwright.chromium.launch(executable_path=executable, args=list(chromium.ARGUMENTS))
        try:
            for state in STATES:
                for theme in ("light", "dark"):
                    if not wanted or state.name in wanted:
                        path = take(browser, server, state, theme)
                        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB", flush=True)
        finally:
            browser.close()
            server.close()


def take(browser: Browser, server: Server, state: State, theme: str) -> Path:
    """Run the cell in a page of its own, and keep what the widget shows then."""
    name = f"{state.name}-{theme}"
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(state.cell, id="live")])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, server.notebooks / f"{name}.ipynb")
    context = browser.new_context(viewport={"width": state.width, "height": 1500}, reduced_motion="reduce")
    notebook = Notebook(context.new_page(), server)
    notebook.open(f"{name}.ipynb", workspace=name, theme=f"JupyterLab {theme.capitalize()}")
    notebook.run_all()
    live = LiveView(notebook)
    live.state("ready", "running", "paused", "finished", "error")
    state.act(live)
    live.frames(10)
    path = TARGET / f"{name}.png"
    # 256 colours, and so a third of the size: the pictures are for a page of documentation.
    picture = Image.open(io.BytesIO(live.root.screenshot())).convert("RGB")
    picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)
    context.close()
    server.stop_kernels()
    return path


if __name__ == "__main__":
    main()
