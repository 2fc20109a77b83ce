"""One thread at a time inside a module: while it is called, tensors stand in the place of its parameters."""

from __future__ import annotations

import threading
import weakref

from torch import nn

_turns: weakref.WeakKeyDictionary[nn.Module, threading.RLock] = weakref.WeakKeyDictionary()
_making = threading.Lock()


def turn(module: nn.Module) -> threading.RLock:
    """The lock of `module`, to be held while it is called functionally; the same for all problems that it is in."""
    with _making:
        return _turns.setdefault(module, threading.RLock())
