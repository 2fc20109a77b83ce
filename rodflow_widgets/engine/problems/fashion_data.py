"""Fashion-MNIST from its IDX files: 60,000 pictures of clothes, 28 × 28 pixels."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ...errors import ArgumentError, ProblemError
from ...vocabulary import Folder, Whole
from . import idx, images
from .images import CLASSES, Images

SIDE, EXAMPLES = 28, 60_000
PIXELS = SIDE**2
PACKAGE = "dataset-fashion-mnist"
FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package puts the files."""
VARIABLE = "RODFLOW_FASHION_MNIST"
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
FILES = f"{IMAGES} and {LABELS} (plain, or with .gz)"
PLACE = Folder(
    "folder",
    "folder of the data",
    meaning=f"{FILES}; None is ${VARIABLE}, or where Debian's {PACKAGE} puts them",
)


def count(default: int) -> Whole:
    """How many of the pictures are learned."""
    return images.count(default, EXAMPLES, "the first n of the training set")


def fashion(n: int, folder: str | None = None, scale: float = 1.0) -> Images:
    """The first n pictures of the training set; the pixels of all are centred, with standard deviation `scale`.

    Args:
        n: number of examples.
        folder: where the files are; None is the environment variable RODFLOW_FASHION_MNIST, or the folder of Debian's
            package dataset-fashion-mnist.
        scale: standard deviation of the centred pixels.

    Raises:
        ArgumentError: the files are not there, or hold less than n pictures.
        ProblemError: a file is damaged, or is no set of 28 × 28 pictures in ten classes.
    """
    pictures, labels = (idx.read(path, dimensions) for path, dimensions in _files(folder))
    if pictures.shape[1:] != (SIDE, SIDE):
        shape = " × ".join(map(str, pictures.shape[1:]))
        raise ProblemError(
            f"{IMAGES} holds pictures of {shape} pixels: give the files of Fashion-MNIST, {SIDE} × {SIDE}."
        )
    if len(pictures) != len(labels):
        raise ProblemError(
            f"{IMAGES} holds {len(pictures)} pictures and {LABELS} {len(labels)}: give files of one set."
        )
    if labels.size and labels.max() >= CLASSES:
        raise ProblemError(f"{LABELS} holds the class {labels.max()}: give classes from 0 to {CLASSES - 1}.")
    if n > len(pictures):
        raise ArgumentError(f"n={n} is not usable: the files hold {len(pictures)} pictures, give at most as many.")
    pictures = pictures.reshape(-1, PIXELS)
    mean, deviation = _moments(pictures)
    if not deviation:
        raise ProblemError(f"{IMAGES} holds {len(pictures)} pictures that are all the same: give others.")
    return Images("Fashion-MNIST", SIDE, (pictures[:n] - mean) / deviation * scale, labels[:n].astype(np.int64))


def _moments(pictures: np.ndarray) -> tuple[np.ndarray, float]:
    """Mean of every pixel [784], and the standard deviation of all about these; exact sums, without a copy as floats."""
    mean = pictures.sum(0, dtype=np.int64) / len(pictures)
    squares = np.einsum("np,np->p", pictures, pictures, dtype=np.int64, casting="unsafe") / len(pictures)
    return mean, float(np.sqrt((squares - mean**2).mean()))


def _files(folder: str | None) -> tuple[tuple[Path, int], tuple[Path, int]]:
    given = folder if folder is not None else os.environ.get(VARIABLE)
    place = FOLDER if given is None else Path(given)
    found = [next((p for p in (place / name, place / f"{name}.gz") if p.is_file()), None) for name in (IMAGES, LABELS)]
    if found[0] is None or found[1] is None:
        missing = " and ".join(name for name, path in zip((IMAGES, LABELS), found, strict=True) if path is None)
        source = "" if folder is not None or given is None else f" (from ${VARIABLE}, which names {str(place)!r})"
        raise ArgumentError(
            f"folder={folder!r}{source} is not usable: {str(place)!r} has no {missing}. Install Debian's package "
            f"{PACKAGE}, or give a folder that holds {FILES}."
        )
    return (found[0], 3), (found[1], 1)
