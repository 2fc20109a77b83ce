"""A simulation as data: what comes back goes on bit for bit, here and in another process."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine import (
    Checkpoint,
    Moments,
    Origin,
    Problem,
    Simulation,
    checkpoint,
    differences,
    fingerprint,
    rates,
    restored,
)  # fmt: skip
from rodflow_widgets.engine.classes import required, table
from rodflow_widgets.engine.decoding import Decoder
from rodflow_widgets.engine.encoding import Encoder, attributes
from rodflow_widgets.engine.flows import Flow
from rodflow_widgets.engine.process import Observation, Process
from rodflow_widgets.engine.rates import Rates
from rodflow_widgets.engine.registry import OPTIMIZERS
from rodflow_widgets.errors import ArgumentError, RunError

from .checkpointed import GD, advanced, again, assert_goes_on, on_digits, through_a_file
from .problems import network
from .test_forking import RATES, assert_same, flows_for, rest


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_and_flow_goes_on(name, dtype) -> None:
    optimizer = OPTIMIZERS[name](RATES.get(name, 0.3))
    simulation = Simulation(
        network(dtype=dtype), optimizer, flows_for(optimizer), steps=32, start=20, eigenvalues=2, trail=10**6
    )
    assert_goes_on(advanced(simulation, 27))


@pytest.mark.parametrize("rows", [0, 1, 3, 19, 21, 22], ids=lambda rows: f"{rows} rows")
def test_before_and_just_after_flows_begin(rows) -> None:
    flows = ("discrete", "rod", "rod-covariance", "central", "edge", "stable")
    assert_goes_on(advanced(Simulation(network(), GD(0.3), flows, steps=28, start=20), rows))


def test_in_a_burst_at_the_edge_of_a_network_on_digits() -> None:
    flows = ("discrete", "rod", "central", "stable")
    simulation = advanced(Simulation(on_digits(), GD(0.2), flows, steps=40, eigenvalues=3), 20)
    simulation.set(learning_rate=0.3)
    advanced(simulation, 10)
    seen = {block.process: block.columns for block in simulation.drain()}
    assert (seen["discrete"]["sharpness_ratio"][-4:] > 1).all()
    assert seen["central"]["critical"][-1] >= 1
    assert seen["rod"]["oscillation"][-1] > 1e-5
    assert_goes_on(simulation)


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 16},
        {"product_dtype": torch.float32},
        {"hessian": "finite-difference"},
        {"compute_dtype": torch.bfloat16, "dtype": torch.float32},
    ],
    ids=lambda options: next(iter(options)),
)
def test_every_kind_of_point(options) -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
    x = torch.linspace(-1, 1, 96, dtype=torch.float64).reshape(32, 3)
    problem = Problem(model, torch.nn.functional.mse_loss, x, x.sum(1, keepdim=True).sin(), **options)
    simulation = Simulation(problem, GD(0.5), ("discrete", "rod", "central", "stable"), steps=20)
    assert_goes_on(advanced(simulation, 12))


@pytest.mark.parametrize("toy", ["quadratic", "double_well", "product", "valley"])
def test_toys(toy) -> None:
    assert_goes_on(advanced(Simulation(getattr(rf.problems, toy)(), GD(0.1), steps=24), 11))


def test_after_changes_and_with_rows_and_vectors_that_wait() -> None:
    simulation = Simulation(
        network(), rf.optimizers.HeavyBall(0.1), ("discrete", "rod", "stable"), steps=40, start=6, every=3,
        eigenvalues=3, snapshots=(9, 30), schedule=rates.Cosine(30, 0.05),
    )  # fmt: skip
    advanced(simulation, 8)
    simulation.set(beta=0.8)
    advanced(simulation, 2)
    simulation.set(learning_rate=0.07, beta=0.85)
    simulation.undo()
    simulation.follow(rates.WarmUp(5))
    advanced(simulation, 3)
    simulation.extend(7)
    fork, other = simulation.fork(), again(simulation)
    assert [other.undo() for _ in range(2)] == [fork.undo() for _ in range(2)]
    assert_goes_on(simulation)


def test_what_was_lost_or_gave_up_stays_so() -> None:
    lost = Simulation(rf.problems.quadratic(1.0), GD(2.6), ("discrete", "rod", "stable"), steps=120)
    advanced(lost, 90)
    assert_goes_on(lost)
    lost = Simulation(rf.problems.quadratic(1.0), GD(2.6), ("discrete", "rod"), steps=120)
    advanced(lost, 90).drain()
    assert lost.finished
    assert_goes_on(lost)
    done = advanced(Simulation(network(), GD(0.2), ("discrete", "rod"), steps=12), 13)
    done.drain()
    other = again(done)
    for simulation in (done, other):
        simulation.extend(5)
    assert_goes_on(done)
    assert other.steps == 17


def test_an_origin_a_trail_and_the_run_itself_are_kept_as_they_are() -> None:
    problem = network()
    origin = Origin(problem.w0, Moments(torch.ones_like(problem.w0), None), 9)
    simulation = Simulation(
        problem, rf.optimizers.HeavyBall(0.1), ("discrete", "rod"), steps=12, origin=origin, trail=10**6
    )
    untouched = Simulation(
        problem, rf.optimizers.HeavyBall(0.1), ("discrete", "rod"), steps=12, origin=origin, trail=10**6
    )
    advanced(simulation, 5)
    other = again(simulation)
    assert other.trail is not None
    assert not len(other.trail.steps)
    assert len(simulation.trail.steps) == 5
    assert other.problem is problem
    assert checkpoint(simulation).state["row"] == 14
    assert_goes_on(simulation)
    advanced(untouched, 5).drain()
    assert_same(rest(untouched), rest_after_draining(other))


def rest_after_draining(simulation: Simulation) -> dict:
    simulation.drain()
    return rest(simulation)


def test_it_knows_where_the_run_began() -> None:
    problem = network(dtype=torch.float32)
    moved = problem.starting_at(problem.w0 + 0.1)
    made = through_a_file(checkpoint(advanced(Simulation(moved, GD(0.1), ("discrete",), steps=9), 4)))
    assert differences(fingerprint(moved), problem.starting_at(made.start())) == []
    assert differences(fingerprint(moved), problem) != []
    assert made.start().dtype == np.float64
    origin = Origin(problem.w0, Moments(None, None), 3)
    assert checkpoint(Simulation(problem, GD(0.1), ("discrete",), steps=9, origin=origin)).start() is None
    for strange in (0, -1, 10**9, "x", [], 1.5):
        with pytest.raises(ArgumentError, match="damaged"):
            Checkpoint({**made.state, "start": strange}, made.arrays).start()


OTHER = """
import json, sys
import numpy as np
from rodflow_widgets.engine import Checkpoint, restored
from tests.engine.test_checkpoint import digest, on_digits

