"""The page of the validation: what was measured, what it is judged by, and what was not run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..version import __version__
from .cells import EXACT, HALVED, NEARBY, Cell
from .criteria import Verdict, verdicts
from .identity import code, versions
from .settings import BEYOND, GROUPS, PROTOTYPES, SETTINGS, Setting

Held = Mapping[str, Mapping[str, Any]]

INTRODUCTION = """# Validation

Nine optimizers beside the flows that model them, on scikit-learn's digits, full batch, one thread; float64 but where a
heading says float32. Gradient descent: networks A 64-32-32-1 tanh (±1 targets), B 64-32-32-10 tanh, D 64-32-32-10 SiLU and E, B with
smaller inputs (up to seven critical eigenvalues), `rf.problems.digits_mlp` with the options below. The others:
64-32-32-10 tanh, 500 examples, weights and biases uniform in ±1/√fan_in, pixels divided by the mean of their standard
deviations over the examples (`digits_mlp` divides by that of all pixels), β₁ = 0.9, β₂ = 0.99, ε = 10⁻⁸, NAdam with
μ = β₁; and a second network, 64-24-24-10, 300 examples, gain 1.5.

- **distance**: ‖centre − midpoint of the iterates‖ at the last step T; **relative**: divided by the distance from the
  starting point to that midpoint.
- **S/threshold**: preconditioned sharpness over its edge; median from where the iterates first pass 0.98, and mean over the
  last quarter.
- **predicted loss**: its mean over the second half, divided by that of the iterates' loss.
- **rod length²**: mean over the second half, divided by that of the iterates, drift and oscillation together.
- **alternating RMS**: of ‖¼(w_t − 2w_{t+1} + w_{t+2})‖ from where the iterates pass 0.98; flows: of the rod's oscillation.
- **second moment**: mean from there of its relative error against the mean of the iterates' two.
- **cost**: gradients a step, a Hessian-vector product counted as 1.7, trackers included: in the stable phase, and where the
  rod oscillates by more than a tenth of its length (flows without a rod: where an eigenvalue is critical).
- **halved**: half the step of the integrator (an eighth of the tolerance); **seed**: of the eigenvalue tracker.
- **onset**, of gradient descent: the step at which the sharpness has fallen by 5 % from its peak beyond the edge.
- **prototype**: the distance that independent prototypes measured, as far as there is one; of gradient descent the relative
  one. Where flows of the second network began there, and when they ended, is not known: here it is as on the first.

