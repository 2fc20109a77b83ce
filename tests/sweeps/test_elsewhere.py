"""A sweep on other processes: of this machine, of an executor, of a Dask cluster in which a worker is killed."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from distributed import Client, LocalCluster

import rodflow_widgets as rf
from rodflow_widgets.errors import ArgumentError

from .same import assert_same_sweeps
from .wells import problem as well

GD = rf.optimizers.GradientDescent
RATES = [0.1, 0.2, 2.5, 0.3, 0.4]
CLOSE = dict(rtol=1e-10, atol=1e-14)


def swept(**options):
    """Of five runs of a problem of one's own the third fails."""
    return rf.sweep(well(), GD(0.1), **{"learning_rate": RATES, "steps": 40, "progress": False, **options})


@pytest.fixture(scope="module")
def here():
    return swept()


def assert_whole(sweep, here):
    assert sweep.status.sentence == "Finished 5 runs: 4 finished, 1 failed."
    assert_same_sweeps(here, sweep, **CLOSE)
    assert sweep.errors == here.errors
    assert sorted(run for runs in sweep._board.done for run in runs) == [0, 1, 2, 3, 4]  # every run arrived once


def test_processes_of_this_machine(here, tmp_path):
    sweep = swept(workers=2, save=tmp_path / "sweep")
    assert_whole(sweep, here)
    assert [rec.spec["together"] for rec in sweep.recordings] == [
        1,
        1,
        1,
        2,
        2,
    ]  # of three the one that failed was found
    assert_same_sweeps(sweep, rf.load(tmp_path / "sweep"))


def test_an_executor_of_ones_own(here):
    with ThreadPoolExecutor(2) as executor:
        assert_whole(swept(executor=executor), here)
    sweep = swept(executor=executor)  # which is shut down
    assert sweep.status.state == "stopped"
    assert "takes no jobs any more" in sweep.status.sentence
    sweep.resume(workers=1)
    assert sweep.wait(60).state == "finished"
    assert_same_sweeps(here, sweep, **CLOSE)


def test_what_cannot_be_sent_is_refused_before_anything_runs():
    lock = threading.Lock()

    def loss(w):
        with lock:
            return (w**2).sum()

    problem = rf.Problem.from_function(loss, torch.ones(1))
    with pytest.raises(ArgumentError, match=r"cannot be sent to another process .*workers=1"):
        rf.sweep(problem, GD(0.1), workers=2, progress=False)
    with pytest.raises(ArgumentError, match="workers and client were given"):
        swept(workers=2, client=object())


def first(sweep, state):
    """Wait until a run of a sweep has this state."""
    end = time.monotonic() + 250
    while all(rec.status.state != state for rec in sweep.recordings):
        assert time.monotonic() < end
        time.sleep(0.005)


def test_on_a_cluster_nothing_is_lost_with_a_worker_and_what_is_done_is_kept_without_a_scheduler(here, tmp_path):
    options = {"dashboard_address": None, "n_workers": 2, "threads_per_worker": 1, "silence_logs": 50}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        pids = list(client.run(os.getpid).values())
        long = dict(learning_rate=[0.01 * i for i in range(1, 9)], steps=150, at_once=1)
        sweep = swept(client=client, wait=False, save=tmp_path / "sweep", **long)
        first(sweep, "finished")
        os.kill(pids[0], signal.SIGKILL)
        assert sweep.wait(250).sentence == "Finished 8 runs: 8 finished."
        assert sorted(run for runs in sweep._board.done for run in runs) == list(range(8))
        assert_same_sweeps(swept(**long), sweep, **CLOSE)
        assert_same_sweeps(sweep, rf.load(tmp_path / "sweep"))
        assert_whole(swept(client=client, at_once=3), here)
        sweep = swept(client=client, wait=False, **{**long, "steps": 600})
        first(sweep, "finished")
        kept = {rec for rec in sweep.recordings if rec.status.state == "finished"}
        cluster.close()
        status = sweep.wait(250)
        assert status.state == "stopped"
        assert "The Dask scheduler at tcp://" in status.sentence
        assert "has gone away" in status.sentence
        assert kept <= {rec for rec in sweep.recordings if rec.status.state == "finished"}
        sweep.resume(workers=1)
        assert sweep.wait(250).sentence == "Finished 8 runs: 8 finished."
        assert kept <= set(sweep.recordings)
