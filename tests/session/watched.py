"""A small training loop with a watch, for its tests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from torch import nn

from rodflow_widgets.session import Watch
from tests.engine.loops import LOSS, OPTIMIZERS, batch, network


@pytest.fixture
def loop() -> Callable[..., Any]:
    """A model in float64, its optimizer and a watch of both."""

    def make(name: str = "SGD", model: nn.Module | None = None, **options: Any) -> tuple[nn.Module, Any, Watch]:
        kind, arguments = OPTIMIZERS[name]
        model = network() if model is None else model
        optimizer = kind(model.parameters(), **arguments)
        given = {"every": 1, **options}
        return model, optimizer, Watch(model, optimizer, given.pop("loss", LOSS), *batch(), **given)

    return make


def threaded(act: Callable[[], Any]) -> Any:
    """What `act` returns on another thread, or raises."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(act()))
    thread.start()
    thread.join(20)
    assert found
    return found[0]
