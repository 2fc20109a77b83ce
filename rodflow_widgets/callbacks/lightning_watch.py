"""The training of a Lightning module, watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ArgumentError
from .following import Following, found

Callback: Any = found("LightningWatch", "lightning.pytorch", "pytorch_lightning").Callback


class LightningWatch(Following, Callback):
    """A callback for lightning's Trainer that does what `rf.watch` does, from the start of training to its end.

    Args:
        loss: `loss(module(inputs), targets)` is a scalar.
        inputs, targets: the probe batch.
        module: which part of the LightningModule is called with the inputs, as a function of it; None is the whole, by its
            `forward`. All parameters of the optimizer must be in it.
        optimizer: number of the one that is watched, where there are several.
        show: display the live view when training begins.
        **options: of `rf.watch`: share, every, eigenvalues, tolerance, hessian, seed, name, panels, save,
            overwrite. With save= a second training wants a callback of its own, or overwrite=True.

    `watch` is there from the start of training on, with recording, status, forecast and the rest.
    """

    def __init__(
        self,
        loss: Callable[[Any, Any], Any],
        inputs: Any,
        targets: Any,
        *,
        module: Callable[[Any], Any] | None = None,
        optimizer: int = 0,
        show: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(loss, inputs, targets, show, options)
        self._module, self._number = module, optimizer

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        if not 0 <= self._number < len(trainer.optimizers):
            raise ArgumentError(
                f"optimizer={self._number} is not there: this module has {len(trainer.optimizers)} of them, counted from 0."
            )
        model = pl_module if self._module is None else self._module(pl_module)
        self._begin(model, trainer.optimizers[self._number])

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self._close()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        if self._watch is not None:
            self._watch.fail(exception)
