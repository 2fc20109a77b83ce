"""Optimizers beside the continuous-time flows that model them, live in a notebook.

import rodflow_widgets as rf

problem = rf.problems.digits_mlp()
rf.compare(problem, rf.optimizers.GradientDescent(0.4), steps=400)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from . import callbacks as callbacks
    from . import errors as errors
    from . import schedules as schedules
    from .citations import cite as cite
    from .engine import Problem as Problem
    from .engine import Simulation as Simulation
    from .engine import curvature as curvature
    from .engine import flows as flows
    from .engine import optimizers as optimizers
    from .engine import problems as problems
    from .recording import Recording as Recording
    from .session import simulate as simulate
    from .session import simulate_many as simulate_many
    from .sweeps import Sweep as Sweep
    from .sweeps import load as load
    from .sweeps import sweep as sweep
    from .widgets import Explorer as Explorer
    from .widgets import compare as compare
    from .widgets import fork as fork
    from .widgets import resume as resume
    from .widgets import view as view
    from .widgets import watch as watch
    from .widgets.sweep_explorer import SweepExplorer as SweepExplorer

_LAZY = {
    "callbacks": (".callbacks", None),
    "Problem": (".engine", "Problem"),
    "Simulation": (".engine", "Simulation"),
    "curvature": (".engine.curvature", None),
    "flows": (".engine.flows", None),
    "optimizers": (".engine.optimizers", None),
    "problems": (".engine.problems", None),
    "schedules": (".schedules", None),
    "errors": (".errors", None),
    "Recording": (".recording", "Recording"),
    "simulate": (".session", "simulate"),
    "simulate_many": (".session", "simulate_many"),
    "load": (".sweeps", "load"),
    "sweep": (".sweeps", "sweep"),
    "Sweep": (".sweeps", "Sweep"),
    "compare": (".widgets", "compare"),
    "resume": (".widgets", "resume"),
    "fork": (".widgets", "fork"),
    "view": (".widgets", "view"),
    "watch": (".widgets", "watch"),
    "Explorer": (".widgets", "Explorer"),
    "SweepExplorer": (".widgets.sweep_explorer", "SweepExplorer"),
    "cite": (".citations", "cite"),
}

__all__ = ["__version__", *_LAZY]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_LAZY)}")
    module, attribute = _LAZY[name]
    loaded = importlib.import_module(module, __name__)
    value = loaded if attribute is None else getattr(loaded, attribute)
    globals()[name] = value
    return value


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext rodflow_widgets`: the magics `%rodflow` and `%%rodflow`."""
    from .widgets.magics import Rodflow

    ipython.register_magics(Rodflow)


def __dir__() -> list[str]:
    return sorted(__all__)
