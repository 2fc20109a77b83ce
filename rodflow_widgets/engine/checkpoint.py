"""A simulation in motion as JSON-able data and named arrays, from which it goes on bit for bit; without pickle."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import ArgumentError, RodflowError, RunError
from ..version import __version__
from .classes import DESCRIPTIONS, OWN, name_of, table
from .data import checked, damaged, whole
from .decoding import Decoder
from .encoding import Encoder
from .frame import check_frame
from .host import fetch
from .optimizers.from_map import MappedOptimizer
from .problem import Problem, check_problem
from .request import Request
from .simulation import Simulation

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

    def start(self) -> np.ndarray | None:
        """Where the run began [p], for `Problem.starting_at`, since that may not be the problem's own start; None with an origin.

        ArgumentError where the checkpoint is damaged.
        """
        state, arrays = checked(self.state, dict), checked(self.arrays, dict)
        if state.get("start") is None:
            return None
        with refusing(state):
            entry = checked(checked(state.get("objects"), list)[whole(state["start"])], list, 7)
            storage = checked(state.get("storages"), list)[whole(entry[1])]
            alone = {"objects": [[entry[0], 0, *entry[2:]]], "classes": [], "storages": [storage]}
            found = Decoder(alone, arrays, {}, {}, {}, torch.device("cpu")).graph(0)
            if not isinstance(found, Tensor) or found.ndim != 1 or not found.dtype.is_floating_point:
                raise damaged("its start is no vector")
            return fetch([found])[0]


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
        "start": None if request.origin is not None else encoder.value(simulation._lockstep._discrete.origin)["ref"],
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
    with refusing(state):
        decoder = Decoder(state, arrays, table(given.values()), parts, given, problem.device)
        made: Simulation = decoder.graph(state.get("root"))
        check_frame(made, problem)
    return made


@contextmanager
def refusing(state: Mapping[str, Any]) -> Iterator[None]:
    """Whatever is wrong with data is one ArgumentError; of another version it says so."""
    try:
        yield
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
