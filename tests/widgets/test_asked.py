"""Surveys of a real run as the messages that a page gets."""

import threading

import numpy as np
import pytest

import rodflow_widgets as rf
from rodflow_widgets.errors import ArgumentError, UnknownNameError
from rodflow_widgets.session import Run, RunSpec
from rodflow_widgets.widgets.asked import Asked

SECONDS = 60


@pytest.fixture
def asked():
    run = Run(RunSpec(rf.problems.valley(), rf.optimizers.GradientDescent(0.3), ("discrete", "rod"), steps=30))
    run.step(20)
    woken = threading.Event()
    return Asked(run, woken.set, {})


def test_a_plane_and_its_landscape_by_its_identity(asked):
    asked.ask("page-1", {"topic": "plane"}).result(SECONDS)
    ((plane, buffers),) = asked.take(3)
    assert (plane.branch, plane.run, plane.id, plane.topic, plane.share) == (3, 1, "page-1", "plane", 1.0)
    shapes = {header.name: header.shape for header in plane.arrays}
    assert shapes["discrete/coordinates"] == [20, 2]
    assert [len(buffer) for buffer in buffers] == [4 * int(np.prod(header.shape)) for header in plane.arrays]
    args = {"topic": "landscape", "plane": "page-1", "x": [-1, 1], "y": [-1, 1], "size": 9}
    asked.ask("page-2", args).result(SECONDS)
    ((landscape, buffers),) = asked.take(3)
    assert landscape.facts["evaluations"] == 81
    assert np.isfinite(np.frombuffer(buffers[0], "<f4")).all()


def test_what_cannot_be_is_said(asked):
    with pytest.raises(UnknownNameError, match="did you mean 'plane'"):
        asked.ask("a", {"topic": "plan"})
    with pytest.raises(ArgumentError, match="step=25 is not kept"):
        asked.ask("b", {"topic": "density", "step": 25}).result(SECONDS)