with np.load(sys.argv[1], allow_pickle=False) as file:
    arrays = {name: file[name] for name in file.files if name != "state"}
    state = json.loads(bytes(file["state"]))
print(digest(restored(Checkpoint(state, arrays), on_digits())))
"""


def digest(simulation: Simulation) -> str:
    """Of all that it still measures, from the rows that wait on."""
    found = hashlib.sha256()
    while True:
        for block in simulation.drain():
            for name, values in block.columns.items():
                found.update(name.encode() + np.ascontiguousarray(values).tobytes())
        if simulation.finished:
            return found.hexdigest()
        simulation.advance()


def test_another_process_goes_on_bit_for_bit(tmp_path: Path) -> None:
    flows = ("discrete", "rod", "rod-covariance", "central", "edge", "stable")
    simulation = advanced(Simulation(on_digits(), GD(0.9), flows, steps=44, eigenvalues=3), 36)
    made = checkpoint(simulation)
    state = np.frombuffer(json.dumps(made.state, allow_nan=False).encode(), np.uint8)
    np.savez(tmp_path / "there.npz", state=state, **made.arrays)
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", f"import torch; torch.set_num_threads(1){OTHER}", str(tmp_path / "there.npz")],
        capture_output=True, text=True, check=False, cwd=root, env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == digest(simulation)


# What is the user's own


def heavy(w, state, grad, learning_rate, beta):
    m = beta * state["m"] + grad
    return w - learning_rate * m, {"m": m}


def test_a_rule_of_ones_own_is_given_again() -> None:
    def made(beta: float = 0.5):
        return rf.optimizers.from_map(heavy, {"m": torch.zeros_like}, learning_rate=0.05, beta=beta)

    simulation = Simulation(network(), made(), steps=30, start=5, schedule=rates.WarmUp(20))
    advanced(simulation, 9)
    simulation.set(beta=0.6)
    advanced(simulation, 3)
    made_of = checkpoint(simulation)
    assert made_of.state["own"] == {"heavy": "optimizer"}
    with pytest.raises(ArgumentError, match=r"own\['heavy'\] is missing"):
        restored(made_of, simulation.problem)
    with pytest.raises(ArgumentError, match=r"own\['heavy'\].* is not usable"):
        restored(made_of, simulation.problem, {"heavy": heavy})
    with pytest.raises(ArgumentError, match="is another optimizer"):
        restored(made_of, simulation.problem, {"heavy": GD(0.1)})
    other = rf.optimizers.from_map(heavy, {"m": torch.zeros_like}, learning_rate=0.05, beta=0.5, name="another")
    assert again(simulation, {"heavy": other}).optimizer.values == simulation.optimizer.values
    assert_goes_on(simulation, {"heavy": made()})


@dataclass
class Pace:
    """Beside a process of one's own."""

    factor: float


