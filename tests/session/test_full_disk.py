"""A disk that fills while a run goes."""

import threading

import numpy as np
import pytest

import rodflow_widgets as rf
from rodflow_widgets.session import Run, RunSpec
from rodflow_widgets.session.keeping import Destination


def fill(path):
    with open(path, "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_the_run_goes_on_says_so_and_what_was_written_is_there(small_disk):
    problem = rf.problems.digits_mlp(widths=(24,), n=40)
    spec = RunSpec(problem, rf.optimizers.GradientDescent(0.3), ("discrete",), steps=250, eigenvalues=4)
    run = Run(spec, Destination(small_disk / "run"))
    said = []
    run.on_change(lambda: said.append(run.saving))
    saved = threading.Event()
    run.on_change(lambda: saved.set() if run.saving.sentence == "Saved up to step 49." else None)
    run.step(50)
    assert saved.wait(30)
    with pytest.raises(OSError, match="No space left"):
        fill(small_disk / "filling")
    assert run.start().wait(120).state == "finished"
    assert len(run.recording["discrete"]) == 251
    assert run.saving.failing
    assert any(saving.failing and saving.sentence.startswith("The disk is full") for saving in said)
    there = rf.load(small_disk / "run")
    count = len(there["discrete"])
    assert 50 <= count <= 251
    for name in there["discrete"]:
        assert np.array_equal(there["discrete"][name], run.recording["discrete"][name][:count], equal_nan=True)
    alone = rf.simulate(problem, spec.optimizer, ("discrete",), steps=250, eigenvalues=4, progress=False)
    for name in alone["discrete"]:
        assert np.array_equal(alone["discrete"][name], run.recording["discrete"][name], equal_nan=True)
