"""The handwritten digits that come with scikit-learn."""

from __future__ import annotations

import numpy as np

from ...errors import RodflowError
from ...vocabulary import Whole
from . import images
from .images import Images

SIDE, PIXELS, EXAMPLES = 8, 64, 1797


def count(default: int) -> Whole:
    """How many of the digits are learned."""
    return images.count(default, EXAMPLES, "the first n of one fixed permutation")


def digits(n: int, scale: float = 1.0) -> Images:
    """The first n images of one fixed permutation; the pixels of all are centred, with standard deviation `scale`.

    Raises:
        RodflowError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise RodflowError(
            "the digits come with scikit-learn, which is not installed: pip install scikit-learn."
        ) from error
    data = load_digits()
    x = data.data / 16.0
    x = x - x.mean(0)
    x = x / x.std() * scale
    chosen = np.random.RandomState(0).permutation(len(x))[:n]
    return Images("digits", SIDE, x[chosen], data.target[chosen].astype(np.int64))
