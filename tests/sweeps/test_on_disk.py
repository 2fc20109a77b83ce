"""A sweep on disk: what is written, what a kill leaves, and what goes on."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets import store
from rodflow_widgets.errors import ArgumentError
from rodflow_widgets.store import sealed, sweeps

from . import killed
from .same import assert_same_rows, assert_same_sweeps
from .wells import problem as well

GD = rf.optimizers.GradientDescent
STEPS = {"steps": 30, "progress": False}


@pytest.fixture
def problem():
    return rf.problems.quartic()


def test_what_was_saved_is_read_again(problem, tmp_path):
    begins = torch.tensor([[0.1], [0.7]], dtype=torch.float64)
    options = dict(learning_rate=[0.1, 2.5], starts=begins, snapshots=(0, 5), **STEPS)
    sweep = rf.sweep(problem, GD(0.1), ("discrete", rf.flows.Rod(name="mine")), save=tmp_path / "sweep", **options)
    assert sweep.path == tmp_path / "sweep"
    again = rf.load(tmp_path / "sweep")
    assert isinstance(again, rf.Sweep)
    assert_same_sweeps(sweep, again)
    assert again.status == sweep.status
    for one, other in zip(sweep.recordings, again.recordings, strict=True):
        assert (one.spec, one.status) == (other.spec, other.status)
        assert set(one["mine"].parameters) == set(other["mine"].parameters)
    assert again.resume().state == "finished"
    copy = again.save(tmp_path / "copy")
    assert_same_sweeps(sweep, rf.load(copy))
    run = rf.load(tmp_path / "sweep" / "runs" / "0001")  # an ordinary run
    assert_same_rows(run, sweep.recordings[1])
    with pytest.raises(ArgumentError, match=r"the folder of a sweep: its runs are runs/0000"):
        store.load(tmp_path / "sweep")
    with pytest.raises(ArgumentError, match="holds a sweep already"):
        rf.sweep(problem, GD(0.1), save=tmp_path / "sweep", **STEPS)
    rf.sweep(problem, GD(0.1), save=tmp_path / "sweep", overwrite=True, **STEPS)
    assert len(rf.load(tmp_path / "sweep")) == 1
    with pytest.raises(ArgumentError, match="exists and is no sweep"):
        rf.sweep(problem, GD(0.1), save=run_folder(tmp_path), **STEPS)


def run_folder(tmp_path):
    return tmp_path / "copy" / "runs" / "0000"


def left_by(kind, place):
    """What a process that was killed in the middle of a sweep has left."""
    code = [sys.executable, "-m", "tests.sweeps.killed", kind, str(place)]
    assert subprocess.run(code, cwd=Path(__file__).parents[2], check=False).returncode == -signal.SIGKILL
    return rf.load(place)


def test_a_sweep_that_was_killed_computes_only_what_is_missing(tmp_path):
    left = left_by("batches", tmp_path / "sweep")
    states = [rec.status.state for rec in left.recordings]
    assert states[:4] == ["finished"] * 4  # whoever says so has all of it
    assert [len(rec["discrete"]) for rec in left.recordings[:4]] == [101] * 4
    assert states[4:6] == ["stopped"] * 2
    assert states[6:] == ["ready"] * 2
    assert left.status.state == "stopped"
    kept = left.recordings[:4]
    marks = [store.token(tmp_path / "sweep" / "runs" / f"{run:04d}") for run in range(4)]
    left.resume()
    assert left.wait(120).state == "finished"
    assert all(one is other for one, other in zip(kept, left.recordings[:4], strict=True))
    again = rf.load(tmp_path / "sweep")
    assert_same_sweeps(killed.sweep("batches"), again)
    assert marks == [store.token(tmp_path / "sweep" / "runs" / f"{run:04d}") for run in range(4)]


def test_a_run_computed_alone_goes_on_from_its_checkpoint(tmp_path):
    left = left_by("alone", tmp_path / "sweep")
    assert left.recordings[0].status.state == "stopped"
    assert 50 < len(left.recordings[0]["discrete"]) < 1501
    checkpoints = store.checkpoints(tmp_path / "sweep" / "runs" / "0000")
    assert checkpoints
    left.resume()
    assert left.wait(120).state == "finished"
    assert store.checkpoints(tmp_path / "sweep" / "runs" / "0000")[0] == checkpoints[0]  # of the run as it was
    whole = killed.sweep("alone")
    for one, other in zip(whole.recordings, rf.load(tmp_path / "sweep").recordings, strict=True):
        assert_same_rows(one, other)


def test_what_was_stopped_goes_on_here_and_from_disk(problem, tmp_path):
    options = dict(learning_rate=[0.1, 0.2], steps=500, progress=False)
    whole = rf.sweep(problem, GD(0.1), **options)
    sweep = rf.sweep(problem, GD(0.1), save=tmp_path / "sweep", wait=False, **options)
    sweep.stop()
    other = rf.load(tmp_path / "sweep")
    assert other.status.state in ("ready", "stopped")
    sweep.resume()
    assert sweep.wait(120).state == "finished"
    assert_same_sweeps(whole, sweep)
    assert_same_sweeps(whole, rf.load(tmp_path / "sweep"))
    with pytest.raises(ArgumentError, match=r"has gone on elsewhere since it was read: rf\.load it again"):
        other.resume()


def test_one_writer_at_a_time(problem, tmp_path):
    sweep = rf.sweep(problem, GD(0.1), save=tmp_path / "sweep", steps=10**5, progress=False, wait=False)
    try:
        other = rf.load(tmp_path / "sweep")
        with pytest.raises(ArgumentError, match="is being written to by process"):
            other.resume()
        with pytest.raises(ArgumentError, match="is being written to by process"):
            rf.sweep(problem, GD(0.1), save=tmp_path / "sweep", overwrite=True, **STEPS)
    finally:
        sweep.stop()


def test_a_problem_of_ones_own_is_given_again(tmp_path):
    rates = [0.1, 2.5, 0.2]
    sweep = rf.sweep(well(), GD(0.1), learning_rate=rates, save=tmp_path / "sweep", **STEPS)
    again = rf.load(tmp_path / "sweep")
    assert again.errors == sweep.errors != {}
    assert len(again.recordings[1]["discrete"]) == len(sweep.recordings[1]["discrete"]) > 0
    with pytest.raises(ArgumentError, match=r"one of your own: resume\(problem=…\)"):
        again.resume(failed=True)
    with pytest.raises(ArgumentError, match="problem is not the one of the sweep"):
        again.resume(failed=True, problem=rf.problems.quartic())
    again.resume(failed=True, problem=well())
    assert again.wait(60).sentence == "Finished 3 runs: 2 finished, 1 failed."


def test_a_run_that_cannot_be_read_is_computed_again_beside_what_is_left_of_it(problem, tmp_path):
    rf.sweep(problem, GD(0.1), learning_rate=[0.1, 0.2], save=tmp_path / "sweep", **STEPS)
    (tmp_path / "sweep" / "runs" / "0001" / "run.json").write_bytes(b"{}")
    sweep = rf.load(tmp_path / "sweep")
    assert "cannot be read as a run" in sweep.errors[1]
    sweep.resume(failed=True)
    assert sweep.wait(60).state == "finished"
    assert not rf.load(tmp_path / "sweep").errors
    assert (tmp_path / "sweep" / "runs" / "0001-damaged").is_dir()


def rewritten(place, change):
    """sweep.json with something changed and a checksum that fits."""
    content = sealed.unsealed((place / "sweep.json").read_bytes(), "sweep.json")
    change(content)
    (place / "sweep.json").write_bytes(sealed.sealed(content))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda said: said.update(format=2), "sweep.json has format 2, newer than 1: update rodflow_widgets"),
        (lambda said: said["points"].pop(), "does not say of every run where it stands"),
        (lambda said: said["points"][0].update(start=3), "a starting point that is not there"),
        (lambda said: said["points"][0]["values"].clear(), "do not fit together"),
        (lambda said: said.update(more=1), "sweep.json is not as its schema says"),
        (lambda said: said["starts"].update(crc32=1), "starts.safetensors is damaged"),
    ],
)
def test_a_newer_or_damaged_sweep_is_refused(problem, tmp_path, change, words):
    rf.sweep(problem, GD(0.1), learning_rate=[0.1, 0.2], save=tmp_path / "sweep", steps=3, progress=False)
    rewritten(tmp_path / "sweep", change)
    with pytest.raises(ArgumentError, match=words):
        rf.load(tmp_path / "sweep")


def test_a_run_of_a_newer_format_says_so(problem, tmp_path):
    rf.sweep(problem, GD(0.1), learning_rate=[0.1, 0.2], save=tmp_path / "sweep", steps=3, progress=False)
    place = tmp_path / "sweep" / "runs" / "0001" / "run.json"
    content = sealed.unsealed(place.read_bytes(), "run.json")
    place.write_bytes(sealed.sealed({**content, "format": 99}))
    sweep = rf.load(tmp_path / "sweep")
    assert "run.json has format 99, newer than 2: update rodflow_widgets" in sweep.errors[1]
    assert sweep.recordings[0].status.state == "finished"


def test_the_schema_describes_what_is_written(problem, tmp_path):
    import jsonschema

    rf.sweep(problem, GD(0.1), ("discrete", "stable"), save=tmp_path / "sweep", seeds=[0, 1], **STEPS)
    schema = json.loads((Path(store.__file__).parent / "format.schema.json").read_text(encoding="utf-8"))
    content = sealed.unsealed((tmp_path / "sweep" / sweeps.SWEEP).read_bytes(), sweeps.SWEEP)
    jsonschema.validate(content, {**schema, "$ref": "#/$defs/sweep"})
