"""Networks that know nothing of their data, in operations that torch differentiates three times, one idea a file.

`docs/derivatives.md` says which operations of torch are right in their second and third derivative.
"""

from .activations import ACTIVATIONS
from .convolutional import Convolutional
from .lstm import RowLSTM, SequenceLSTM
from .perceptron import perceptron
from .residual import Residual
from .start import size, started
from .transformer import SequenceTransformer, VisionTransformer

__all__ = [
    "ACTIVATIONS",
    "Convolutional",
    "Residual",
    "RowLSTM",
    "SequenceLSTM",
    "SequenceTransformer",
    "VisionTransformer",
    "perceptron",
    "size",
    "started",
]
