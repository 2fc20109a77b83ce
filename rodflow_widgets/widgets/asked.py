"""Surveys that pages have asked for: the newest part of each, until it is sent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import numpy as np

from ..session import Shown
from ..wire.messages import ArrayHeader, Survey


class Asked:
    """The surveys of one run. Parts come on the worker, and are taken on the thread that sends.

    Args:
        run: what is surveyed.
        wake: called when there is something to send.
        vectors: directions that a page may ask for by name.
    """

    def __init__(self, run: Shown, wake: Callable[[], None], vectors: Mapping[str, Any]) -> None:
        self._run, self._wake, self._vectors = run, wake, vectors
        self._lock = threading.Lock()
        self._futures: dict[str, Future[Any]] = {}
        self._parts: dict[str, tuple[int, Any]] = {}

    def ask(self, identity: str, args: dict[str, Any]) -> Future[Any]:
        """Begin a survey; raises for what cannot be asked for."""
        args = dict(args)
        number = self._run.number
        named = {
            axis: args[axis] for axis in ("x", "y") if isinstance(args.get(axis), str) and args[axis] in self._vectors
        }

        def part(survey: Any) -> None:
            with self._lock:
                self._parts[identity] = (number, replace(survey, words={**survey.words, **named}) if named else survey)
            self._wake()

        topic = str(args.pop("topic", ""))
        args |= {axis: self._vectors[name] for axis, name in named.items()}
        future: Future[Any] = self._run.survey(topic, identity=identity, on_part=part, **args)
        self._futures[identity] = future
        future.add_done_callback(lambda done: self._futures.pop(identity, None))
        if future.done():
            self._futures.pop(identity, None)
        return future

    def cancel(self, identity: str) -> None:
        """Give a survey up, where it is still going on."""
        future = self._futures.get(identity)
        if future is not None:
            future.cancel()

    def close(self) -> None:
        for identity in list(self._futures):
            self.cancel(identity)

    def take(self, branch: int) -> list[tuple[Survey, list[bytes]]]:
        """What is new, as messages with their buffers."""
        with self._lock:
            parts, self._parts = self._parts, {}
        return [_message(branch, identity, number, survey) for identity, (number, survey) in parts.items()]


def _message(branch: int, identity: str, number: int, survey: Any) -> tuple[Survey, list[bytes]]:
    arrays = {name: np.asarray(values) for name, values in survey.arrays.items()}
    facts = {name: float(v) if v is not None and np.isfinite(v) else None for name, v in survey.facts.items()}
    message = Survey(
        branch=branch,
        run=number,
        id=identity,
        topic=survey.topic,
        step=int(survey.step),
        share=float(survey.share),
        facts=facts,
        words=dict(survey.words),
        arrays=[ArrayHeader(name, list(array.shape)) for name, array in arrays.items()],
    )
    with np.errstate(over="ignore", under="ignore"):
        return message, [array.astype("<f4").tobytes() for array in arrays.values()]
