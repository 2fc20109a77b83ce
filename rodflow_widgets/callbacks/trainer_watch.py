"""The training of transformers' Trainer, watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ProblemError
from .following import Following, found

TrainerCallback: Any = found("TrainerWatch", "transformers").TrainerCallback


class TrainerWatch(Following, TrainerCallback):
    """A callback for transformers' Trainer that does what `rf.watch` does, from the start of training to its end.

    Args:
        inputs: the probe batch as the data collator makes it, a dict of tensors with `labels`.
        targets: what `loss` is given beside the output.
        loss: `loss(model(**inputs), targets)`, a scalar; None is the loss that the model computes from `labels`.
        show: display the live view when training begins.
        **options: of `rf.watch`: share, every, eigenvalues, tolerance, hessian, seed, name, panels, save,
            overwrite. With save= a second training wants a callback of its own, or overwrite=True.

    `watch` is there from the start of training on, with recording, status, forecast and the rest. The Trainer tells callbacks
    nothing of an exception: `with callback.watching(): trainer.train()` lets the watch say what was raised.
    """

    def __init__(
        self,
        inputs: Any,
        targets: Any = None,
        loss: Callable[[Any, Any], Any] | None = None,
        *,
        show: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(OwnLoss() if loss is None else loss, inputs, targets, show, options)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._begin(kwargs["model"], kwargs["optimizer"])

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._close()


class OwnLoss:
    """What the model itself says of its `labels`."""

    label = "loss of the model"

    def __call__(self, output: Any, targets: Any) -> Any:
        loss = getattr(output, "loss", None)
        if loss is None:
            raise ProblemError("the model returned no loss: put labels into inputs, or give loss(output, targets)")
        return loss
