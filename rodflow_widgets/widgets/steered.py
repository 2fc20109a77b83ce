"""The traits of a live view that people observe, link and set."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future
from typing import Any

import traitlets

from ..session import Shown

log = logging.getLogger(__name__)


class Steered(traitlets.HasTraits):
    """Step, state and learning rate of `run`; the learning rate may be set, and steers the run."""

    run: Shown
    step = traitlets.Int(0, read_only=True).tag(sync=True)
    status = traitlets.Unicode("ready", read_only=True).tag(sync=True)
    learning_rate = traitlets.Float().tag(sync=True)

    _asked: Future[Any] | None = None
    _telling: int | None = None
    _faulty: frozenset[str] = frozenset()

    def _tell(self, status: dict[str, Any]) -> None:
        """Take over how the run stands; called by the sender only."""
        self._told("step", status["step"])
        self._told("status", status["state"])
        if self._asked is None or self._asked.done():
            self._asked, self._telling = None, threading.get_ident()
            self._told("learning_rate", status["values"]["learning_rate"])
            self._telling = None

    def _told(self, name: str, value: Any) -> None:
        """Set a trait; what an observer of somebody's own raises is logged, once a trait, and keeps nothing from the page."""
        try:
            self.set_trait(name, value)
        except Exception:
            if name not in self._faulty:
                self._faulty |= {name}
                log.exception("An observer of %r failed. The view goes on; this is said once for every trait.", name)

    @traitlets.validate("learning_rate")
    def _check_rate(self, proposal: dict[str, Any]) -> float:
        """Hand on what a person has set; a value that cannot work is refused here, and the trait stays as it was."""
        value = float(proposal["value"])
        if threading.get_ident() != self._telling and value != self.run.values["learning_rate"]:
            self.run.refuse_after_failure()
            self._asked = self.run.submit("set", {"learning_rate": value})
        return value
