"""One thread at a time inside a module: while it is called, tensors stand in the place of its parameters."""

from __future__ import annotations

import threading
import weakref
from typing import Any

from torch import nn

_making = threading.Lock()


class Turn:
    """A lock that goes to another process with its module, as another lock."""

    def __init__(self, module: nn.Module) -> None:
        self._module = weakref.ref(module)
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[Any, ...]:
        return turn, (self._module(),)


_turns: weakref.WeakKeyDictionary[nn.Module, Turn] = weakref.WeakKeyDictionary()


def turn(module: nn.Module) -> Turn:
    """The lock of `module`, to be held while it is called functionally; the same for all problems that it is in."""
    with _making:
        return _turns.setdefault(module, Turn(module))
