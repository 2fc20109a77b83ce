"""Whether the parts of a simulation that was made of data belong together: their kinds, and who is whose."""

from __future__ import annotations

from types import UnionType
from typing import Any

import numpy as np
from torch import Tensor

from ..vocabulary import Event, Status
from .classes import fits
from .data import damaged
from .fate import Fate
from .flows.base import Flow
from .lane import Lane
from .lockstep import Lockstep
from .problem import Meter, Problem
from .process import Discrete, Process, State
from .request import Request
from .schedule import Schedule, Stretch
from .simulation import Simulation
from .trail import Trail

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


def check_frame(made: Any, problem: Problem) -> None:
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