class LineProcess(Process):
    kind = "own"

    def __init__(self, start, factor: float) -> None:
        super().__init__(start.problem, start.schedule, start.row, start.watch)
        self.pace = Pace(factor)
        self.w = start.window[0].w
        self.gradient = self.meter.value_and_grad(self.w)[1]

    def observe(self) -> Observation:
        one = torch.ones(1, dtype=self.w.dtype)
        return Observation(self.row, self.w, self.w, self.gradient, one, rod_length=one[0], oscillation=one[0],
                           predicted_loss=one[0])  # fmt: skip

    def advance(self) -> None:
        self.row += 1
        rate = self.pace.factor * self.schedule.at(self.row).learning_rate
        self.w = self.w - rate * self.gradient
        self.gradient = self.meter.value_and_grad(self.w)[1]


@dataclass(frozen=True)
class Line(Flow):
    factor: float = 1.0
    label = "line"
    kind = "own"
    process = LineProcess
    detail = ""
    default_name = "line"

    def begin(self, start):
        return LineProcess(start, self.factor)


@dataclass(frozen=True)
class Halving(Rates):
    every: int

    kind = "halving"
    label = "halving"
    meaning = "halves"
    parameters = ()
    length = None
    words = "halving"

    def rate(self, steps, first):
        return first * 0.5 ** (steps // self.every)


def test_a_flow_and_a_schedule_of_ones_own_are_given_again() -> None:
    simulation = Simulation(
        network(), GD(0.2), ("discrete", Line(0.5, name="mine")), steps=20, start=0, schedule=Halving(4)
    )
    advanced(simulation, 7)
    made = checkpoint(simulation)
    assert made.state["own"] == {"mine": "flow", "halving": "schedule", "Pace": "class"}
    own = {"mine": Line(0.5, name="mine"), "halving": Halving(4), "Pace": Pace}
    for name in own:
        with pytest.raises(ArgumentError, match=rf"own\['{name}'\] is missing"):
            restored(made, simulation.problem, {key: value for key, value in own.items() if key != name})
    with pytest.raises(ArgumentError, match="is another flow: that of the checkpoint is Line"):
        restored(made, simulation.problem, {**own, "mine": Line(0.25, name="mine")})
    with pytest.raises(ArgumentError, match="is another schedule"):
        restored(made, simulation.problem, {**own, "halving": Halving(5)})
    assert_goes_on(simulation, own)


def test_what_is_no_data_is_refused_by_name() -> None:
    simulation = advanced(Simulation(network(), GD(0.2), ("discrete",), steps=30), 3)
    simulation._lockstep.lanes[0].process.lock = __import__("threading").Lock()
    with pytest.raises(RunError, match=r"Discrete\.lock holds the class lock"):
        checkpoint(simulation)


# The data itself


def round_trip(thing):
    """A graph of plain things, without a simulation around it."""
    encoder = Encoder(table(), {}, torch.device("cpu"))
    root = encoder.value(thing)["ref"]
    state = {"objects": encoder.objects, "classes": encoder.classes, "storages": encoder.storages}
    made = through_a_file(Checkpoint(state, encoder.arrays))
    return Decoder(made.state, made.arrays, table(), {}, {}, torch.device("cpu")).graph(root)


def test_numbers_come_back_bit_for_bit() -> None:
    quiet = np.frombuffer(np.uint64(0xFFF8000000000123).tobytes(), np.float64)[0]
    given = [0.0, -0.0, float("nan"), float("inf"), float("-inf"), 5e-324, 0.1, 2**80, -1, True, None, "ä\n\0", 1 - 2j]
    given += [np.float64(0.1), quiet, np.float32(0.1), np.int64(-3), np.bool_(True), np.complex128(1j)]
    found = round_trip(given)
    for one, other in zip(given, found, strict=True):
        assert type(one) is type(other)
        assert repr(one) == repr(other)
    assert found[14].tobytes() == quiet.tobytes()
    assert np.signbit(found[1])


def test_containers_come_back_with_their_kinds_and_identities() -> None:
    inner = [1]
    circle: list = [inner, inner]
    circle.append((circle, {"a": circle}))
    given = {
        "circle": circle, "set": {1, (2, "b")}, "frozen": frozenset({None, 1.5}), "deque": deque([1, 2], maxlen=2),
        "size": torch.Size([2, 3]), "dtype": torch.bfloat16, "device": torch.device("cpu"), 3: (), (1, 2): "pair",
    }  # fmt: skip
    found = round_trip(given)
    assert found["circle"][0] is found["circle"][1]
    assert found["circle"][2][0] is found["circle"]
    assert found["circle"][2][1]["a"] is found["circle"]
    rest_of = {key: value for key, value in given.items() if key != "circle"}
    assert {key: value for key, value in found.items() if key != "circle"} == rest_of
    assert found["deque"].maxlen == 2
    assert list(found) == list(given)
    assert type(found["size"]) is torch.Size


def test_tensors_keep_their_layout_and_what_they_share() -> None:
    base = torch.arange(24, dtype=torch.float64)
    odd = base[3:15].reshape(3, 4).T
    given = [base, odd, base[::5], torch.ones(3).expand(2, 3), torch.zeros(0, 5), torch.tensor(3, dtype=torch.int64)]
    given += [torch.randn(4, 3).to(torch.bfloat16), torch.tensor([True, False]), torch.tensor([1j]), base]
    given += [torch.nn.Parameter(torch.ones(2)).detach(), torch.ones(2, requires_grad=True)]
    found = round_trip(given)
    for one, other in zip(given, found, strict=True):
        assert torch.equal(one, other)
        assert (one.dtype, one.stride(), one.storage_offset(), one.requires_grad) == (
            other.dtype, other.stride(), other.storage_offset(), other.requires_grad,
        )  # fmt: skip
    assert found[9] is found[0]
    found[1][0, 0] = -7.0
    assert found[0][3] == -7.0
    assert given[0][3] == 3.0


def test_arrays_and_random_numbers_come_back() -> None:
    column = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    given = [
        column,
        np.zeros((0, 3)),
        np.array(2.0),
        np.array([1, 2], dtype=np.int32),
        np.array([True]),
        column[:, ::2],
    ]
    found = round_trip(given)
    for one, other in zip(given, found, strict=True):
        assert np.array_equal(one, other)
        assert one.dtype == other.dtype
        assert other.flags.writeable
    assert found[0].flags.f_contiguous
    generator = torch.Generator().manual_seed(3)
    torch.randn(5, generator=generator)
    (twin,) = round_trip([generator])
    assert torch.equal(torch.randn(9, generator=generator), torch.randn(9, generator=twin))


def test_every_attribute_that_is_asked_for_is_there() -> None:
    simulation = advanced(Simulation(network(), GD(0.3), flows_for(GD(0.3)), steps=30), 8)
    seen, left, known = {}, [simulation], set(table().values())
    while left:
        thing = left.pop()
        cls = type(thing)
        if cls in known:
            seen[cls] = required(cls)
            assert required(cls) <= attributes(thing).keys(), cls
            left += [one for one in attributes(thing).values() if id(one) != id(thing) and type(one) not in seen]
        elif isinstance(thing, list | tuple):
            left += thing
    assert {"_row", "steps", "lanes", "shown", "_discrete"} <= seen[type(simulation._lockstep)]
    rod = simulation._lockstep.lanes[1].process
    assert {"problem", "meter", "w", "x", "stage"} <= seen[type(rod)]


def test_memory_of_the_problem_goes_to_its_device_and_the_rest_stays() -> None:
    encoder = Encoder(table(), {}, torch.device("meta"))
    here = encoder.value([torch.ones(3), torch.device("meta")])["ref"]
    state = {"objects": encoder.objects, "classes": [], "storages": encoder.storages}
    assert state["storages"] == [["cpu", "memory0"]]
    for place, device in (("cpu", "cpu"), ("problem", "meta")):
        state["storages"][0][0] = place
        tensor, where = Decoder(state, encoder.arrays, table(), {}, {}, torch.device("meta")).graph(here)
        assert tensor.device.type == device
        assert where.type == "meta"


def test_a_fork_is_taken_apart_on_another_thread_while_the_run_goes_on() -> None:
    simulation = advanced(Simulation(network(), GD(0.3), ("discrete", "rod", "stable"), steps=60), 9)
    fork, expected = simulation.fork(), checkpoint(simulation)
    made: list[Checkpoint] = []
    thread = threading.Thread(target=lambda: made.append(checkpoint(fork)))
    thread.start()
    advanced(simulation, 20)
    thread.join()
    own = restored(made[0], simulation.problem)
    assert own.row == 9
    assert made[0].state["classes"] == expected.state["classes"]
    own.drain()
    there = restored(expected, simulation.problem)
    assert_same(rest_after_draining(there), rest(own))
