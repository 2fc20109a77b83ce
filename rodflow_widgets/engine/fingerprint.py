"""What a problem is, in a few lines of JSON, so that a run is never continued on another one by mistake."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from ..errors import ArgumentError
from .digest import digest
from .problem import Problem, check_problem

FORMAT = 1
AWAY = 1e-2
"""How far from the start the loss is looked at a second time, relative to 1 + |w|: losses can be alike in one point."""
SCALARS = {
    "dim": "parameters",
    "dtype": "dtype",
    "compute_dtype": "compute_dtype",
    "product_dtype": "product_dtype",
    "hessian": "hessian",
    "loss": "loss",
    "batch_size": "batch_size",
    "reduction": "reduction",
}
"""What is compared as it is, with the word for it."""


def fingerprint(problem: Problem) -> dict[str, Any]:
    """What `problem` is, as JSON-able data: sizes, dtypes and modes, hashes of its numbers, losses and gradients at two points.

    It costs two gradients and a pass over the data. A problem from a function has no data and no layers to be looked at: there the
    losses and gradients say whether it is the same.
    """
    check_problem(problem)
    network = problem.network
    return {
        "format": FORMAT,
        "dim": problem.dim,
        "dtype": _name(problem.dtype),
        "compute_dtype": _name(problem.compute_dtype),
        "product_dtype": _name(problem.product_dtype),
        "hessian": problem.hessian,
        "loss": problem.loss_name,
        "batch_size": problem.batch_size,
        "reduction": problem.reduction,
        "start": digest(problem.w0),
        "parameters": None if network is None else [[name, list(shape)] for name, shape in network.shapes.items()],
        "layers": None if network is None else network.layers(),
        "tensors": {} if network is None else {name: digest(t) for name, t in network.tensors().items()},
        "values": _values(problem),
    }


def differences(fingerprint: Mapping[str, Any], problem: Problem) -> list[str]:
    """In what `problem` is not the one of a fingerprint, a sentence each; none where it is.

    Losses and gradients may differ by the rounding of another machine.

    Raises:
        ArgumentError: it is no fingerprint, or one of a newer version.
    """
    if not isinstance(fingerprint, Mapping) or type(fingerprint.get("format")) is not int:
        raise ArgumentError(f"fingerprint={repr(fingerprint)[:60]} is none: give what fingerprint(problem) returned.")
    if fingerprint["format"] > FORMAT:
        raise ArgumentError(
            f"the fingerprint has format {fingerprint['format']}, newer than {FORMAT}: update rodflow_widgets."
        )
    here, there = _fingerprint(problem), dict(fingerprint)
    found = [
        f"{word}: this problem has {_shown(here[key])}, the file's {_shown(there.get(key))}."
        for key, word in SCALARS.items()
        if here[key] != there.get(key)
    ]
    found += _of_tensors({"start": here["start"]}, {"start": there.get("start")})
    found += _of_lists("parameters", here["parameters"], there.get("parameters"))
    found += _of_lists("model", here["layers"], there.get("layers"))
    theirs = there.get("tensors")
    found += _of_tensors(here["tensors"], theirs if isinstance(theirs, Mapping) else {})
    return found or _of_values(here["values"], there.get("values"), problem)


_fingerprint = fingerprint


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _values(problem: Problem) -> dict[str, float | None]:
    """Loss and norm of the gradient at the start, and a little away from it along a fixed direction."""
    w = problem.w0
    step = torch.cos(torch.arange(problem.dim, device=w.device, dtype=w.dtype))
    found: dict[str, float | None] = {}
    for where, point in (("at the start", w), ("near the start", w + AWAY * (1 + w.abs()) * step)):
        loss, gradient = problem.value_and_grad(point)
        for what, value in (("loss", float(loss)), ("gradient", float(torch.linalg.vector_norm(gradient)))):
            found[f"{what} {where}"] = value if math.isfinite(value) else None
    return found


def _of_values(here: Mapping[str, Any], there: Any, problem: Problem) -> list[str]:
    if not isinstance(there, Mapping):
        return ["loss: the file does not say what its loss was at the start."]
    tolerated = torch.finfo(problem.compute_dtype).eps ** 0.5
    found = []
    for what, value in here.items():
        other = there.get(what)
        if isinstance(other, int | float) and not isinstance(other, bool) and value is not None:
            alike = math.isclose(value, other, rel_tol=tolerated, abs_tol=tolerated * torch.finfo(torch.float32).eps)
        else:
            alike = value is None and other is None
        if not alike:
            found.append(f"{what}: this problem has {_shown(value)}, the file's {_shown(other)}.")
    return found


def _of_tensors(here: Mapping[str, Any], there: Mapping[str, Any]) -> list[str]:
    found = []
    for name in [*here, *(str(name) for name in there if name not in here)]:
        ours, theirs = here.get(name), there.get(name)
        if ours == theirs:
            continue
        if ours is None or theirs is None:
            found.append(f"{name}: {'the file' if ours is None else 'this problem'} has it, the other has not.")
        elif isinstance(theirs, list) and ours[:2] == theirs[:2]:
            found.append(f"{name}: this problem has {_kind(ours)} with other numbers than the file's.")
        else:
            found.append(f"{name}: this problem has {_kind(ours)}, the file's is {_kind(theirs)}.")
    return found


def _of_lists(what: str, here: list[Any] | None, there: Any) -> list[str]:
    """The first entry in which two lists differ, and how many do."""
    if here == there:
        return []
    if here is None or not isinstance(there, list):
        has = "this problem is made of a function" if here is None else "this problem is made of a model"
        return [f"{what}: {has}, the file's is not."]
    for i in range(max(len(here), len(there))):
        ours, theirs = here[i : i + 1], there[i : i + 1]
        if ours != theirs:
            mine = _entry(ours[0]) if ours else "nothing more"
            others = _entry(theirs[0]) if theirs else "nothing more"
            return [f"{what}: this problem has {mine} where the file's has {others}."]
    return []


def _entry(entry: Any) -> str:
    if not isinstance(entry, list) or not all(isinstance(part, str) for part in entry) or len(entry) != 3:
        name, shape = entry if isinstance(entry, list) and len(entry) == 2 else (entry, "")
        return f"{str(name)[:60]!r} {shape}".strip()
    name, kind, options = entry
    return f"{kind}({options[:80]})" + (f" as {name!r}" if name else "")


def _kind(entry: Any) -> str:
    if isinstance(entry, list) and len(entry) == 3:
        return f"{entry[0]} {entry[1]}"
    return _shown(entry)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "none" if value is None else str(value)[:80]
