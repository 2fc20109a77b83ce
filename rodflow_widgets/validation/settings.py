"""What is validated: nine optimizers on networks that prototypes measured, and what no prototype tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from ..engine import optimizers as o
from ..engine.optimizers.base import Optimizer
from .networks import Registered, UniformDigits

PROTOTYPES, BEYOND = GROUPS = ("As the prototypes", "Beyond the prototypes")


@dataclass(frozen=True)
class Setting:
    """An optimizer on a network, from step `begin` to step `end`, with what the acceptance asks of it.

    Args:
        name: in the names of the cells.
        network: makes the problem.
        make: makes the optimizer.
        begin: where flows begin and averages are counted from; gradient descent counts from 0 and lets each flow begin
            where it does by itself.
        end: the last step, T in the tables.
        starts: flows that begin elsewhere, by name.
        of_stable: share of stable flow's distance that the rod may have.
        ratio: how far the rod's sharpness ratio may be from the iterates'.
        prototype: distances that prototypes measured, by flow; relative ones for gradient descent.
        group: the heading it belongs to, one of GROUPS; it says which criteria hold.
        flows: names of the flows that are run, () all that model the optimizer; the others are too costly here.
        repeated: whether its rods run with the other tracker seeds too.
    """

    name: str
    network: UniformDigits | Registered
    make: Callable[[], Optimizer]
    begin: int
    end: int
    starts: dict[str, int] = field(default_factory=dict)
    of_stable: float = 0.15
    ratio: float = 0.1
    prototype: dict[str, float] = field(default_factory=dict)
    group: str = PROTOTYPES
    flows: tuple[str, ...] = ()
    repeated: bool = True

    @property
    def is_gradient_descent(self) -> bool:
        return isinstance(self.make(), o.GradientDescent)

    def start(self, flow: str) -> int | None:
        """The step at which `flow` begins; None is the flow's own."""
        return self.starts.get(flow, None if self.is_gradient_descent else self.begin)

    def describe(self) -> dict[str, Any]:
        """Everything that decides a run, as JSON-able data."""
        optimizer = self.make()
        return {
            "network": {"kind": type(self.network).__name__, **asdict(self.network)},
            "optimizer": {"name": type(optimizer).__name__, **optimizer.values},
            "begin": self.begin,
            "end": self.end,
        }


def _gradient_descent(
    tag: str, rate: float, end: int, prototype: tuple[float, float, float, float], ratio: float = 0.05, **options: Any
) -> Setting:
    names = ("stable", "rod-covariance", "rod", "central")
    return Setting(
        f"gradient-descent-{tag}",
        Registered(tuple(options.items())),
        lambda: o.GradientDescent(rate),
        0,
        end,
        {"rod-covariance": 0, "rod-paper": 0},
        ratio=ratio,
        prototype={**dict(zip(names, prototype, strict=True)), **PAPER.get(tag, {})},
    )


def _other(
    name: str,
    make: Callable[[], Optimizer],
    begin: int,
    duration: int,
    prototype: tuple[float, float, float],
    *,
    of_stable: float = 0.15,
    network: UniformDigits | None = None,
) -> Setting:
    return Setting(
        name,
        network or UniformDigits(),
        make,
        begin,
        begin + duration,
        of_stable=of_stable,
        prototype=dict(zip(("stable", "rod-covariance", "rod"), prototype, strict=True)),
    )


def _beyond(
    name: str,
    network: UniformDigits | Registered,
    make: Callable[[], Optimizer],
    begin: int,
    end: int,
    *,
    every: bool = False,
    starts: dict[str, int] | None = None,
) -> Setting:
    """What no prototype tried, with `every` flow or with the two that the criteria need."""
    flows = () if every else ("rod", "stable")
    return Setting(name, network, make, begin, end, starts or {}, group=BEYOND, flows=flows, repeated=False)


PAPER = {"B": {"rod-paper": 0.118}, "D": {"rod-paper": 0.071}, "E": {"rod-paper": 0.281}}
"""Of network A the prototype of the paper's closure was kicked by its integrator: nothing to be reproduced."""
SECOND = UniformDigits(hidden=(24, 24), n=300, gain=1.5, seed=7)
DEEP = Registered((("widths", (24,) * 5), ("loss", "cross_entropy")))
CNN = Registered((("channels", 4), ("n", 200)), "digits_cnn")
ENTROPIC_CNN = Registered((("channels", 4), ("n", 200), ("loss", "cross_entropy")), "digits_cnn")
TRANSFORMER = Registered((("n", 200),), "digits_transformer")
PLAIN = 1e6
"""The momentum decay of NAdam that is β₁ from the start."""

