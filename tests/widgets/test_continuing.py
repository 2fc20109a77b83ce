"""Runs on disk in a live view."""

import numpy as np
import pytest

import rodflow_widgets as rf
from rodflow_widgets.errors import ArgumentError, RunError, UnknownNameError

GD = rf.optimizers.GradientDescent


def test_view_shows_a_recording_and_takes_no_commands(tmp_path):
    problem = rf.problems.quadratic(sharpness=2.0)
    recording = rf.simulate(problem, GD(0.4), steps=20, progress=False, save=tmp_path / "run")
    for shown in (recording, tmp_path / "run", str(tmp_path / "run")):
        live = rf.view(shown, panels=["loss"])
        (branch,) = live.branches
        assert branch["commands"] == []
        assert live.statuses["0"]["state"] == "finished"
        assert live.statuses["0"]["edge_factor"] == pytest.approx(2.0)
        assert np.array_equal(live.run.recording["rod"]["loss"], recording["rod"]["loss"])
        with pytest.raises(RunError, match="only what was recorded"):
            live.run.submit("set", {"learning_rate": 0.1})
        for tell in (live.run.start, live.run.fork):
            with pytest.raises(RunError, match="only what was recorded"):
                tell()
        live.close()
    with pytest.raises(ArgumentError, match="nowhere"):
        rf.view(tmp_path / "nowhere")
    with pytest.raises(ArgumentError, match="run=3"):
        rf.view(3)
    with pytest.raises(UnknownNameError, match="did you mean 'loss'"):
        rf.view(recording, panels=["los"])


def test_compare_saves_and_resume_goes_on(tmp_path):
    problem = rf.problems.digits_mlp(widths=(6,), n=40)
    live = rf.compare(problem, GD(0.3), ("discrete",), steps=1000, save=tmp_path / "run")
    live.run.pause()
    assert live.run.saving.path == str(tmp_path / "run")
    assert not live.run.saving.failing
    live.run.stop()
    assert live.statuses["0"]["saving"]["path"] == str(tmp_path / "run")
    step = live.run.status.step
    live.close()
    again = rf.resume(tmp_path / "run", steps=None)
    again.run.pause()
    assert again.run.status.step >= step
    fork = rf.fork(tmp_path / "run", at_step=step // 2, learning_rate=0.2, autostart=False) if step > 1 else None
    again.close()
    if fork is not None:
        assert fork.run.values == {"learning_rate": 0.2}
        fork.close()
