"""Steering by hand in a real JupyterLab: set and undo, schedules, and forks with their names and colours."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from .live import LiveView
from .notebook import Notebook, Opener, written

NETWORK = """import rodflow_widgets as rf
problem = rf.problems.digits_mlp((8, 8), n=100)
live = rf.compare(problem, rf.optimizers.GradientDescent(0.4), processes=("discrete", "rod"), steps={steps})
live"""
# Beyond its edge from the start, so that the run is lost after some 50 steps.
BEYOND = """import rodflow_widgets as rf
quadratic = rf.problems.quadratic(w0=0.3)
live = rf.compare(quadratic, rf.optimizers.GradientDescent(2.2), processes=("discrete", "rod"), steps=200)
live"""
FORK = "b0126b"  # of the first fork, on light ground
OTHER = "00aa55"


def begun(opener: Opener, path: Path, code: str, steps: int = 20) -> LiveView:
    notebook = opener(written(path, code))
    notebook.run_all()
    live = LiveView(notebook)
    live.step(steps)
    return live


def events(notebook: Notebook) -> list[dict[str, Any]]:
    code = "import dataclasses, json; print(json.dumps([dataclasses.asdict(e) for e in live.run.recording.events]))"
    found: list[dict[str, Any]] = json.loads(notebook.execute(code))
    return found


def another_event(live: LiveView, count: int) -> dict[str, Any]:
    """The event number `count`, once the page has it and some steps that were made with it."""
    live.notebook.until(f"document.querySelector('.rodflow').rodflow.store.events.length === {count}")
    found = events(live.notebook)
    assert len(found) == count
    live.step(found[-1]["step"] + 5)
    return found[-1]


def rates(live: LiveView, event: dict[str, Any], count: int) -> np.ndarray:
    """The recorded learning rates of `count` steps from that of an event on."""
    live.step(event["step"] + count)
    recorded = np.array(live.hook("column('discrete', 'learning_rate')"), dtype=float)
    return recorded[event["step"] : event["step"] + count]


def test_a_change_is_undone_and_schedules_are_followed_live(opener: Opener, tmp_path: Path) -> None:
    live = begun(opener, tmp_path / "changes.ipynb", NETWORK.format(steps=20_000))
    notebook, flags = live.notebook, live.root.locator(".rf-flag")

    live.drag_rate(0.6)
    changed = another_event(live, 1)
    assert (changed["name"], changed["old"], changed["note"]) == ("learning_rate", 0.4, "")
    assert changed["new"] > 0.4
    live.root.locator(".rf-figure").focus()
    live.root.press("u")
    undone = another_event(live, 2)
    assert (undone["old"], undone["new"], undone["note"]) == (changed["new"], 0.4, "undone")
    assert undone["step"] > changed["step"]
    live.root.get_by_role("tab", name="Trajectory").click()
    expect(flags).to_have_count(2)
    expect(flags.last).to_have_attribute("title", re.compile(r"→ 0\.4, undone$"))
    live.button("Pause").click()
    live.state("paused")
    live.frames()
    flag = flags.last.bounding_box()
    assert flag is not None
    place = [flag["x"] + flag["width"] / 2, flag["y"] + 3]
    # What the pointer is over, so that the title is shown.
    under = "([x, y]) => document.elementFromPoint(x, y).title"
    assert notebook.page.evaluate(under, place) == flags.last.get_attribute("title")
    live.button("Run").click()

    live.menu("Schedule of the learning rate")
    form = live.dialog()
    form.get_by_label("kind of schedule").select_option("cosine")
    form.get_by_label(re.compile("^steps")).fill("40")
    form.get_by_label(re.compile("^to")).fill("0.05")
    form.get_by_role("button", name="Apply").click()
    expect(form).to_be_hidden()
    cosine = another_event(live, 3)
    assert cosine["note"] == "cosine to 0.05 over 40 steps"
    share = (1 - np.cos(np.pi * np.minimum(np.arange(50) / 40, 1))) / 2
    recorded = rates(live, cosine, 50)
    np.testing.assert_allclose(recorded, (1 - share) * 0.4 + share * 0.05, rtol=1e-5)
    assert (np.diff(recorded[:40]) < 0).all()
    expect(flags.nth(2)).to_have_attribute("title", re.compile(re.escape(cosine["note"]) + "$"))

    # The drawing begins at the rate that the page was told, once a second.
    notebook.until("document.querySelector('.rodflow').rodflow.client.status.values.learning_rate === 0.05")
    live.menu("Schedule of the learning rate")
    form.get_by_label("kind of schedule").select_option("drawn")
    points = drawn(form.locator("canvas"), form)
    notebook.screenshot("schedule-by-hand", live.root)
    form.get_by_role("button", name="Apply").click()
    expect(form).to_be_hidden()
    by_hand = another_event(live, 4)
    assert by_hand["note"].startswith(f"drawn through {len(points)} points over ")
    at, wanted = np.array(points).T
    expected = np.exp(np.interp(np.arange(30), at, np.log(wanted)))
    np.testing.assert_allclose(rates(live, by_hand, 30), expected, rtol=1e-5)
    expect(flags.nth(3)).to_have_attribute("title", re.compile("drawn through"))


def drawn(canvas: Locator, form: Locator) -> list[tuple[int, float]]:
    """Draw from the middle at the left through a peak to below the middle at the right; the points that came of it."""
    box = canvas.bounding_box()
    assert box is not None
    mouse = canvas.page.mouse

    def at(across: float, down: float) -> tuple[float, float]:
        return box["x"] + across * box["width"], box["y"] + down * box["height"]

    mouse.move(*at(0.002, 0.4))
    mouse.down()
    mouse.move(*at(0.3, 0.2), steps=6)
    mouse.move(*at(0.98, 0.9), steps=8)
    mouse.up()
    lines = form.get_by_label("points").input_value().splitlines()
    points = [(int(step), float(rate)) for step, rate in (line.split(": ") for line in lines)]
    drawn_rates = [rate for _, rate in points]
    # The middle is the rate of now, 0.05, and an end 10^1.5 times as much.
    assert drawn_rates[0] == pytest.approx(0.05 * 10**0.3, rel=0.15)
    assert max(drawn_rates) == pytest.approx(0.05 * 10**0.9, rel=0.15)
    assert min(drawn_rates) == pytest.approx(0.05 * 10**-1.2, rel=0.15)
    assert drawn_rates[-1] == min(drawn_rates), "held to the end, though the line ends a little before it"
    return points


def test_forks_are_drawn_named_steered_kept_over_a_reload_and_removed(opener: Opener, tmp_path: Path) -> None:
    live = begun(opener, tmp_path / "forks.ipynb", NETWORK.format(steps=20_000), 40)
    notebook, root = live.notebook, live.root
    live.button("Pause").click()
    live.state("paused")
    step = int(notebook.execute("print(live.run.status.step)"))
    live.step(step)
    live.root.locator(".rf-figure").focus()
    assert max(live.painted(FORK)) == 0

    root.press("f")
    dialog = live.dialog()
    expect(dialog.get_by_label("from step")).to_have_value(str(step))
    rate = dialog.get_by_label("learning rate")
    expect(rate).to_be_focused()
    rate.fill("0.6")
    rate.press("Enter")
    expect(dialog).to_be_hidden()
    chips = root.locator(".rf-chip")
    expect(chips).to_have_count(2)
    expect(chips.nth(1)).to_contain_text(f"fork at {step}")
    expect(chips.nth(1)).to_contain_text("0.6")
    notebook.until(f"document.querySelector('.rodflow').rodflow.runs.all[1].store.newest > {step + 60}")
    live.frames()
    loss, ratio, distance, rod = live.painted(FORK)
    assert min(loss, ratio, rod) > 20, "lines of the fork"
    assert distance > 10
    assert sum(live.painted("c63b08")) > 100, "the run is drawn as before"
    for process in ("discrete", "rod"):
        parents = {name: np.array(live.of_branch(0, process, name)) for name in ("time", "loss", "sharpness_ratio")}
        count = len(parents["time"])
        for name, column in parents.items():
            np.testing.assert_array_equal(live.of_branch(1, process, name)[:count], column)
    change_at = forked_at(notebook, f"fork at {step}")
    assert step < change_at <= step + 2
    used = np.array(live.of_branch(1, "discrete", "learning_rate"))
    np.testing.assert_allclose(used, np.where(np.arange(len(used)) < change_at, 0.4, 0.6), rtol=1e-6)

    # Name, colour and whether it is drawn, by its form.
    change(live, f"fork at {step}", name="hot", colour=f"#{OTHER}")
    expect(chips.nth(1)).to_contain_text("hot")
    assert notebook.execute("print(*live.runs)") == "run hot"
    live.frames()
    assert (max(live.painted(FORK)), min(live.painted(OTHER)[:2]) > 40) == (0, True)
    change(live, "hot", drawn=False)
    expect(chips.nth(1)).to_have_attribute("data-hidden", "true")
    live.frames()
    assert max(live.painted(OTHER)) == 0
    change(live, "hot", drawn=True)
    expect(chips.nth(1)).to_have_attribute("data-hidden", "false")

    # Controls are about the one that is looked at.
    chips.nth(1).get_by_role("button").first.click()
    expect(root).to_have_attribute("data-branch", "1")
    live.state("running")
    live.root.locator(".rf-figure").focus()
    root.press("]")
    notebook.until("document.querySelector('.rodflow').rodflow.client.status.values.learning_rate === 0.63")
    assert notebook.execute("print([run.values['learning_rate'] for run in live.runs.values()])") == "[0.4, 0.63]"
    live.button("Pause").click()
    live.state("paused")
    assert notebook.execute("print(*(run.status.state for run in live.runs.values()))") == "paused paused"

    notebook.save()
    notebook.reload()
    expect(chips).to_have_count(2)
    expect(chips.nth(1)).to_contain_text("hot")
    for branch, name in enumerate(("run", "hot")):
        recorded = json.loads(
            notebook.execute(f"import json; print(json.dumps(live.runs['{name}'].recording['rod']['time'].tolist()))")
        )
        assert recorded == list(range(2, 2 + len(recorded)))
        notebook.until(
            f"document.querySelector('.rodflow').rodflow.runs.all[{branch}].store.newest === {recorded[-1]}", seconds=10
        )
        assert live.of_branch(branch, "rod", "time") == recorded
        assert live.of_branch(branch, "discrete", "time") == [0, 1, *recorded]
    live.frames()
    assert min(live.painted(OTHER)[:2]) > 40

    change(live, "hot", remove=True)
    expect(chips).to_have_count(1)
    expect(chips.first).to_be_hidden()
    live.frames()
    assert max(live.painted(OTHER)) == 0
    assert notebook.execute("print(*live.runs)") == "run"


def forked_at(notebook: Notebook, run: str) -> int:
    """The first step that a fork made with another learning rate."""
    return int(notebook.execute(f"print(live.runs['{run}'].recording.events[-1].step)"))


def change(
    live: LiveView, run: str, *, name: str = "", colour: str = "", drawn: bool = True, remove: bool = False
) -> None:
    """Open the form of a run by its dots, and do what it can."""
    live.button(f"Change {run}").click()
    form = live.dialog()
    if remove:
        form.get_by_role("button", name="Remove").click()
    else:
        if name:
            form.get_by_label("name").fill(name)
        if colour:
            form.get_by_label("colour").fill(colour)
        form.get_by_label("drawn").set_checked(drawn)
        form.get_by_role("button", name="Done").click()
    expect(form).to_be_hidden()


def test_a_diverged_run_is_forked_before_its_end(opener: Opener, tmp_path: Path) -> None:
    live = begun(opener, tmp_path / "diverged.ipynb", BEYOND, 1)
    notebook = live.notebook
    live.state("diverged")
    lost = int(notebook.execute("print(live.run.status.step)"))
    live.root.get_by_role("button", name=re.compile("^Fork at")).click()
    dialog = live.dialog()
    expect(dialog.get_by_label("from step")).to_have_value(str(lost - 10))
    dialog.get_by_label("learning rate").fill("1.8")
    dialog.get_by_role("button", name="Fork").click()
    expect(dialog).to_be_hidden()
    chips = live.root.locator(".rf-chip")
    expect(chips).to_have_count(2)
    expect(chips.first).to_contain_text("diverged")
    # The same by a line of Python, of the run that was lost.
    notebook.execute(f"calm = live.fork(at={lost - 20}, name='calm', learning_rate=1.0); calm.wait()")
    expect(chips).to_have_count(3)
    expect(chips.nth(2)).to_contain_text("calm")
    for branch, name, left, factor in ((1, f"fork at {lost - 10}", lost - 10, 1 - 1.8), (2, "calm", lost - 20, 0.0)):
        notebook.until(f"document.querySelector('.rodflow').rodflow.runs.all[{branch}].status.state === 'finished'")
        notebook.until(f"document.querySelector('.rodflow').rodflow.runs.all[{branch}].store.newest === 200")
        assert live.of_branch(branch, "discrete", "time") == list(range(201))
        loss, parents = live.of_branch(branch, "discrete", "loss"), live.of_branch(0, "discrete", "loss")
        assert loss[: left + 1] == parents[: left + 1]
        # w is multiplied by 1 − rate a step: by −1.2 until the fork makes steps of its own.
        step = forked_at(notebook, name)
        assert left < step <= left + 2
        assert loss[step] == pytest.approx(loss[0] * 1.44**step, rel=1e-3)
        assert loss[step + 1] == pytest.approx(loss[step] * factor**2, rel=1e-3, abs=1e-9 * loss[step])
    # The time axis has room for the forks, which went further; the run that is looked at ends in its first quarter.
    chart = live.root.locator("[data-panel=loss] .rf-chart")
    box = chart.bounding_box()
    assert box is not None
    notebook.page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 40)
    live.frames()
    assert live.hook("cursor()") == lost - 1
    at = chart.locator(".rf-cursor").bounding_box()
    assert at is not None
    assert at["x"] - box["x"] < 56 + 0.3 * (box["width"] - 68)
    notebook.screenshot("forks-of-a-diverged-run", live.root)
