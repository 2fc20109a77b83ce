"""The acceptance criteria of the design, each met or missed with its figures, or not judged and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .cells import HALVED
from .settings import BEYOND, SETTINGS, Setting

Figures = Mapping[str, Any]
Held = Mapping[str, Figures]
ROD, STABLE, CENTRAL, PAPER = "rod", "stable", "central", "rod-paper"
OF_CENTRAL, LATE, COST = 0.5, 15, 20.0
EXTENT, LOSS, FACTOR = (0.75, 1.33), 0.05, 2.0
RESIDUAL = 1e-8
MASKED = 0.2
"""How far the paper's closure may be from its prototype, as a share: the design gives no number."""


@dataclass(frozen=True)
class Verdict:
    """One criterion of one run; `met` is None where it cannot be judged."""

    cell: str
    criterion: str
    met: bool | None
    words: str


def verdicts(held: Held, seeds: Sequence[int]) -> list[Verdict]:
    """All criteria of all that was run: of the default rod at dt ½ with every seed, and with dt halved."""
    found: list[Verdict] = []
    for setting in SETTINGS:
        first = seeds[0]
        names = [f"{setting.name}/{ROD}/seed-{seed}" for seed in seeds]
        names.insert(1, f"{setting.name}/{ROD}{HALVED}/seed-{first}")
        runs = {name: list(_rod(setting, name, held, first)) for name in names if name in held}
        for run in runs.values():
            found += run
        if names[0] in runs and names[1] in runs:
            found.append(_halving(names[0], runs[names[0]], runs[names[1]]))
        found += _complementarity(setting, held)
        paper = f"{setting.name}/{PAPER}/seed-{first}"
        if paper in held and PAPER in setting.prototype:
            found.append(_masked(setting, paper, held[paper]))
    return found


def _rod(setting: Setting, name: str, held: Held, seed: int) -> Iterator[Verdict]:
    flow, iterates = held[name]["flow"], held[name]["iterates"]
    if flow["ended"] < setting.end:
        yield Verdict(name, "reaches the last step", False, flow["sentence"])
        return
    yield _of_stable(setting, name, flow, held.get(f"{setting.name}/{STABLE}/seed-{seed}"))
    if setting.group == BEYOND:
        yield from _others(setting, name, flow, iterates)
        yield _loss(name, flow)
        if setting.is_gradient_descent:
            yield _onset(name, flow, iterates)
        if HALVED not in name:
            yield _cost(name, flow)
    elif setting.is_gradient_descent:
        central = held.get(f"{setting.name}/{CENTRAL}/seed-{seed}")
        yield from _gradient_descent(setting, name, flow, iterates, central)
    else:
        yield from _others(setting, name, flow, iterates)


def _unit(setting: Setting) -> str:
    return "relative_distance" if setting.is_gradient_descent else "distance"


def _of_stable(setting: Setting, name: str, flow: Figures, stable: Figures | None) -> Verdict:
    criterion, unit = "distance to stable flow's", _unit(setting)
    if stable is None:
        return Verdict(name, criterion, None, "stable flow was not run")
    if stable["flow"]["ended"] < setting.end:
        return Verdict(name, criterion, None, f"stable flow stopped at step {stable['flow']['ended']}")
    most = setting.of_stable * stable["flow"][unit]
    words = f"distance {flow[unit]:.4f}, at most {setting.of_stable:g} × stable flow's: {most:.4f}"
    return Verdict(name, criterion, flow[unit] <= most, words)


