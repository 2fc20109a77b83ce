"""A run that outlives its kernel: killed in mid-run, gone on with by the same cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from playwright.sync_api import expect

import rodflow_widgets as rf

from .live import LiveView
from .notebook import Opener, written

CELL = """import os, signal
import rodflow_widgets as rf
problem = rf.problems.digits_mlp((8, 8), n=100)
if os.path.exists({path!r}):
    live = rf.resume({path!r}, problem)
else:
    live = rf.compare(problem, rf.optimizers.GradientDescent(0.4), ("discrete", "rod"), steps=100_000, save={path!r})
live"""
KILL = """jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute(
  { code: 'os.kill(os.getpid(), signal.SIGKILL)' }); null"""


def test_a_run_goes_on_in_the_next_kernel(opener: Opener, tmp_path: Path) -> None:
    path = tmp_path / "runs" / "eos"
    notebook = opener(written(tmp_path / "disk.ipynb", CELL.format(path=str(path))), kernel="own")
    notebook.run_all()
    live = LiveView(notebook)
    live.step(150)
    expect(live.root.locator(".rf-footer")).to_contain_text("Saved to runs/eos")
    notebook.page.evaluate(KILL)
    live.state("gone", seconds=60)
    before = live.times()["discrete"]
    losses = live.of_branch(0, "discrete", "loss")
    for dialog in notebook.page.locator(".jp-Dialog").all():
        dialog.get_by_role("button").last.click()
    notebook.idle()
    killed = rf.load(path)
    assert killed.status.state == "stopped"
    assert "before the run did" in killed.status.sentence
    notebook.run_all()
    live = LiveView(notebook)
    live.state("running")
    live.step(int(before[-1]) + 50)
    live.button("Pause").click()
    live.state("paused")
    saved = f"Saved up to step {live.shown_step():,}."
    expect(live.root.locator(".rf-footer [title]", has_text="Saved to runs/eos")).to_have_attribute(
        "title", f"{path}\n{saved}"
    )
    times = live.times()["discrete"]
    assert times == list(range(len(times)))
    np.testing.assert_array_equal(live.of_branch(0, "discrete", "loss")[: len(losses)], losses)
    notebook.screenshot("resumed", live.root)
    notebook.execute("_ = live.run.stop()")
    there = rf.load(path)
    assert len(there["discrete"]) == len(times)
    assert there.status.state == "stopped"
    notebook.problems.clear()  # JupyterLab tells of the kernel that died
