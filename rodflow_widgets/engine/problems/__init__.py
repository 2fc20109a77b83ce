"""Problems, one file each; a new file with a registration is found by itself."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from ...errors import ArgumentError
from ..problem import Problem
from ..registry import PROBLEMS, discover, lookup

if TYPE_CHECKING:
    from .digits import digits_mlp as digits_mlp
    from .digits_networks import digits_cnn as digits_cnn
    from .digits_networks import digits_lstm as digits_lstm
    from .digits_networks import digits_resnet as digits_resnet
    from .digits_networks import digits_transformer as digits_transformer
    from .digits_networks import digits_vit as digits_vit
    from .fashion import fashion_cnn as fashion_cnn
    from .fashion import fashion_mlp as fashion_mlp
    from .fashion import fashion_resnet as fashion_resnet
    from .fashion import fashion_vit as fashion_vit
    from .sorting import sorting_lstm as sorting_lstm
    from .sorting import sorting_transformer as sorting_transformer
    from .toys import double_well as double_well
    from .toys import masking as masking
    from .toys import product as product
    from .toys import quadratic as quadratic
    from .toys import quartic as quartic
    from .valley import twin_valley as twin_valley
    from .valley import valley as valley

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
