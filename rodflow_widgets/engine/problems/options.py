"""Options that several problems have, each described once."""

from __future__ import annotations

from ...vocabulary import Choice, Parameter, Whole
from .losses import LOSSES
from .networks import ACTIVATIONS

LOSS = Choice("loss", "loss", "mse", tuple(LOSSES), "½ mean squared distance to one-hot targets, or cross-entropy")
SEED = Whole("seed", "weight seed", 0, 0, 2**32 - 1, meaning="of the random start")
GAIN = "weights ~ N(0, gain² / fan-in), biases 0"
INPUT_SCALE = Parameter(
    "input_scale",
    "input scale",
    1.0,
    0.0,
    1e3,
    scale="log",
    meaning="standard deviation of the centred pixels",
    open_lower=True,
)


def activation(default: str) -> Choice:
    """The nonlinearity of a network."""
    return Choice("activation", "activation", default, tuple(ACTIVATIONS), "nonlinearity between the layers")


def gain(default: float) -> Parameter:
    """The size of the random start."""
    return Parameter("gain", "gain", default, 0.0, 1e3, scale="log", meaning=GAIN, open_lower=True)


def channels(default: int) -> Whole:
    """The size of a plain convolutional network."""
    return Whole("channels", "channels", default, 1, meaning="of the first layer; the second has twice as many")


def residual(stages: int) -> tuple[Whole, ...]:
    """The sizes of a residual network."""
    return (
        Whole("channels", "channels", 4, 1, meaning="of the first stage; each further one has twice as many"),
        Whole("blocks", "blocks", 1, 1, meaning="residual blocks of a stage"),
        Whole("stages", "stages", stages, 1, meaning="each further one at half of the resolution"),
        Whole("groups", "groups", 2, 1, meaning="of the normalisation, a divisor of the channels"),
    )


def attentive(width: int, depth: int, heads: int = 2) -> tuple[Whole, ...]:
    """The sizes of a transformer."""
    return (
        Whole("width", "width", width, 1, meaning="of the tokens, a multiple of the heads"),
        Whole("depth", "depth", depth, 1, meaning="number of blocks"),
        Whole("heads", "heads", heads, 1, meaning="of the attention"),
    )


def recurrent(width: int, depth: int = 1) -> tuple[Whole, ...]:
    """The sizes of an LSTM."""
    return (
        Whole("width", "width", width, 1, meaning="of the hidden state"),
        Whole("depth", "depth", depth, 1, meaning="layers, one on top of the other"),
    )
