"""Problems, one file each; a new file with a registration is found by itself."""

from collections.abc import Mapping
from typing import Any

import torch

from ...errors import ArgumentError
from ..problem import Problem
from ..registry import PROBLEMS, discover, lookup

discover(__name__, __path__)
globals().update(PROBLEMS)

__all__ = [*PROBLEMS]


def again(recipe: Mapping[str, Any]) -> Problem:
    """The problem whose `recipe` this is.

    Raises:
        UnknownNameError, ArgumentError: no such problem or argument, or a value that cannot work.
    """
    if not isinstance(recipe, Mapping) or not isinstance(recipe.get("arguments"), Mapping):
        raise ArgumentError(f"recipe={recipe!r} is not usable: give the name of a problem and its arguments.")
    arguments = dict(recipe["arguments"])
    if "dtype" in arguments:
        dtypes = {"float32": torch.float32, "float64": torch.float64, None: None}
        if arguments["dtype"] not in dtypes:
            raise ArgumentError(f"dtype={arguments['dtype']!r} is not usable: give float32 or float64.")
        arguments["dtype"] = dtypes[arguments["dtype"]]
    made: Problem = lookup(PROBLEMS, "problem", recipe.get("name", ""))(**arguments)
    return made
