"""What a simulation was told, as data: it can be told once more, and written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..vocabulary import Event
from .commands import command

if TYPE_CHECKING:
    from ..engine import Simulation


@dataclass(frozen=True)
class Change:
    """A command, set, schedule, undo or extend, with arguments that were checked; called with a simulation it is made."""

    command: str
    args: Mapping[str, Any]

    def __call__(self, simulation: Simulation) -> Sequence[Event]:
        if self.command == "extend":
            simulation.extend(self.args["steps"])
            return ()
        if self.command == "schedule":
            return simulation.follow(self.args["schedule"])
        return simulation.undo() if self.command == "undo" else simulation.set(**self.args)

    @property
    def plain(self) -> dict[str, Any]:
        """The arguments as JSON data, of which `of` makes the change again."""
        if self.command != "schedule":
            return dict(self.args)
        rates = self.args["schedule"]
        return {"kind": rates.kind, **asdict(rates)}

    @staticmethod
    def of(name: str, plain: Mapping[str, Any]) -> Change:
        """The change that was written down; ArgumentError or UnknownNameError where it is none."""
        return Change(name, command(name, plain).args)
