"""Made-up pictures in the files of Fashion-MNIST."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def idx(array: np.ndarray, magic: int | None = None) -> bytes:
    """An array of bytes in the IDX format."""
    number = 0x0800 + array.ndim if magic is None else magic
    header = b"".join(int(size).to_bytes(4, "big") for size in (number, *array.shape))
    return header + array.astype(np.uint8).tobytes()


def made_up(count: int = 128, side: int = 28) -> tuple[np.ndarray, np.ndarray]:
    """Pictures [count, side, side], a bright stripe in each whose place is that of its class, and classes [count]."""
    random = np.random.RandomState(0)
    classes = random.randint(0, 10, count)
    pictures = random.randint(0, 60, (count, side, side))
    for picture, k in zip(pictures, classes, strict=True):
        picture[2 * k + 2 : 2 * k + 6] += 180
    return pictures.astype(np.uint8), classes.astype(np.uint8)


def write(folder: Path, *, compressed: bool = False, images: bytes | None = None, labels: bytes | None = None) -> Path:
    """Both files in `folder`, with other bytes where they are given; returns the folder."""
    pictures, classes = made_up()
    for name, data in ((IMAGES, images or idx(pictures)), (LABELS, labels or idx(classes))):
        path = folder / (f"{name}.gz" if compressed else name)
        path.write_bytes(gzip.compress(data) if compressed else data)
    return folder
