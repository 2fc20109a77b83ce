"""One problem on two processes under torchrun: the same numbers, few messages, and an end in bounded time."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import rodflow_widgets as rf
from rodflow_widgets.engine.parallel import joined, share
from rodflow_widgets.errors import ArgumentError, ProblemError
from rodflow_widgets.session import resume

from . import parallel_job as job

ROOT = Path(__file__).resolve().parents[2]
MODULE = "tests.engine.parallel_job"
SAME = 1e-6
ONE = {"loss": 1, "gradient": 1, "point": 1, "block": 1, "thirds": 1, "hvp": 1, "hvp of a block": 1}


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error"} | more


@dataclass(frozen=True)
class Done:
    """What both processes found, and what the job wrote."""

    folder: Path
    arrays: list[dict[str, np.ndarray]]
    facts: list[dict]
    output: str

    def of(self, prefix: str) -> dict[str, np.ndarray]:
        """Arrays of the first process under a name."""
        return {name.removeprefix(prefix): a for name, a in self.arrays[0].items() if name.startswith(prefix)}


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Done:
    folder = tmp_path_factory.mktemp("parallel")
    command = [
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node=2",
        "-m",
        MODULE,
        "all",
        str(folder),
    ]
    ended = subprocess.run(
        [sys.executable, *command], env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    assert ended.returncode == 0, ended.stderr
    arrays = [dict(np.load(folder / f"{rank}.npz")) for rank in range(2)]
    facts = [json.loads((folder / f"{rank}.json").read_text(encoding="utf-8")) for rank in range(2)]
    return Done(folder, arrays, facts, ended.stdout + ended.stderr)


def assert_same(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray], off: float = SAME) -> None:
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert np.array_equal(np.isnan(found[name]), np.isnan(array)), name
        difference = np.linalg.norm(np.nan_to_num(found[name] - array))
        assert difference <= off * np.linalg.norm(np.nan_to_num(array)), (name, difference)


@pytest.mark.parametrize("name", job.VARIANTS)
def test_derivatives_are_those_of_one_process(done: Done, name: str) -> None:
    options = {key: value for key, value in job.VARIANTS[name].items() if key != "compile"}
    assert_same(done.of(f"{name}: "), job.derivatives(job.made(**options)))


def test_a_function_in_parts(done: Done) -> None:
    assert_same(done.of("parts: "), job.derivatives(job.function_of_parts()))


def test_a_run_is_that_of_one_process(done: Done) -> None:
    recording = job.simulated()
    assert {table.status.state for table in recording.tables} == {"finished"}
    assert max(recording["discrete"]["sharpness_ratio"]) > 0.9
    found, wanted = done.of("run: "), job.columns(recording)
    for columns in (found, wanted):  # a residual is nothing but rounding
        assert np.nanmax(columns.pop("central complementarity")) < 1e-8
    assert_same(found, wanted)


def test_both_processes_have_the_same_numbers_bit_for_bit(done: Done) -> None:
    first, second = done.arrays
    assert first.keys() == second.keys()
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)


@pytest.mark.parametrize("name", job.VARIANTS)
def test_messages(done: Done, name: str) -> None:
    """One a loss, gradient, block of products or third derivatives; by differences one a gradient of the third derivatives."""
    wanted = dict(ONE)
    if name == "finite differences":
        wanted |= {"thirds": 7, "hvp": 2, "hvp of a block": 2}
    for facts in done.facts:
        assert facts[f"counts {name}"] == wanted


def test_the_first_process_shows_and_writes(done: Done) -> None:
    first, second = done.facts
    assert (first["leads"], second["leads"]) == (True, False)
    assert "25/25" in first["bar"]
    assert second["bar"] == ""
    for name in ("run", "copy"):
        assert_same(job.columns(rf.load(done.folder / name)), done.of("run: "), 0.0)
    assert second["saved"] == "copy"


def test_a_run_of_two_processes_goes_on_in_one(done: Done) -> None:
    run = resume(done.folder / "run", job.made(), steps=5)
    run.start()
    assert run.wait().state == "finished"
    whole = rf.simulate(job.made(), job.GD(job.RATE), ("discrete",), steps=30, progress=False)
    found = run.recording["discrete"]["loss"]
    assert len(found) == 31
    assert np.allclose(found, whole["discrete"]["loss"], rtol=SAME, atol=0)


def test_a_run_that_diverges_ends_alike(done: Done) -> None:
    wanted = [str(table.status) for table in job.diverged().tables]
    assert wanted[0].startswith("diverged")
    assert [facts["diverged"] for facts in done.facts] == [wanted, wanted]


def test_all_begin_where_the_first_begins(done: Done) -> None:
    start = job.made(model=job.network(seed=0)).w0.numpy()
    assert [np.array_equal(arrays["other seed: start"], start) for arrays in done.arrays] == [True, True]


def test_off_lets_every_process_compute_its_own(done: Done) -> None:
    for rank, facts in enumerate(done.facts):
        problem = job.made(shift=rank)
        assert facts["alone"] == [1, float(problem.loss(problem.w0))]


@pytest.mark.parametrize(
    ("what", "kind", "words"),
    [
        ("few", "ProblemError", ["1 examples", "2 processes"]),
        ("norm", "ProblemError", ["2 processes cannot share", "'1' (BatchNorm1d)", "model.eval()", "one process"]),
        ("weights", "ProblemError", ["2 processes cannot share", "neither the mean nor the sum", "class weights"]),
        ("custom", "ProblemError", ["2 processes cannot share", "neither the mean nor the sum"]),
        ("function", "ArgumentError", ["parallel='auto'", "no examples", "'off'", "'parts'"]),
        ("inputs", "ProblemError", ["inputs of process 1", "process 0", "seed"]),
        ("graph", "ParallelError", ["2 processes", "value_and_grad"]),
        ("steered", "RunError", ["2 processes", "rf.simulate"]),
        ("parts", "ArgumentError", ["from_function"]),
        ("word", "UnknownNameError", ["'on'", "auto, off, parts"]),
    ],
)
def test_what_cannot_be_shared_is_refused_by_all(done: Done, what: str, kind: str, words: list[str]) -> None:
    for facts in done.facts:
        found, sentence = facts["refused"][what]
        assert found == kind, sentence
        assert all(word in sentence for word in words), sentence
    assert done.facts[0]["after"] == pytest.approx(float(job.made().loss(job.made().w0)), rel=SAME)


def test_processes_that_drift_apart_stop_at_the_same_sum(done: Done) -> None:
    first, second = (facts["drift"] for facts in done.facts)
    assert first == second
    assert first[0] == "ParallelError"
    assert "do not agree at sum" in first[1]
    for facts in done.facts:
        assert [kind for kind, _ in facts["after drift"]] == ["ParallelError", "ParallelError"]


def test_it_ends_without_a_warning(done: Done) -> None:
    assert "Warning" not in done.output
    assert "Traceback" not in done.output


def test_a_process_that_is_killed_does_not_leave_the_other_waiting(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "RODFLOW_PARALLEL_SECONDS": "60"}
    command = [sys.executable, "-m", MODULE, "lost", str(tmp_path)]
    first, second = (
        subprocess.Popen(
            command,
            env=environment(RANK=rank, LOCAL_RANK=rank, **shared),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in "01"
    )
    output, errors = first.communicate(timeout=240)
    second.communicate(timeout=240)
    assert second.returncode == -9
    assert first.returncode == 0, errors
    assert "Process 0 waited for the others in vain" in output
    assert errors == ""
    kept = rf.load(tmp_path / "lost")
    assert kept.status.state == "error"
    assert "in vain" in kept.status.sentence
    assert len(kept["discrete"]) > 10


def test_one_process_shares_with_nobody(monkeypatch) -> None:
    assert joined("auto") is None
    problem = job.made()
    assert (problem.processes, problem.leads, problem.group) == (1, True, None)
    for name, value in (("RANK", "0"), ("WORLD_SIZE", "two"), ("MASTER_ADDR", "127.0.0.1"), ("MASTER_PORT", "1")):
        monkeypatch.setenv(name, value)
    with pytest.raises(ArgumentError, match="WORLD_SIZE='two'"):
        joined("auto")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RODFLOW_PARALLEL_SECONDS", "soon")
    with pytest.raises(ArgumentError, match="RODFLOW_PARALLEL_SECONDS='soon'"):
        joined("auto")
    assert joined("off") is None


@pytest.mark.parametrize(("n", "size"), [(23, 2), (7, 3), (4, 4), (12, 5)])
def test_shares_are_even_and_leave_nothing_out(n: int, size: int) -> None:
    parts = [share(n, rank, size) for rank in range(size)]
    assert [i for start, stop in parts for i in range(start, stop)] == list(range(n))
    sizes = [stop - start for start, stop in parts]
    assert max(sizes) - min(sizes) <= 1
    with pytest.raises(ProblemError, match="fewer than"):
        share(n, 0, n + 1)
