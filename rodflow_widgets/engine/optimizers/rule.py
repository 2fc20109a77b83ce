"""A user's update rule: calling it, holding its even state, differentiating it, and finding out what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.functional import jvp as derivative

from ...errors import ArgumentError
from .response import Response, blocks

PROBE_SIZE, WARM_UP = 6, 3
GRID, TOLERANCE = 400, 1e-6


@dataclass(frozen=True)
class Layout:
    """The entries of a rule's state: odd ones alternate with the gradient, even ones do not."""

    odd: tuple[str, ...] = ()
    even: tuple[str, ...] = ()
    like_gradients: tuple[bool, ...] = ()
    instability: str | None = None

    @staticmethod
    def join(state: Mapping[str, Tensor], names: tuple[str, ...]) -> Tensor | None:
        """The entries `names` as one vector; None where there are none."""
        return torch.cat([state[name].reshape(-1) for name in names]) if names else None


@dataclass(frozen=True)
class Rule:
    """step(w, state, grad, …) with the way its state begins."""

    step: Callable[..., Any]
    state: Mapping[str, Any]
    counts: bool
    scaled: bool
    layout: Layout = Layout()
    shapes: dict[torch.Size, dict[str, torch.Size]] = field(default_factory=dict, compare=False, repr=False)

    def initial(self, w: Tensor) -> dict[str, Tensor]:
        """The state before the first step, floating as w is."""
        begun = {}
        for name, value in self.state.items():
            made = value(w) if callable(value) else value
            try:
                begun[name] = torch.as_tensor(made, dtype=w.dtype, device=w.device).detach().clone()
            except (TypeError, ValueError, RuntimeError) as error:
                raise ArgumentError(
                    f"state[{name!r}]={made!r} is not usable: give a number, a tensor, or a function of w such as "
                    "torch.zeros_like."
                ) from error
        return begun

    def raw(self, w: Tensor, state: Mapping[str, Tensor], g: Tensor, n: float, values: Mapping[str, float]) -> Any:
        """What the user's function returns; a rule without a learning rate of its own is scaled by ours."""
        keywords = dict(values)
        factor = keywords.pop("learning_rate") if self.scaled else 1.0
        if self.counts:
            keywords["n"] = n
        result = self.step(w, dict(state), g, **keywords)
        if factor == 1.0:
            return result
        new, after = result
        return w + factor * (new - w), after

    def call(
        self, w: Tensor, m: Tensor | None, even: Tensor | None, g: Tensor, n: float, values: Mapping[str, float]
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Step n with odd and even state as vectors."""
        layout, shapes = self.layout, self._shapes(w)
        state = {**_split(m, layout.odd, shapes), **_split(even, layout.even, shapes)}
        new, after = self.raw(w, state, g, n, values)
        return new, layout.join(after, layout.odd), layout.join(after, layout.even)

    def _shapes(self, w: Tensor) -> dict[str, torch.Size]:
        """The shapes of the state for a w of this shape, found once: a step must not build a state to know them."""
        if w.shape not in self.shapes:
            self.shapes[w.shape] = {name: value.shape for name, value in self.initial(w).items()}
        return self.shapes[w.shape]

    def held(
        self, w: Tensor, m: Tensor | None, even: Tensor | None, g: Tensor, n: float, values: Mapping[str, float]
    ) -> Held:
        """The rule with its even state such that it is `even` after the step."""
        slope = None
        if even is not None:

            def after(e: Tensor) -> Tensor:
                out = self.call(w, m, e, g, n, values)[2]
                assert out is not None
                return out

            _, slope = derivative(after, even, torch.ones_like(even))
        return Held(self, even, slope, n, values)


@dataclass(frozen=True)
class Held:
    """(w, m, g) ↦ (w', m') with the even state after the step held; `slope` is how it follows the one before."""

    rule: Rule
    even: Tensor | None
    slope: Tensor | None
    n: float
    values: Mapping[str, float]

    def __call__(self, w: Tensor, m: Tensor | None, g: Tensor) -> tuple[Tensor, Tensor | None]:
        before = self.even
        if before is not None and self.slope is not None:
            _, _, after = self.rule.call(w, m, before, g, self.n, self.values)
            assert after is not None
            safe = torch.where(self.slope == 0, torch.ones_like(self.slope), self.slope)
            before = before + torch.where(self.slope == 0, torch.zeros_like(after), (before - after) / safe)
        new, momentum, _ = self.rule.call(w, m, before, g, self.n, self.values)
        return new, momentum

    def push(
        self, at: tuple[Tensor, Tensor | None, Tensor], along: tuple[Tensor, Tensor | None, Tensor]
    ) -> tuple[Tensor, Tensor | None]:
        """The derivative at `at` along a change of (w, m, g)."""
        if at[1] is None:
            _, new = derivative(lambda w, g: self(w, None, g)[0], (at[0], at[2]), (along[0], along[2]))
            return new, None
        _, (moved, m) = derivative(self, at, along)
        return moved, m

    def response(self, w: Tensor, m: Tensor | None, g: Tensor) -> Response:
        """The diagonals of the Jacobian, one derivative along ones for each of w, the momenta and g."""
        p = w.numel()
        r = 0 if m is None else m.numel() // p
        columns = []
        for b in range(r + 2):
            along_m = None if m is None else torch.zeros_like(m)
            if along_m is not None and 1 <= b <= r:
                along_m[(b - 1) * p : b * p] = 1
            one, zero = torch.ones_like(w), torch.zeros_like(w)
            new, after = self.push((w, m, g), (one if b == 0 else zero, along_m, one if b == r + 1 else zero))
            columns.append(torch.cat([new[None], *([] if after is None else [after.reshape(r, p)])]))
        table = torch.stack(columns, dim=1)
        return Response(table[:, : r + 1], table[:, r + 1])


def _split(flat: Tensor | None, names: tuple[str, ...], shapes: Mapping[str, torch.Size]) -> dict[str, Tensor]:
    parts, start = {}, 0
    for name in names:
        assert flat is not None
        size = shapes[name].numel()
        parts[name] = flat[start : start + size].reshape(shapes[name])
        start += size
    return parts


def inspected(rule: Rule, values: Mapping[str, float], rate: float, limit: float) -> tuple[Layout, Rule]:
    """What kind each entry of the state is, and whether the rule can be followed at all: tried on random gradients."""
    generator = torch.Generator().manual_seed(0)
    size = next((v.numel() for v in rule.state.values() if isinstance(v, Tensor) and v.ndim == 1), PROBE_SIZE)

    def draw() -> Tensor:
        return torch.randn(size, generator=generator, dtype=torch.float64)

    w, state = draw(), {}
    state = rule.initial(w)
    for n in range(1, WARM_UP + 1):
        w, state = _checked_step(rule, w, state, draw(), n, values)
    g = draw()
    layout = _parity(rule, w, state, g, WARM_UP + 1, values)
    for name in layout.odd:
        if state[name].shape != w.shape:
            raise ArgumentError(
                f"state[{name!r}] alternates with the gradient and has shape {list(state[name].shape)}: "
                "a momentum must have the shape of w."
            )
    rule = replace(rule, layout=layout)
    m, even = layout.join(state, layout.odd), layout.join(state, layout.even)
    held = rule.held(w, m, even, g, limit, values)
    response = _checked_response(held, w, m, g)
    D = response.at_period_two()
    if not bool((D > 0).all()):
        raise ArgumentError(
            f"step answers a gradient that alternates with D = {D[D <= 0][0].item():.3g} per unit of gradient, which should be "
            "positive: it must go down the gradient, and vary smoothly with it (torch.sign and torch.round do not: take "
            "torch.tanh(u / scale) for a sign)."
        )
    layout = replace(layout, like_gradients=response.like_gradients(D))
    layout = replace(layout, instability=_instability(response, rate / D, layout, rate))
    return layout, replace(rule, layout=layout)


def _checked_step(
    rule: Rule, w: Tensor, state: dict[str, Tensor], g: Tensor, n: int, values: Mapping[str, float]
) -> tuple[Tensor, dict[str, Tensor]]:
    copies = w.clone(), {k: v.clone() for k, v in state.items()}, g.clone()
    result = rule.raw(w, state, g, n, values)
    if not isinstance(result, tuple) or len(result) != 2 or not isinstance(result[1], Mapping):
        raise ArgumentError(f"step returned {type(result).__name__}: return the new w and a dict with the new state.")
    new, after = result[0], dict(result[1])
    if not (torch.equal(w, copies[0]) and torch.equal(g, copies[2])) or any(
        not torch.equal(state[k], copies[1][k]) for k in state
    ):
        raise ArgumentError("step changes its arguments in place: return new tensors instead.")
    if set(after) != set(state):
        raise ArgumentError(
            f"step returned the state entries {sorted(after)}: return those it was given, {sorted(state)}."
        )
    for name, old, value in [("w", w, new), *((f"state[{k!r}]", state[k], after[k]) for k in state)]:
        if not isinstance(value, Tensor) or value.shape != old.shape or value.dtype != old.dtype:
            came = f"{list(value.shape)} {value.dtype}" if isinstance(value, Tensor) else type(value).__name__
            raise ArgumentError(
                f"step changes {name} from {list(old.shape)} {old.dtype} to {came}: keep shape and dtype."
            )
    again = rule.raw(w, state, g, n, values)
    if not torch.equal(again[0], new) or any(not torch.equal(again[1][k], after[k]) for k in state):
        raise ArgumentError(
            "step draws random numbers: two calls with the same arguments differ. A flow needs a function."
        )
    return new, after


def _parity(rule: Rule, w: Tensor, state: dict[str, Tensor], g: Tensor, n: int, values: Mapping[str, float]) -> Layout:
    """Odd entries: those that change sign when w, g and all odd entries do. Even: those that then stay as they are."""
    _, plain = rule.raw(w, state, g, n, values)
    _, turned = rule.raw(-w, state, -g, n, values)
    odd = {k for k in state if not _same(turned[k], plain[k])}
    while True:
        flipped = {k: -v if k in odd else v for k, v in state.items()}
        _, after = rule.raw(-w, flipped, -g, n, values)
        neither = {k for k in odd if not _same(after[k], -plain[k])}
        if not neither:
            break
        odd -= neither
    for name in state:
        if name not in odd and not _same(after[name], plain[name]):
            raise ArgumentError(
                f"state[{name!r}] is neither odd nor even in the gradient: the rod must know whether it alternates. "
                "Split it into a part that changes sign with the gradient and a part that does not."
            )
    return Layout(tuple(k for k in state if k in odd), tuple(k for k in state if k not in odd))


def _same(a: Tensor, b: Tensor) -> bool:
    return bool(torch.allclose(a, b, rtol=1e-9, atol=1e-12))


def _checked_response(held: Held, w: Tensor, m: Tensor | None, g: Tensor) -> Response:
    """The response, held against a finite difference along a random direction: derivative and diagonal at once."""
    generator = torch.Generator().manual_seed(1)
    v = torch.randn(w.numel(), generator=generator, dtype=w.dtype)
    h = 1e-6
    try:
        response = held.response(w, m, g)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ArgumentError(f"step cannot be differentiated ({error}): compute it with torch, out of place.") from error
    difference = (held(w, m, g + h * v)[0] - held(w, m, g - h * v)[0]) / (2 * h)
    derived, _ = held.push((w, m, g), (torch.zeros_like(w), None if m is None else torch.zeros_like(m), v))
    scale = float(difference.abs().max()) + float(derived.abs().max())
    if float((difference - derived).abs().max()) > 1e-4 * scale:
        raise ArgumentError(
            "step is not differentiable where it was tried: its derivative along a gradient differs from a finite "
            "difference. Leave out .detach(), .item(), numpy and torch.no_grad()."
        )
    if float((derived - response.gradient[0] * v).abs().max()) > 1e-6 * scale:
        raise ArgumentError(
            "step mixes components: its new w depends on the gradient of other parameters than its own. A norm or mean of the "
            "gradient belongs into the state (as the second moment of scalar Adam), where the rod averages it."
        )
    return response


def _instability(response: Response, P: Tensor, layout: Layout, rate: float) -> str | None:
    """A sentence where a quadratic becomes unstable below the threshold, by a multiplier that is not −1."""
    worst: tuple[float, complex] | None = None
    for i in range(P.numel()):
        V = torch.zeros(1, P.numel(), dtype=P.dtype)
        V[0, i] = P[i] ** -0.5
        couplings = response.projected(V, P, layout.like_gradients).numpy()[:, 0]
        edge = 2 / rate
        grid = np.linspace(0, 1, GRID + 1)[1:] * edge
        multipliers = np.linalg.eigvals(blocks(grid, np.repeat(couplings, GRID, axis=1)))
        largest = np.take_along_axis(multipliers, np.abs(multipliers).argmax(1)[:, None], 1)[:, 0]
        beyond = np.flatnonzero(np.abs(largest) > 1 + TOLERANCE)
        if len(beyond) and (worst is None or grid[beyond[0]] / edge < worst[0]):
            worst = float(grid[beyond[0]] / edge), complex(largest[beyond[0]])
    if worst is None or (worst[0] > 1 - 2 / GRID and worst[1].real < 0 and abs(worst[1].imag) < 1e-3):
        return None
    return (
        f"The first instability on a quadratic is not of period two: at {worst[0]:.3g} of this threshold a multiplier is "
        f"{worst[1]:.3g}, which the rod does not see"
    )
