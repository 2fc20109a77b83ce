"""A plan as JSON data and arrays, and back; what is one's own is given again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ArgumentError
from .plan import Plan, Sketch
from .points import OTHERS, Axes, Point, named

if TYPE_CHECKING:
    from ..engine import Problem


def described(plan: Plan, at_once: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The content of `sweep.json` but for statuses, and the arrays beside it."""
    from ..engine import fingerprint
    from ..engine.registry import OPTIMIZERS

    sketch, problem = plan.sketch(), plan.problem
    optimizer = plan.optimizer
    kind = type(optimizer).__name__
    first = plan.requests[0]
    content = {
        "problem": {
            "recipe": None if problem.recipe is None else dict(problem.recipe),
            "fingerprint": fingerprint(problem),
        },
        "optimizer": {
            "name": kind if OPTIMIZERS.get(kind) is type(optimizer) else None,
            "groups": [list(group) for group in optimizer.groups],
        },
        "processes": [_process(item) for item in plan.processes],
        "options": {
            "steps": first.steps,
            "start": plan.options["start"],
            "eigenvalues": first.eigenvalues,
            "every": first.every,
            "snapshots": sorted(first.snapshots),
        },
        "at_once": at_once,
        "spec": sketch.spec,
        "axes": list(plan.axes),
        "points": [{"values": dict(p.values), "seed": p.seed, "start": p.start} for p in plan.points],
    }
    return content, {"w0": problem.w0.detach().cpu().numpy(), "starts": sketch.begins}


def sketched(content: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Sketch:
    """What a file says of the runs."""
    spec = content["spec"]
    labels = {str(p.get("name")): str(p.get("label")) for p in spec["optimizer"].get("parameters", ())}
    begins = arrays.get("starts", np.zeros((0, 0)))
    values = [{**one["values"], "seed": one["seed"], "start": one["start"]} for one in content["points"]]
    known = set(values[0])
    if any(set(one) != known for one in values) or not set(content["axes"]) <= known or begins.ndim != 2:
        raise ArgumentError("the sweep's points do not fit together: sweep.json is damaged.")
    if any(one["start"] is not None and one["start"] >= len(begins) for one in values):
        raise ArgumentError("the sweep's points name a starting point that is not there: sweep.json is damaged.")
    axes: Axes = {name: tuple(dict.fromkeys(one[name] for one in values)) for name in content["axes"]}
    points = tuple(
        Point(
            i,
            {name: float(value) for name, value in one.items() if name not in OTHERS},
            one["seed"],
            one["start"],
            named(one, axes, labels),
        )
        for i, one in enumerate(values)
    )
    return Sketch(points, axes, {**spec, "steps": content["options"]["steps"]}, begins)


def planned(
    content: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    problem: Problem | None,
    optimizer: Any = None,
    processes: Any = None,
) -> Plan:
    """The plan of a file, with what is one's own.

    Raises:
        ArgumentError: the problem is another one, or something of one's own is missing; says what to give.
    """
    problem = _problem(content["problem"], arrays, problem)
    values = dict(content["points"][0]["values"])
    if optimizer is None:
        optimizer = _optimizer(content["optimizer"], values)
    if processes is None:
        processes = tuple(_flow(item) for item in content["processes"])
    points = [{**one["values"], "seed": one["seed"], "start": one["start"]} for one in content["points"]]
    starts = list(arrays["starts"]) or None
    plan = Plan.of(problem, optimizer, processes, dict(content["options"]), {}, starts=starts, points=points)
    return dataclasses.replace(plan, axes={name: plan.axes[name] for name in content["axes"]})


def _process(item: Any) -> dict[str, Any]:
    from ..engine.registry import FLOWS

    if isinstance(item, str):
        return {"flow": item, "values": {}}
    name = item.default_name
    if FLOWS.get(name) is not type(item):
        return {"flow": None, "values": {}}
    fields = {field.name: getattr(item, field.name) for field in dataclasses.fields(item) if field.init}
    return {"flow": name, "values": fields}


def _flow(item: Mapping[str, Any]) -> Any:
    from ..engine.registry import FLOWS, lookup

    if item["flow"] is None:
        raise ArgumentError("processes=None is not usable: the sweep has a flow of your own: resume(processes=(…)).")
    if not item["values"]:
        return item["flow"]
    return lookup(FLOWS, "process", item["flow"])(**item["values"])


def _optimizer(said: Mapping[str, Any], values: Mapping[str, float]) -> Any:
    from ..engine import optimizers  # noqa: F401 - importing them fills the registry
    from ..engine.registry import OPTIMIZERS, lookup

    if said["name"] is None:
        raise ArgumentError("optimizer=None is not usable: the sweep has a rule of your own: resume(optimizer=…).")
    made = lookup(OPTIMIZERS, "optimizer", said["name"])(values["learning_rate"]).replace(**values)
    groups = tuple((int(length), float(factor)) for length, factor in said["groups"])
    return dataclasses.replace(made, groups=groups)


def _problem(said: Mapping[str, Any], arrays: Mapping[str, np.ndarray], given: Problem | None) -> Problem:
    from ..engine import differences
    from ..engine.problem import check_problem
    from ..engine.problems import again

    if given is None and said["recipe"] is None:
        raise ArgumentError("problem=None is not usable: the sweep was of one of your own: resume(problem=…).")
    problem = again(said["recipe"]) if given is None else check_problem(given)
    if arrays["w0"].shape == (problem.dim,):
        moved = problem.starting_at(arrays["w0"])
        problem = problem if not differences(said["fingerprint"], problem) else moved
    differing = differences(said["fingerprint"], problem)
    if differing:
        raise ArgumentError("problem is not the one of the sweep: " + " ".join(differing))
    return problem
