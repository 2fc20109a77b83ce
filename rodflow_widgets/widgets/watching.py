"""A training loop of one's own in a live view."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..session import Run, Watch
from ..session.keeping import Destination
from ..session.spec import refuse
from .control import CONTROL, Entry
from .live import Live, check_panels


class WatchedLoop(Watch):
    """A watch that a notebook shows as a live view.

    live: the view, made when it is first asked for.
    """

    def __init__(self, *args: Any, panels: Sequence[str] | None = None, **options: Any) -> None:
        self._panels = panels
        self._live: Live | None = None
        check_panels(panels)
        super().__init__(*args, **options)
        CONTROL.add(self)

    @property
    def live(self) -> Live:
        """The live view, with the forecasts drawn over what then happens."""
        if self._live is None:
            self._live = Live(self, self._panels)
            view = weakref.ref(self._live)
            self.on_forecast(lambda run: _adopt(view, run))
        return self._live

    def listed(self) -> Iterator[Entry]:
        """Itself for the side panel of JupyterLab, until its live view does that."""
        if self._live is None:
            yield Entry(f"loop {id(self)}", "", "loop", self.name or "loop", self)

    def _ipython_display_(self) -> None:
        self.live._ipython_display_()


def _adopt(view: weakref.ref[Live], run: Run) -> None:
    live = view()
    if live is not None and live.comm is not None:
        live.adopt(run)


def watch(
    model: Any,
    optimizer: Any,
    loss: Callable[[Any, Any], Any],
    inputs: Any,
    targets: Any,
    *,
    share: float = 0.1,
    every: int | None = None,
    eigenvalues: int = 1,
    tolerance: float | None = None,
    hessian: str = "autodiff",
    seed: int = 0,
    name: str | None = None,
    panels: Sequence[str] | None = None,
    save: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    **unknown_keywords: Any,
) -> WatchedLoop:
    """Watch an ordinary PyTorch training loop: its sharpness against the edge of its own optimizer, live.

        with rf.watch(model, optimizer, loss, inputs, targets) as watch:
            for x, y in loader:
                …
                optimizer.step()

    It is attached at once, by hooks on `optimizer.step`, and taken off at the end of the block or by `close()`. In Jupyter
    `display(watch)` shows the live view, whose learning rate drives the optimizer.

    Args:
        model: the network that is trained; it is measured in evaluation mode and left as it was.
        optimizer: torch.optim SGD (with momentum, Nesterov), RMSprop, Adam, AdamW or NAdam, with its parameter groups and
            weight decay; also as accelerate and lightning wrap it.
        loss: `loss(model(inputs), targets)` is a scalar.
        inputs, targets: the probe batch, e.g. 256 examples of the training data; `inputs` may be a tuple or a dict of what the
            model takes, `targets` None where the loss needs none.
        share: of the time of training that looking may take, in (0, 1).
        every: look at every so many steps, whatever that takes; None leaves it to `share`.
        eigenvalues: how many of the largest are measured.
        tolerance: relative error of the eigenvalues aimed at; None is 1e-2.
        hessian: "autodiff", or "finite-difference" of gradients where an operation has no second derivative.
        seed: of the tracker's random vectors; training's own random numbers are untouched.
        name: of what is trained, in pictures.
        panels: names of what the view shows, as `Live` lists them.
        save: a folder to which everything goes while it is measured, for `rf.load` and `rf.view`; None keeps it in memory alone.
        overwrite: let a run that is in that folder already go away.
        **unknown_keywords: refused, with the nearest name as a hint.

    Returns:
        A watch: `recording`, `status`, `edge` (since which step training is at its edge), `stays`, `events`, `cost`,
        `forecast(steps)`, `set(learning_rate=…)`, `measure(…)`, `pause`, `resume`, `stop`, `close`, `live`.

    Raises:
        RodflowError: an argument cannot work, or something of the optimizer is not modelled; raised before any training.
    """
    refuse(unknown_keywords, watch)
    return WatchedLoop(
        model,
        optimizer,
        loss,
        inputs,
        targets,
        share=share,
        every=every,
        eigenvalues=eigenvalues,
        tolerance=tolerance,
        hessian=hessian,
        seed=seed,
        name=name,
        panels=panels,
        save=Destination.of(save, overwrite),
    )
