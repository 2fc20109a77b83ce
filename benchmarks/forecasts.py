"""Forecasts of training loops by rod flow against what then happens, full batch and with minibatches.

python benchmarks/forecasts.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from rodflow_widgets.engine.problems.digits_data import digits
from rodflow_widgets.session import Watch

EXAMPLES, AT, STEPS, BATCH = 200, 150, 100, 50
OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.4),
    "SGD with momentum": lambda p: torch.optim.SGD(p, lr=0.4, momentum=0.9),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=5e-4),
    "Adam": lambda p: torch.optim.Adam(p, lr=3e-3, betas=(0.9, 0.99)),
    "AdamW, weight decay 0.1": lambda p: torch.optim.AdamW(p, lr=3e-3, betas=(0.9, 0.99), weight_decay=0.1),
    "NAdam": lambda p: torch.optim.NAdam(p, lr=1e-3, betas=(0.9, 0.99)),
}


def loss(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return ((output - target) ** 2).sum() / (2 * len(target))


def measure(name: str, batch: int | None) -> str:
    """One row: a loop of AT + STEPS steps, forecast at AT; without `batch` it is full-batch on the probe batch."""
    images = digits(EXAMPLES)
    x = torch.tensor(images.pixels)
    y = nn.functional.one_hot(torch.tensor(images.classes), 10).double()
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 10)).double()
    optimizer = OPTIMIZERS[name](model.parameters())
    draws = torch.Generator().manual_seed(0)
    with Watch(model, optimizer, loss, x, y, every=1, tolerance=1e-4) as watch:
        for step in range(AT + STEPS + 2):
            if step == AT:
                forecast = watch.forecast(STEPS, iterates=True)
            chosen = slice(None) if batch is None else torch.randint(EXAMPLES, (batch,), generator=draws)
            optimizer.zero_grad()
            loss(model(x[chosen]), y[chosen]).backward()
            optimizer.step()
    forecast.wait()
    seen, told = watch.recording["discrete"], forecast.recording
    losses = seen["loss"]
    # The rod predicts the mean of two iterates' losses.
    mean = ((losses[:-1] + losses[1:]) / 2)[AT : AT + STEPS + 1]
    error = np.abs(told["rod"]["predicted_loss"] - mean) / mean
    ratio = seen["sharpness_ratio"][AT : AT + STEPS + 1]
    off = np.abs(told["rod"]["sharpness_ratio"] - ratio)
    iterates = np.abs(told["discrete"]["loss"] - losses[AT : AT + STEPS + 1]) / losses[AT : AT + STEPS + 1]
    return (
        f"| {name} | {'all' if batch is None else batch} | {ratio[0]:.2f} → {ratio[-1]:.2f} | {losses[AT]:.3g} → "
        f"{losses[AT + STEPS]:.3g} | {100 * np.median(error):.2g}, {100 * error[-1]:.2g} | "
        f"{np.median(off):.2g}, {off[-1]:.2g} | {100 * iterates.max():.2g} |"
    )


def main() -> None:
    print(
        "| optimizer | batch | ratio | loss | loss off, %: median, at the end | ratio off: median, at the end | iterates' loss off, % |"
    )
    print("|---|---|---|---|---|---|---|")
    for batch in (None, BATCH):
        for name in OPTIMIZERS:
            print(measure(name, batch), flush=True)


if __name__ == "__main__":
    main()