def _gradient_descent(
    setting: Setting, name: str, flow: Figures, iterates: Figures, central: Figures | None
) -> Iterator[Verdict]:
    distance = flow["relative_distance"]
    other, whose = setting.prototype[CENTRAL], "that of central flow's prototype"
    if central is not None and central["flow"]["ended"] == setting.end:
        other, whose = central["flow"]["relative_distance"], "central flow's"
    most = OF_CENTRAL * other
    words = f"distance {distance:.4f}, at most half of {whose}: {most:.4f}"
    yield Verdict(name, "distance to central flow's", distance <= most, words)
    ours, theirs = flow["ratio_last_quarter"], iterates["ratio_last_quarter"]
    words = f"{ours:.3f}, the iterates' {theirs:.3f}, within {100 * setting.ratio:g} %"
    yield Verdict(name, "mean S/threshold, last quarter", abs(ours / theirs - 1) <= setting.ratio, words)
    words = f"{flow['extent']:.3f} of the iterates', in [{EXTENT[0]}, {EXTENT[1]}]"
    yield Verdict(name, "rod length²", EXTENT[0] <= flow["extent"] <= EXTENT[1], words)
    yield _loss(name, flow)
    yield _onset(name, flow, iterates)
    if HALVED not in name:
        yield _cost(name, flow)


def _loss(name: str, flow: Figures) -> Verdict:
    return Verdict(name, "predicted loss", abs(flow["loss"] - 1) <= LOSS, f"{flow['loss']:.3f} of the loss, within 5 %")


def _onset(name: str, flow: Figures, iterates: Figures) -> Verdict:
    own, first = flow["onset"], iterates["onset"]
    timely = own is not None and first is not None and abs(own - first) <= LATE
    return Verdict(name, "onset", timely, f"step {_step(own)}, the iterates' {_step(first)}, within {LATE} steps")


def _cost(name: str, flow: Figures) -> Verdict:
    cost = flow["cost_edge"]
    words = "it was never at the edge" if cost is None else f"{cost:.1f} gradients a step, at most {COST:g}"
    return Verdict(name, "cost at the edge", None if cost is None else cost <= COST, words)


def _others(setting: Setting, name: str, flow: Figures, iterates: Figures) -> Iterator[Verdict]:
    criteria = "median S/threshold after the edge", "alternating RMS"
    if iterates["edge"] is None:
        yield from (Verdict(name, criterion, None, "the iterates never came to the edge") for criterion in criteria)
        return
    ours, theirs = flow["ratio_after_edge"], iterates["ratio_after_edge"]
    words = f"{ours:.3f}, the iterates' {theirs:.3f}, within {setting.ratio:g}"
    yield Verdict(name, criteria[0], abs(ours - theirs) <= setting.ratio, words)
    ours, theirs = flow["oscillation"], iterates["oscillation"]
    words = f"{ours:.4f}, the iterates' {theirs:.4f}, within a factor {FACTOR:g}"
    yield Verdict(name, criteria[1], theirs / FACTOR <= ours <= FACTOR * theirs, words)


def _step(step: int | None) -> str:
    return "never" if step is None else str(step)


def _halving(name: str, coarse: Sequence[Verdict], fine: Sequence[Verdict]) -> Verdict:
    other = {v.criterion: v.met for v in fine}
    changed = [v.criterion for v in coarse if v.criterion in other and other[v.criterion] != v.met]
    words = f"other with dt halved: {', '.join(changed)}" if changed else "the same with dt halved"
    return Verdict(name, "verdicts with dt halved", not changed, words)


def _complementarity(setting: Setting, held: Held) -> Iterator[Verdict]:
    """Of central flow, wherever it was run: whether it solved for its oscillation."""
    for name, cell in held.items():
        if name.startswith(f"{setting.name}/{CENTRAL}") and "flow" in cell:
            worst = cell["flow"]["worst"].get("complementarity")
            if worst is not None:
                words = f"largest residual {worst:.1e}, at most {RESIDUAL:.0e}"
                yield Verdict(name, "complementarity", worst <= RESIDUAL, words)


def _masked(setting: Setting, name: str, cell: Figures) -> Verdict:
    distance, wanted = cell["flow"]["relative_distance"], setting.prototype[PAPER]
    met = abs(distance / wanted - 1) <= MASKED and cell["flow"]["ended"] == setting.end
    words = f"distance {distance:.4f}, the prototype's {wanted:.3f}, within {100 * MASKED:g} %"
    return Verdict(name, "masked as the paper's closure is", met, words)
