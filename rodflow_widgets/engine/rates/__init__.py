"""Learning-rate schedules, one file each; a new file with a registration is found by itself."""

from collections.abc import Mapping
from typing import Any

from ...errors import ArgumentError
from ..registry import SCHEDULES, discover, lookup
from .base import Rates

discover(__name__, __path__, first=("warm_up", "cosine", "staircase", "drawn"))

from .cosine import Cosine  # noqa: E402 - after discovery, for type checkers and completion
from .drawn import Drawn  # noqa: E402 - as above
from .staircase import Steps  # noqa: E402 - as above
from .warm_up import WarmUp  # noqa: E402 - as above

__all__ = ["SCHEDULES", "Cosine", "Drawn", "Rates", "Steps", "WarmUp", "check_schedule", "named"]


def named(given: Mapping[str, Any]) -> Rates:
    """The schedule that {kind, …arguments} describes; what is missing, unknown or unusable is named."""
    if not isinstance(given, Mapping) or "kind" not in given:
        raise ArgumentError(
            f"schedule={given!r} is not usable: give its kind, {', '.join(SCHEDULES)}, and its arguments."
        )
    cls: type[Rates] = lookup(SCHEDULES, "kind of schedule", given["kind"])
    return cls.of({name: value for name, value in given.items() if name != "kind"})


def check_schedule(value: Any) -> Rates:
    """`value` if it is a schedule, or ArgumentError."""
    if not isinstance(value, Rates):
        raise ArgumentError(f"schedule={value!r} is no schedule: give, e.g., rf.schedules.Cosine(200, 0.01).")
    return value
