"""Small full-batch training loops, for what watches them."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

OPTIMIZERS = {
    "SGD": (torch.optim.SGD, dict(lr=0.3)),
    "momentum": (torch.optim.SGD, dict(lr=0.1, momentum=0.9)),
    "Nesterov": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, nesterov=True)),
    "RMSprop": (torch.optim.RMSprop, dict(lr=1e-2, alpha=0.98)),
    "Adam": (torch.optim.Adam, dict(lr=1e-2, betas=(0.9, 0.99))),
    "AdamW": (torch.optim.AdamW, dict(lr=1e-2, betas=(0.8, 0.99), weight_decay=0.0)),
    "NAdam": (torch.optim.NAdam, dict(lr=1e-2, betas=(0.9, 0.99))),
}
LOSS = nn.MSELoss()


def batch(n: int = 40, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 5, generator=generator, dtype=torch.float64)
    y = torch.randn(n, 3, generator=generator, dtype=torch.float64)
    return x.to(dtype), y.to(dtype)


def network(dtype: torch.dtype = torch.float64, *extra: nn.Module) -> nn.Sequential:
    """5-6-3 with tanh, and `extra` modules after the first layer."""
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(5, 6), *extra, nn.Tanh(), nn.Linear(6, 3)).to(dtype)


def train(model: nn.Module, optimizer: torch.optim.Optimizer, data: tuple[Tensor, Tensor], steps: int) -> Iterable[int]:
    """Full-batch steps; yields before each."""
    for step in range(steps):
        yield step
        optimizer.zero_grad()
        LOSS(model(data[0]), data[1]).backward()
        optimizer.step()


class Restless(nn.Module):
    """Dropout, batch normalisation of which a part is frozen, and two layers that share a weight."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.first, self.norm, self.frozen = nn.Linear(5, 5), nn.BatchNorm1d(5), nn.BatchNorm1d(5)
        self.drop, self.second, self.head = nn.Dropout(0.4), nn.Linear(5, 5, bias=False), nn.Linear(5, 3)
        self.second.weight = self.first.weight
        self.frozen.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.drop(torch.tanh(self.second(self.frozen(self.norm(self.first(x)))))))
