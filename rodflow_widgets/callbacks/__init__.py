"""Watching the training loops of lightning and transformers; each is imported when it is first asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .lightning_watch import LightningWatch as LightningWatch
    from .trainer_watch import TrainerWatch as TrainerWatch

_MODULES = {"LightningWatch": ".lightning_watch", "TrainerWatch": ".trainer_watch"}

__all__ = ["LightningWatch", "TrainerWatch"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(_MODULES)}")
    value = getattr(importlib.import_module(_MODULES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
