"""What watching a training loop costs: whole loops with a watch over the same loops without, in one process, turn about.

python benchmarks/watching.py            # three models, and the hooks alone
python benchmarks/watching.py cnn 20     # one of them, loops of 20 seconds
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import rodflow_widgets as rf
from rodflow_widgets.engine.problems.digits_data import EXAMPLES, digits
from rodflow_widgets.session import Watch

CLOCK = time.thread_time
"""Of the training thread alone: other work of the machine does not count, neither here nor for the share."""
ROUNDS = 3
SECONDS = 12.0
HOOKS = 200_000


class Attention(nn.Module):
    """The rows of an 8 × 8 image as eight tokens through two encoder layers, with dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(8, 32)
        layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(self.embed(x.view(-1, 8, 8))).mean(1))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 10))


def cnn() -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1, stride=2),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(512, 10),
    )


@dataclass(frozen=True)
class Setting:
    """A model with its optimizer, the batch of training and the probe batch."""

    model: Callable[[], nn.Module]
    optimizer: Callable[..., torch.optim.Optimizer]
    batch: int
    probe: int


SETTINGS = {
    "mlp": Setting(mlp, lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9), 64, 256),
    "cnn": Setting(cnn, lambda p: torch.optim.Adam(p, lr=1e-3), 64, 256),
    "transformer": Setting(Attention, lambda p: torch.optim.AdamW(p, lr=1e-3), 64, 256),
}
LOSS = nn.CrossEntropyLoss()


class Loop:
    """One training loop that can be told how many steps to make."""

    def __init__(self, setting: Setting, x: Tensor, y: Tensor) -> None:
        torch.manual_seed(0)
        self.setting, self.x, self.y = setting, x, y
        self.model = setting.model()
        self.optimizer = setting.optimizer(self.model.parameters())
        self.draws = torch.Generator().manual_seed(0)

    def run(self, steps: int) -> float:
        """Seconds that so many steps take."""
        begun = CLOCK()
        for _ in range(steps):
            chosen = torch.randint(len(self.x), (self.setting.batch,), generator=self.draws)
            self.optimizer.zero_grad()
            LOSS(self.model(self.x[chosen]), self.y[chosen]).backward()
            self.optimizer.step()
        return CLOCK() - begun


def measure(name: str, seconds: float) -> None:
    """Loops with and without, in slices that take turns, each a fresh model."""
    setting = SETTINGS[name]
    x, y = data()
    Loop(setting, x, y).run(30)
    steps = max(1, round(200 * seconds / Loop(setting, x, y).run(200)))
    ratios, shares, looks, products, firsts = [], [], [], [], []
    for _ in range(ROUNDS):
        plain, watched = Loop(setting, x, y), Loop(setting, x, y)
        probe = x[: setting.probe], y[: setting.probe]
        begun = CLOCK()
        watch = Watch(watched.model, watched.optimizer, LOSS, *probe, clock=CLOCK)
        attaching = CLOCK() - begun
        spent = {False: 0.0, True: attaching}
        for _ in range(20):
            # A pause of the one is the turn of the other, so the watch has to be told that it was none of training.
            away = CLOCK()
            spent[False] += plain.run(steps // 20)
            watch._cadence.paused(CLOCK() - away if watch._cadence.begun else 0.0)
            spent[True] += watched.run(steps // 20)
        watch.close()
        rows = watch.recording["discrete"]
        ratios.append(spent[True] / spent[False] - 1)
        shares.append(watch.cost.share)
        looks.append(len(rows))
        products.append((watch._looker.products + 0.0) / len(rows))
        firsts.append(attaching)
    size = sum(p.numel() for p in setting.model().parameters())
    print(
        f"| {name} | {size:,} | {setting.batch}, {setting.probe} | {steps:,} | {1e3 * spent[False] / steps:.2f} | "
        f"{', '.join(f'{100 * ratio:.1f}' for ratio in ratios)} | {', '.join(f'{100 * share:.1f}' for share in shares)} | "
        f"{statistics.mean(looks):.0f} | {statistics.mean(products):.1f} | {1e3 * statistics.mean(firsts):.0f} |",
        flush=True,
    )


def data() -> tuple[Tensor, Tensor]:
    """1,797 digits, centred, and their classes."""
    images = digits(EXAMPLES)
    return torch.tensor(images.pixels, dtype=torch.float32), torch.tensor(images.classes)


def hooks() -> None:
    """What the two hooks cost in a step without a look."""
    loop = Loop(SETTINGS["mlp"], *data())
    watch = Watch(loop.model, loop.optimizer, LOSS, loop.x[:16], loop.y[:16], every=10**9)
    loop.run(1)
    args = (loop.optimizer,)
    begun = CLOCK()
    for _ in range(HOOKS):
        watch._before(loop.optimizer, args, {})
        watch._after(loop.optimizer, args, {})
    took = (CLOCK() - begun) / HOOKS
    watch.close()
    print(f"hooks of a step without a look: {1e6 * took:.2f} µs")


def main() -> None:
    chosen = [name for name in sys.argv[1:] if name in SETTINGS] or list(SETTINGS)
    seconds = next((float(value) for value in sys.argv[1:] if value not in SETTINGS), SECONDS)
    print(f"rodflow_widgets {rf.__version__}, torch {torch.__version__}, {torch.get_num_threads()} thread(s)")
    print(
        "| model | parameters | batch, probe | steps | ms a step | more time, % | share said, % | looks | products a look | attaching, ms |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in chosen:
        measure(name, seconds)
    hooks()


if __name__ == "__main__":
    main()
