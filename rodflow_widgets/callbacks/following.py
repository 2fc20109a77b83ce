"""What callbacks share: a watch that is made when a training loop begins, and closed when it ends."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..errors import RunError

if TYPE_CHECKING:
    from ..widgets.watching import WatchedLoop


class Following:
    """Holds what `rf.watch` takes beside model and optimizer, and the watch while there is one."""

    def __init__(
        self, loss: Callable[[Any, Any], Any], inputs: Any, targets: Any, show: bool, options: dict[str, Any]
    ) -> None:
        super().__init__()
        self._given = (loss, inputs, targets)
        self._show, self._options = show, options
        self._watch: WatchedLoop | None = None

    @property
    def watch(self) -> WatchedLoop:
        """The watch of the last training loop; RunError before the first."""
        if self._watch is None:
            raise RunError("There is no watch yet: it is made when training begins.")
        return self._watch

    def _begin(self, model: Any, optimizer: Any) -> None:
        from ..widgets import watch

        self._close()
        self._watch = watch(model, optimizer, *self._given, **self._options)
        if self._show:
            self._watch._ipython_display_()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """A block around the training, so that an exception of it is said by the watch, and raised as ever."""
        try:
            yield
        except BaseException as error:
            if self._watch is not None:
                self._watch.fail(error)
            raise
        self._close()

    def _close(self) -> None:
        if self._watch is not None:
            self._watch.close()


def found(name: str, *modules: str) -> Any:
    """The first of `modules` that is there, one that is loaded already before the others; ImportError says what to install."""
    for module in sorted(modules, key=lambda module: module not in sys.modules):
        try:
            return importlib.import_module(module)
        except ImportError:
            continue
    package = modules[0].partition(".")[0]
    raise ImportError(
        f"rodflow_widgets.callbacks.{name} needs {package}, which is not installed: pip install {package}"
    )
