"""Fashion-MNIST for the tests of the engine: made-up pictures, so that nothing need be installed."""

from __future__ import annotations

import pytest

from .idx_files import write


@pytest.fixture(scope="session")
def fashion_folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("fashion"), compressed=True)


@pytest.fixture(autouse=True)
def fashion(monkeypatch, fashion_folder) -> None:
    monkeypatch.setenv("RODFLOW_FASHION_MNIST", str(fashion_folder))
