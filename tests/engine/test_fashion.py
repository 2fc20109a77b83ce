"""Fashion-MNIST: pictures come back as they were written, and what is wrong with files is named before anything runs."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
import torch

import rodflow_widgets as rf
from rodflow_widgets.engine.problems import fashion_data, idx
from rodflow_widgets.errors import ArgumentError, ProblemError

from . import idx_files
from .idx_files import IMAGES, LABELS, made_up, write

PICTURES, CLASSES = made_up()


@pytest.mark.parametrize("compressed", [False, True])
def test_files_come_back_as_they_were_written(tmp_path, compressed: bool) -> None:
    end = ".gz" if compressed else ""
    write(tmp_path, compressed=compressed)
    assert np.array_equal(idx.read(tmp_path / f"{IMAGES}{end}", 3), PICTURES)
    assert np.array_equal(idx.read(tmp_path / f"{LABELS}{end}", 1), CLASSES)


def test_pixels_are_centred_and_scaled_over_all_pictures(fashion_folder) -> None:
    centred = PICTURES.reshape(len(PICTURES), -1) - PICTURES.reshape(len(PICTURES), -1).mean(0)
    found = fashion_data.fashion(50, str(fashion_folder), 0.5)
    assert np.allclose(found.pixels, 0.5 * (centred / centred.std())[:50], rtol=1e-12, atol=1e-14)
    assert np.array_equal(found.classes, CLASSES[:50])


def test_more_examples_leave_the_first_as_they_were() -> None:
    assert np.array_equal(fashion_data.fashion(20).pixels, fashion_data.fashion(60).pixels[:20])


def test_a_folder_goes_before_the_variable_and_the_variable_before_the_package(tmp_path, monkeypatch) -> None:
    write(tmp_path, labels=idx_files.idx((CLASSES + 1) % 10))
    assert np.array_equal(fashion_data.fashion(9, str(tmp_path)).classes, (CLASSES[:9] + 1) % 10)
    assert np.array_equal(fashion_data.fashion(9).classes, CLASSES[:9])
    monkeypatch.delenv(fashion_data.VARIABLE)
    monkeypatch.setattr(fashion_data, "FOLDER", tmp_path)
    assert np.array_equal(fashion_data.fashion(9).classes, (CLASSES[:9] + 1) % 10)
    assert rf.problems.fashion_mlp(widths=(4,), n=9).dim == 785 * 4 + 50


def test_missing_files_are_named_with_the_package(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(fashion_data, "FOLDER", tmp_path)
    for place in ("folder", "variable", "package"):
        monkeypatch.setenv(fashion_data.VARIABLE, str(tmp_path))
        if place == "package":
            monkeypatch.delenv(fashion_data.VARIABLE)
        with pytest.raises(ArgumentError) as caught:
            rf.problems.fashion_cnn(folder=str(tmp_path) if place == "folder" else None)
        for words in ("folder=", str(tmp_path), IMAGES, LABELS, ".gz", "dataset-fashion-mnist"):
            assert words in str(caught.value)
        assert (fashion_data.VARIABLE in str(caught.value)) == (place == "variable")


def test_one_missing_file_is_named(tmp_path) -> None:
    (write(tmp_path) / LABELS).unlink()
    with pytest.raises(ArgumentError, match=f"has no {LABELS}"):
        fashion_data.fashion(5, str(tmp_path))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"images": idx_files.idx(PICTURES, 0x0801)}, [IMAGES, "0x00000801", "0x00000803"]),
        ({"images": idx_files.idx(PICTURES)[:-1]}, [IMAGES, "holds 100351 bytes", "128 × 28 × 28"]),
        ({"images": idx_files.idx(PICTURES) + b"0"}, [IMAGES, "holds 100353 bytes"]),
        ({"images": struct.pack(">II", 0x803, 5)}, [IMAGES, "has 8 bytes", "header alone has 16"]),
        ({"images": gzip.compress(idx_files.idx(PICTURES))[:-9]}, [IMAGES, "cannot be read"]),
        ({"images": gzip.compress(b"abc")[:-8] + b"12345678"}, [IMAGES, "cannot be read"]),
        ({"images": idx_files.idx(PICTURES[:, :8, :9])}, [IMAGES, "8 × 9 pixels", "28 × 28"]),
        ({"images": idx_files.idx(np.zeros((128, 28, 28)))}, [IMAGES, "all the same"]),
        ({"labels": idx_files.idx(CLASSES[:-1])}, ["128 pictures", "127"]),
        ({"labels": idx_files.idx(CLASSES + 3)}, [LABELS, "class 12"]),
        ({"labels": idx_files.idx(PICTURES)}, [LABELS, "0x00000803", "0x00000801"]),
    ],
)
def test_damaged_files_are_named_with_what_is_wrong(tmp_path, damage: dict, words: list[str]) -> None:
    with pytest.raises(ProblemError) as caught:
        fashion_data.fashion(5, str(write(tmp_path, **damage)))
    for word in words:
        assert word in str(caught.value)


def test_bad_options_are_refused(tmp_path, fashion_folder) -> None:
    with pytest.raises(ArgumentError, match=r"n=129 .* 128 pictures"):
        rf.problems.fashion_mlp(n=129)
    with pytest.raises(ArgumentError, match=r"n=60001 is not usable: .* at most 60000"):
        rf.problems.fashion_mlp(n=60001)
    for folder in (tmp_path / "none", fashion_folder / f"{IMAGES}.gz", 7, b"abc"):
        with pytest.raises(ArgumentError, match=r"folder=.* is not usable: give a folder that exists, or None"):
            rf.problems.fashion_cnn(folder=folder)
    with pytest.raises(ArgumentError, match=r"patch=5 .* 28, the side of the images: 1, 2, 4, 7, 14, 28"):
        rf.problems.fashion_vit(patch=5)
    assert torch.equal(rf.problems.fashion_cnn(folder=fashion_folder, n=3).w0, rf.problems.fashion_cnn(n=3).w0)
