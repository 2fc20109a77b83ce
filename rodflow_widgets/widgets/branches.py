"""The runs of one live view: those that it was made for, and their forks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import ArgumentError, unknown
from ..session import Shown
from ..wire.pacer import Budget, Pacer
from .feed import Feed, Page

COLOUR = re.compile(r"(#[0-9a-fA-F]{6})?")
EDITABLE = ("name", "colour", "hidden")
LONGEST = 60
MOST = 8
"""Runs that one view is made for: more colours are not told apart."""


@dataclass
class Branch:
    """A run with its place in the view; `parent` and `step` say where it was forked."""

    id: int
    run: Shown
    feed: Feed
    name: str
    colour: str = ""
    hidden: bool = False
    kind: Literal["run", "fork", "forecast"] = "run"
    parent: int | None = None
    step: int | None = None

    def describe(self) -> dict[str, Any]:
        """As an entry of the trait `branches`, a `wire.messages.Branch`."""
        own = ("id", "name", "colour", "hidden", "kind", "parent", "step")
        run = self.run
        told = {"commands": list(run.commands), "notes": list(run.notes), "spec": run.recording.spec}
        return {**{name: getattr(self, name) for name in own}, **told}


class Branches:
    """Makes, names and removes branches, each with a feed of its own on one budget.

    Args:
        page: asked for at every use, and None when it has gone.
        budget: of bytes, shared by all widgets of the kernel.
        wake: makes somebody pump the feeds soon.

    vectors: directions of planes by name, for all branches.
    """

    def __init__(self, page: Callable[[], Page | None], budget: Budget, wake: Callable[[], None]) -> None:
        self._page, self._budget, self._wake = page, budget, wake
        self.vectors: dict[str, Any] = {}
        self._next = 0
        self._found: dict[int, Branch] = {}

    def __iter__(self) -> Iterator[Branch]:
        return iter(tuple(self._found.values()))

    def __getitem__(self, identity: int) -> Branch:
        if identity not in self._found:
            raise ArgumentError(f"branch={identity!r} is not there any more: it has been removed.")
        return self._found[identity]

    def __contains__(self, identity: object) -> bool:
        return identity in self._found

    def named(self, name: str) -> Branch:
        """The branch called `name`; UnknownNameError with the nearest one."""
        for branch in self:
            if branch.name == name:
                return branch
        raise unknown("branch", name, [branch.name for branch in self])

    def add(
        self,
        run: Shown,
        name: str | None = None,
        parent: int | None = None,
        step: int | None = None,
        kind: Literal["fork", "forecast"] = "fork",
    ) -> Branch:
        """Take a run in; without a name it gets one that is free. `kind` is what it is where it has a parent."""
        identity = self._next
        feed = Feed(run, self._page, Pacer(self._budget), self._wake, identity, self.vectors)
        title = self._free(str(name or run.name).strip() or ("run" if parent is None else f"{kind} at {step:,}"))
        run.name = title
        branch = Branch(identity, run, feed, title, kind="run" if parent is None else kind, parent=parent, step=step)
        self._found[identity] = branch
        self._next += 1
        return branch

    def remove(self, identity: int) -> Branch:
        """Take a run out; ArgumentError for the first one, which the view is about."""
        branch = self[identity]
        if branch is next(iter(self)):
            raise ArgumentError(f"{branch.name!r} is the run that the view was made for: close the view instead.")
        return self._found.pop(identity)

    def edit(self, identity: int, **changes: Any) -> Branch:
        """Rename, colour, hide or show a branch.

        Args:
            changes: name (text), colour ("#c63b08", or "" for the page's choice), hidden (True or False).

        Raises:
            ArgumentError, UnknownNameError: nothing has changed then.
        """
        branch = self[identity]
        for key in changes:
            if key not in EDITABLE:
                raise unknown("argument of edit", key, EDITABLE)
        name = str(changes.get("name", branch.name)).strip()
        if not 0 < len(name) <= LONGEST:
            raise ArgumentError(f"name={name!r} is not usable: give 1 to {LONGEST} characters.")
        if any(other.name == name for other in self if other is not branch):
            raise ArgumentError(f"name={name!r} is taken by another branch: give a free one.")
        colour = changes.get("colour", branch.colour)
        if not isinstance(colour, str) or not COLOUR.fullmatch(colour):
            raise ArgumentError(f"colour={colour!r} is not usable: give one such as '#c63b08', or '' for none.")
        branch.name, branch.colour, branch.hidden = name, colour, bool(changes.get("hidden", branch.hidden))
        branch.run.name = name
        return branch

    def _free(self, name: str) -> str:
        taken = {branch.name for branch in self}
        number = 2
        free = name[:LONGEST]
        while free in taken:
            free = f"{name[: LONGEST - 4]} ({number})"
            number += 1
        return free
