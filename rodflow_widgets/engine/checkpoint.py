"""A simulation in motion as JSON-able data and named arrays, from which it goes on bit for bit; without pickle."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import ArgumentError, RodflowError, RunError
from ..version import __version__
from ..vocabulary import Event, Status
from .classes import DESCRIPTIONS, OWN, fits, name_of, table
from .data import checked, damaged
from .decoding import Decoder
from .encoding import Encoder
from .fate import Fate
from .flows.base import Flow
from .lane import Lane
from .lockstep import Lockstep
from .optimizers.from_map import MappedOptimizer
from .problem import Meter, Problem, check_problem
from .process import Discrete, Process, State
from .request import Request
from .schedule import Schedule, Stretch
from .simulation import Simulation
from .trail import Trail

FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """A simulation between two rows.

    state: JSON-able, without NaN; "row" is the next row to be measured, "own" names what `restored` must be given.
    arrays: memory, bytes [n] (uint8) by name.
    """

    state: dict[str, Any]
    arrays: dict[str, np.ndarray]

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return sum(array.nbytes for array in self.arrays.values())


def checkpoint(simulation: Simulation) -> Checkpoint:
    """All that `simulation` is but its problem, as data: what `fork` copies, rows that wait to be drained included.

    The simulation goes on as if nothing had been. What is the user's own is left out and named in `state["own"]`: optimizers of
    `from_map`, flows, schedules and functions.

    Raises:
        RunError: something of the user's own holds what is no data, and it is named.
    """
    request, schedule, problem = simulation._request, simulation._schedule, simulation.problem
    outside: dict[int, list[Any]] = {id(thing): ["problem", name] for name, thing in _parts(problem).items()}
    for optimizer in (request.optimizer, *(stretch.optimizer for stretch in (*schedule._stretches, *schedule._before))):
        if isinstance(optimizer, MappedOptimizer):
            outside[id(optimizer.rule)] = ["own", optimizer.name, "rule", "", None]
    known = table(flow for _, flow, _ in request.flows)
    encoder = Encoder(_classes(request, known), outside, problem.device)
    try:
        root = encoder.value(simulation)["ref"]
    except RecursionError as error:
        raise RunError("This run cannot be kept as a checkpoint: something in it is nested too deeply.") from error
    own = {entry[1]: entry[2] for entry in encoder.objects if entry[0] == "own" and entry[2] != "rule"}
    own |= {name.removeprefix(OWN): "class" for name in encoder.classes if name.startswith(OWN) and name not in known}
    state = {
        "format": FORMAT,
        "made_by": _made_by(),
        "byteorder": sys.byteorder,
        "row": simulation.row,
        "steps": simulation.steps,
        "dim": problem.dim,
        "dtype": _dtype(problem),
        "own": own,
        "root": root,
        "classes": encoder.classes,
        "storages": encoder.storages,
        "objects": encoder.objects,
    }
    return Checkpoint(state, encoder.arrays)


def restored(checkpoint: Checkpoint, problem: Problem, own: Mapping[str, Any] | None = None) -> Simulation:
    """The simulation of a checkpoint, on the problem's device; in float64 on the CPU it goes on bit for bit.

    Args:
        checkpoint: from a file that nobody need vouch for: none of it is run, and no more memory is taken than it has.
        problem: the one it was made with (`fingerprint` tells).
        own: what `state["own"]` names, by name: an optimizer or a flow as it was then (other values of its hyperparameters
            do no harm), a function, a class.

    Raises:
        ArgumentError: it is damaged, of another problem or of a newer version, or something of one's own is missing.
    """
    check_problem(problem)
    given = {} if own is None else own
    if not isinstance(checkpoint, Checkpoint) or not isinstance(given, Mapping):
        raise ArgumentError(f"checkpoint={checkpoint!r} or own={own!r} is not usable: give a Checkpoint and a dict.")
    state, arrays = checked(checkpoint.state, dict), checked(checkpoint.arrays, dict)
    _check_head(state, problem)
    parts = _parts(problem)
    try:
        decoder = Decoder(state, arrays, table(given.values()), parts, given, problem.device)
        made = decoder.graph(state.get("root"))
        _check_frame(made, problem)
    except ArgumentError as error:
        if state.get("made_by") == _made_by():
            raise
        raise ArgumentError(
            f"{error} It was made by {str(state.get('made_by'))[:80]}, this is {_made_by()}."
        ) from error
    except (
        RodflowError, AttributeError, IndexError, KeyError, OverflowError, RecursionError, RuntimeError, TypeError, ValueError,
    ) as error:  # fmt: skip
        raise damaged(f"it does not fit together ({type(error).__name__}: {str(error)[:80]})") from error
    simulation: Simulation = made
    return simulation


def _made_by() -> str:
    return f"rodflow_widgets {__version__} with torch {torch.__version__}"


def _dtype(problem: Problem) -> str:
    return str(problem.dtype).removeprefix("torch.")


def _parts(problem: Problem) -> dict[str, Any]:
    """What of a problem a simulation holds; of names for the same thing the last is used."""
    return {
        "problem": problem,
        "fast": problem._fast,
        "second": problem._second,
        "objective": problem._objective,
    }


def _classes(request: Request, known: dict[str, type]) -> dict[str, type]:
    """What may be met: all that is known but flows of one's own, which are given again, and what lies beside these."""
    own = {name_of(type(flow)): flow for _, flow, _ in request.flows if name_of(type(flow)).startswith(OWN)}
    registered = table()
    found = {name: cls for name, cls in known.items() if name not in own or name in registered}
    for flow in own.values():
        module = type(flow).process.__module__
        for cls in vars(sys.modules.get(module, object)).values():
            if isinstance(cls, type) and cls.__module__ == module and not issubclass(cls, DESCRIPTIONS):
                found.setdefault(name_of(cls), cls)
    return found