SETTINGS: tuple[Setting, ...] = (
    _gradient_descent("A", 0.4, 400, (0.373, 0.060, 0.0346, 0.099), 0.08, targets="sign", input_scale=0.5),
    _gradient_descent("B", 0.4, 400, (0.159, 0.032, 0.0018, 0.095)),
    _gradient_descent(
        "D", 0.8, 300, (0.084, 0.0084, 0.0005, 0.022), activation="silu", gain=1.0, input_scale=0.6, seed=1
    ),
    _gradient_descent("E", 0.8, 240, (0.289, 0.032, 0.0147, 0.047), input_scale=0.4),
    _other("heavy-ball-8", lambda: o.HeavyBall(8.0), 100, 400, (0.605, 0.266, 0.198), of_stable=0.5),
    _other("heavy-ball-5", lambda: o.HeavyBall(5.0), 200, 600, (0.398, 0.259, 0.007)),
    _other("nesterov", lambda: o.Nesterov(2.0), 120, 400, (0.413, 0.239, 0.029)),
    _other("scalar-rmsprop", lambda: o.ScalarRMSProp(0.03), 20, 600, (1.507, 0.057, 0.003)),
    _other("rmsprop", lambda: o.RMSProp(5e-4), 20, 400, (0.963, 0.095, 0.037)),
    _other("scalar-adam", lambda: o.ScalarAdam(0.15), 20, 500, (0.769, 0.265, 0.032)),
    _other("adam", lambda: o.Adam(5e-3), 20, 600, (1.819, 0.682, 0.131)),
    _other("scalar-nadam", lambda: o.ScalarNAdam(0.1, momentum_decay=PLAIN), 20, 600, (1.308, 0.145, 0.037)),
    _other("nadam", lambda: o.NAdam(3e-3, momentum_decay=PLAIN), 20, 600, (2.999, 0.836, 0.152)),
    _other("second-nesterov", lambda: o.Nesterov(3.0), 120, 400, (0.959, 0.176, 0.035), network=SECOND),
    _other("second-adam", lambda: o.Adam(5e-3), 20, 600, (0.999, 0.410, 0.058), network=SECOND),
    _other("second-scalar-adam", lambda: o.ScalarAdam(0.3), 20, 500, (0.658, 0.247, 0.037), network=SECOND),
    _other("second-rmsprop", lambda: o.RMSProp(5e-4), 20, 400, (0.471, 0.037, 0.020), network=SECOND),
    _beyond("float32-B", Registered(dtype="float32"), lambda: o.GradientDescent(0.4), 0, 400, every=True),
    _beyond("float32-adam", UniformDigits(dtype="float32"), lambda: o.Adam(5e-3), 20, 620),
    _beyond("cross-entropy", DEEP, lambda: o.GradientDescent(0.6), 0, 200, every=True),
    _beyond("cross-entropy-from-8", DEEP, lambda: o.GradientDescent(0.6), 0, 200, starts={"rod": 8}),
    _beyond("cross-entropy-rmsprop", DEEP, lambda: o.RMSProp(2e-3), 20, 100),
    _beyond("cross-entropy-cnn", ENTROPIC_CNN, lambda: o.GradientDescent(3.0), 0, 110),
    _beyond("cross-entropy-cnn-left", ENTROPIC_CNN, lambda: o.GradientDescent(3.0), 0, 300),
    _beyond("long-B", Registered(), lambda: o.GradientDescent(0.4), 0, 5000),
    _beyond("long-scalar-rmsprop", UniformDigits(), lambda: o.ScalarRMSProp(0.03), 20, 5000),
    _beyond("cnn", CNN, lambda: o.GradientDescent(1.0), 0, 240),
    _beyond("cnn-adam", CNN, lambda: o.Adam(1e-2), 20, 240),
    _beyond("transformer", TRANSFORMER, lambda: o.GradientDescent(0.3), 0, 300),
    _beyond("transformer-adam", TRANSFORMER, lambda: o.Adam(3e-3), 20, 260),
)