The row *1e-14 away* is a second discrete run from a start that far away, in float32 (*one rounding away*) from the start
whose every parameter is one rounding up or down: what no model can beat.
"""
GROUP_WORDS = {
    PROTOTYPES: "Optimizers and networks that prototypes measured, float64.",
    BEYOND: "What no prototype tried: float32, cross-entropy (whose sharpness falls again, below the edge), runs of 5,000 "
    "steps, a convolutional network and a transformer (GELU, one block). Judged are the distance, the sharpness and the "
    "oscillation after the edge, the predicted loss, the cost and, of gradient descent, the onset. Where only rod and stable "
    "flow are named, the other flows are too costly to be part of the table.",
}
HEAD = (
    "| process | seed | distance | relative | S/threshold after the edge | last quarter | predicted loss | rod length² "
    "| alternating RMS | second moment | onset | cost, stable | at the edge | prototype |"
)
RULE = "|---" * 14 + "|"


def page(cells: Sequence[Cell], held: Held, seeds: Sequence[int]) -> str:
    """The whole page as Markdown, from the cells that are there."""
    judged = verdicts(held, seeds)
    parts = [INTRODUCTION, _made(cells, held), *_summary(judged), *_exact(held)]
    for group in GROUPS:
        parts += _group(group, held)
    parts += [*_criteria(judged), *_stops(held), *_not_run(cells, held)]
    return "\n".join(parts).rstrip() + "\n"


def _made(cells: Sequence[Cell], held: Held) -> str:
    dates = sorted({cell["date"] for cell in held.values()})
    span = "never" if not dates else dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    used = sorted({", ".join(f"{k} {v}" for k, v in cell["versions"].items()) for cell in held.values()})
    commits = Counter(cell["code"]["commit"] for cell in held.values()) or Counter([code()["commit"]])
    made_by = ", ".join(f"{commit} ({count})" for commit, count in commits.most_common())
    made_with = "; ".join(used or [", ".join(f"{k} {v}" for k, v in versions().items())])
    return (
        f"Made by `rodflow validate`, {span}: {len(held)} of {len(cells)} cells; rodflow_widgets {__version__}; "
        f"commits that last changed what the cells are made by: {made_by}; {made_with}.\n"
    )


def _summary(judged: Sequence[Verdict]) -> Iterator[str]:
    for group in GROUPS:
        names = {setting.name for setting in SETTINGS if setting.group == group}
        counts = Counter(v.met for v in judged if v.cell.partition("/")[0] in names)
        if counts:
            yield f"{group}: {counts[True]} criteria met, {counts[False]} missed, {counts[None]} not judged."
    yield ""


def _exact(held: Held) -> Iterator[str]:
    groups = [cell for name, cell in held.items() if name.startswith(f"{EXACT}/")]
    if not groups:
        return
    yield from ("## Exact checks", "", "| quantity | wanted | measured | dt halved | holds |", "|---|---|---|---|---|")
    for row in (row for cell in groups for row in cell["rows"]):
        wanted = _figure(row["wanted"], 6)
        if row["at_most"]:
            wanted = f"≤ {row['wanted']:g}"
        elif row["tolerance"]:
            wanted += f" ± {row['tolerance']:g}"
        first, second = [*(_measured(value) for value in row["measured"]), "–"][:2]
        yield f"| {row['quantity']} | {wanted} | {first} | {second} | {'yes' if row['holds'] else '**no**'} |"
    yield ""


def _group(group: str, held: Held) -> Iterator[str]:
    tables = [line for setting in SETTINGS if setting.group == group for line in _table(setting, held)]
    if tables:
        yield from (f"## {group}", GROUP_WORDS[group], "", *tables)


def _table(setting: Setting, held: Held) -> Iterator[str]:
    runs = {name: cell for name, cell in held.items() if name.startswith(f"{setting.name}/")}
    if not runs:
        return
    optimizer = setting.make()
    values = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in optimizer.values.items())
    yield f"### {setting.name}: {optimizer.label}, {values}"
    begin = "" if setting.is_gradient_descent else f"; flows from step {setting.begin}"
    yield f"{setting.network.name[:1].upper()}{setting.network.name[1:]}; T = {setting.end}{begin}."
    yield from ("", HEAD, RULE)
    iterates = next(iter(runs.values()))["iterates"]
    cells = [
        _figure(iterates["ratio_after_edge"]),
        _figure(iterates["ratio_last_quarter"]),
        "1",
        "1",
        _figure(iterates["oscillation"], 4),
        "–",
        _onset(setting, iterates),
    ]
    yield f"| iterates | – | 0 | 0 | {' | '.join(cells)} | 1 | 1 | – |"
    for name, cell in sorted(runs.items(), key=lambda item: _order(item[0])):
        yield _nearby(setting, cell) if "flow" not in cell else _flow(setting, name, cell["flow"])
    yield ""


def _order(name: str) -> tuple[int, str, int]:
    _, flow, seed = name.split("/")
    base = flow.removesuffix(HALVED)
    rank = {NEARBY: 0, "rod": 1, "stable": 2}.get(base, 3)
    return rank, f"{base}{int(seed.removeprefix('seed-')):012d}", flow != base


def _nearby(setting: Setting, cell: Mapping[str, Any]) -> str:
    iterates = cell["iterates"]
    cells = [
        _figure(cell["distance"], 4),
        _figure(cell["relative_distance"], 4),
        _figure(iterates["ratio_after_edge"]),
        _figure(iterates["ratio_last_quarter"]),
        *("–", "–"),
        _figure(iterates["oscillation"], 4),
        "–",
        _onset(setting, iterates),
    ]
    away = "1e-14" if setting.network.dtype == "float64" else "one rounding"
    return f"| iterates, {away} away | – | {' | '.join(cells)} | 1 | 1 | – |"


def _flow(setting: Setting, name: str, flow: Mapping[str, Any]) -> str:
    _, title, seed = name.split("/")
    wanted = setting.prototype.get(title)
    stopped = f" (to step {flow['ended']})" if flow["ended"] < setting.end else ""
    cells = [
        _figure(flow["distance"], 4),
        _figure(flow["relative_distance"], 4),
        _figure(flow["ratio_after_edge"]),
        _figure(flow["ratio_last_quarter"]),
        _figure(flow["loss"]),
        _figure(flow["extent"]),
        _figure(flow["oscillation"], 4),
        _figure(flow["second_moment_error"]),
        _onset(setting, flow),
        _figure(flow["cost_stable"], 1),
        _figure(flow["cost_edge"], 1),
        "–" if wanted is None else f"{wanted:g}",
    ]
    title = title.replace(HALVED, ", halved")
    return f"| {title}{stopped} | {seed.removeprefix('seed-')} | {' | '.join(cells)} |"


def _criteria(judged: Sequence[Verdict]) -> Iterator[str]:
    yield from ("## Acceptance of the default rod", "")
    if not judged:
        yield from ("No rod was run.", "")
        return
    yield from ("| run | criterion | verdict | figures |", "|---|---|---|---|")
    words = {True: "met", False: "**missed**", None: "not judged"}
    for v in judged:
        yield f"| {v.cell} | {v.criterion} | {words[v.met]} | {v.words} |"
    yield ""


def _stops(held: Held) -> Iterator[str]:
    stopped = {
        name: cell["flow"]["sentence"]
        for name, cell in held.items()
        if "flow" in cell and cell["flow"]["state"] != "finished"
    }
    yield from ("## Where flows stopped", "")
    yield from (f"- {name}: {sentence}" for name, sentence in stopped.items())
    if not stopped:
        yield "Every flow that was run came to its last step."
    yield ""


def _not_run(cells: Sequence[Cell], held: Held) -> Iterator[str]:
    missing = [cell.name for cell in cells if cell.name not in held]
    yield from ("## Not run", "")
    if not missing:
        yield "Nothing: all cells were run."
        return
    yield f"{len(missing)} of {len(cells)} cells; `rodflow validate` with the same folder runs them."
    yield ""
    by_setting: dict[str, list[str]] = {}
    for name in missing:
        setting, _, rest = name.partition("/")
        by_setting.setdefault(setting, []).append(rest)
    yield from (f"- {setting}: {', '.join(rest)}" for setting, rest in by_setting.items())


def _figure(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _measured(value: float | None) -> str:
    if value is None:
        return "not finite"
    return f"{value:.6f}" if value == 0 or abs(value) >= 1e-4 else f"{value:.1e}"


def _onset(setting: Setting, figures: Mapping[str, Any]) -> str:
    step = figures["onset"] if setting.is_gradient_descent else None
    return "–" if step is None else str(step)