def _check_head(state: dict[str, Any], problem: Problem) -> None:
    version = state.get("format")
    if type(version) is not int or version < 1:
        raise damaged("it has no format")
    if version > FORMAT:
        raise ArgumentError(f"the checkpoint has format {version}, newer than {FORMAT}: update rodflow_widgets.")
    if state.get("byteorder") != sys.byteorder:
        raise ArgumentError(f"the checkpoint was made on a {state.get('byteorder')}-endian machine: resume it there.")
    if (state.get("dim"), state.get("dtype")) != (problem.dim, _dtype(problem)):
        raise ArgumentError(
            f"problem={problem!r} is another one: that of the checkpoint has {state.get('dim')} parameters in "
            f"{state.get('dtype')}."
        )


FRAME: dict[type, dict[str, Any]] = {
    Simulation: {"nbytes": int, "_request": Request, "_schedule": Schedule, "_lockstep": Lockstep},
    Lockstep: {
        "first": int,
        "steps": int,
        "every": int,
        "pending": int,
        "snapshots": frozenset[int],
        "lanes": list[Lane],
        "shown": list[Lane],
        "trail": Trail | None,
        "_row": int,
        "_discrete": Discrete,
        "_schedule": Schedule,
    },
    Schedule: {
        "_steps": list[int],
        "_stretches": list[Stretch],
        "_before": list[Stretch],
        "events": tuple[Event, ...],
        "_made": dict,
    },
    Lane: {
        "name": str,
        "flow": Flow | None,
        "start": int,
        "process": Process | None,
        "columns": tuple,
        "fates": list[Fate],
        "_rows": list[tuple[Tensor, np.ndarray]],
        "_kept": list[tuple[int, Tensor]],
        "_on_device": list[bool],
    },
    Fate: {"status": Status, "_title": str, "_last_loss": float, "_limit": float, "_begun": bool},
    Process: {"row": int, "meter": Meter, "schedule": Schedule, "status": Status, "ends": dict},
    Discrete: {"_states": list[State], "_losses": list[Tensor], "_gradients": list[Tensor], "origin": Tensor},
    Meter: {"gradients": int, "products": int, "third_derivatives": int},
}
"""The kinds of the attributes by which a simulation hangs together."""


def _check_frame(made: Any, problem: Problem) -> None:
    """ArgumentError unless `made` is a simulation of this problem whose parts are each other's."""
    if type(made) is not Simulation:
        raise damaged("it holds no simulation")
    _check(made)
    lockstep, request, schedule = made._lockstep, made._request, made._schedule
    _check(lockstep)
    _check(schedule)
    discrete = lockstep._discrete
    lanes = lockstep.lanes
    together = (
        made.problem is lockstep._problem is request.problem is problem
        and lockstep._schedule is schedule
        and bool(lanes)
        and lanes[0].process is discrete
        and all(any(lane is one for one in lanes) for lane in lockstep.shown)
        and len({lane.name for lane in lanes}) == len(lanes)
        and len(schedule._steps) == len(schedule._stretches) > 0
        and schedule._steps == sorted(schedule._steps)
        and 0 <= lockstep.first <= lockstep._row + 1 <= lockstep.steps + 1
        and lockstep.every >= 1
        and lockstep.pending >= 0
    )
    if not together:
        raise damaged("the parts of its simulation do not belong together")
    for lane in lanes:
        _check(lane)
        if len(lane.fates) != 1 or len(lane._on_device) != len(lane.columns):
            raise damaged(f"the process {lane.name!r} has lost a part")
        _check(lane.fates[0])
        if lane.process is not None:
            _check_process(lane.process, problem, schedule)
    states = discrete._states
    if len(states) != 3 or not len(discrete._losses) == len(discrete._gradients) == 2:
        raise damaged("its iterates are not three")
    vectors = [discrete.origin, *(state.w for state in states), *discrete._gradients]
    if any(v.shape != (problem.dim,) or v.dtype != problem.dtype for v in vectors):
        raise damaged("its iterates are not of this problem")


def _check_process(process: Process, problem: Problem, schedule: Schedule) -> None:
    _check(process)
    _check(process.meter)
    if process.problem is not problem or process.schedule is not schedule or process.meter.problem is not problem:
        raise damaged("a process in it is of another problem")


def _check(thing: Any) -> None:
    for cls, kinds in FRAME.items():
        if isinstance(thing, cls):
            for name, kind in kinds.items():
                if not fits(vars(thing).get(name), kind):
                    raise damaged(f"{name} of its {type(thing).__name__} is no {_words(kind)}")


def _words(kind: Any) -> str:
    return str(kind) if isinstance(kind, UnionType) or not isinstance(kind, type) else kind.__name__
