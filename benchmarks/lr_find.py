"""Whether the rate that hs.lr_find suggests is a good one: its regret against the best rate of a real sweep.

    python benchmarks/lr_find.py            # 6 nets, 3 optimizers, 7 or 8 rates: half an hour
    python benchmarks/lr_find.py --quick    # 2 nets

Each net is initialised by hs.initialize and trained on MNIST by hs.fit: 4,000 digits, 3 epochs, two orders of the data;
with hs.fit's own schedule, a cosine down to 0, and at a constant rate. A ratio is the mean training loss at the rate
that a rule gives over that at the best rate of the sweep, two for each factor of ten; below 1 the rule's rate lay
between two of them and was better than both. Losses that are not finite count as chance.

The rules: what RangeTest suggests; where the loss falls fastest (fast.ai's `steep`); a tenth of where it is lowest
(fast.ai's `minimum`); and no test at all, one usual rate for each optimizer.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

import headstart as hs
from headstart.lab.claim import Size
from headstart.lab.training import CHANCE, digits, mlp

SIZE = Size(train=4_000, test=1_000, epochs=3)
ORDERS = (0, 1)
NETS: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: mlp(0),
    "2 layers": lambda: mlp(2),
    "2 layers, batch norm": lambda: mlp(2, norm=nn.BatchNorm1d),
    "6 layers": lambda: mlp(6),
    "4 layers, tanh": lambda: mlp(4, activation="tanh"),
    "convolutional": lambda: convolutional(),
}
OPTIMIZERS: dict[str, Any] = {
    "SGD": torch.optim.SGD,
    "SGD, momentum": "sgd",
    "AdamW": "adamw",
}
POWERS = {"SGD": (-3, 0.5), "SGD, momentum": (-3, 0), "AdamW": (-4, -1)}  # of ten, from and to
RATES = {
    name: tuple(10 ** (low + half / 2) for half in range(int(2 * (high - low)) + 1))
    for name, (low, high) in POWERS.items()
}
USUAL = {"SGD": 0.1, "SGD, momentum": 0.01, "AdamW": 1e-3}
SCHEDULES = ("cosine", "constant")
RULES: dict[str, Callable[[Any, str], float]] = {
    "suggestion": lambda found, optimizer: found.suggestion,
    "steepest": lambda found, optimizer: found.steepest,
    "lowest / 10": lambda found, optimizer: found.lowest / 10,
    "usual": lambda found, optimizer: USUAL[optimizer],
}


@dataclass(frozen=True)
class Setting:
    net: str
    optimizer: str


def main() -> None:
    nets = list(NETS)[1:3] if _arguments().quick else list(NETS)
    tables = {schedule: _table(schedule) for schedule in SCHEDULES}
    ratios: dict[tuple[str, str], list[float]] = {}
    seconds: list[float] = []
    for setting in (Setting(net, optimizer) for net in nets for optimizer in OPTIMIZERS):
        began = time.perf_counter()
        found = test(setting)
        seconds.append(time.perf_counter() - began)
        print(f"{setting.net}, {setting.optimizer}\n{found}\n", file=sys.stderr, flush=True)
        for schedule in SCHEDULES if found.suggestion else ():
            swept = {rate: loss_at(setting, rate, schedule) for rate in RATES[setting.optimizer]}
            best = min(swept, key=swept.__getitem__)
            own = {rule: loss_at(setting, rate(found, setting.optimizer), schedule) for rule, rate in RULES.items()}
            for rule, loss in own.items():
                ratios.setdefault((schedule, rule), []).append(loss / swept[best])
            cells = (f"{loss / swept[best]:.2f}" for loss in own.values())
            seeds = f"{found.suggestion:.2g} to {max(found.by_seed):.2g}"
            tables[schedule].add_row(setting.net, setting.optimizer, seeds, f"{best:.2g}", *cells)
    for table in tables.values():
        Console(width=120).print(table)
    for (schedule, rule), values in ratios.items():
        mean = math.exp(statistics.fmean(map(math.log, values)))
        print(f"{schedule:<9} {rule:<12} geometric mean {mean:.2f}, worst {max(values):.2f}")
    print(f"a test took {statistics.median(seconds):.1f} s (median), {torch.get_num_threads()} threads")


def test(setting: Setting) -> Any:
    return hs.lr_find(made(setting.net), batches(0), optimizer=OPTIMIZERS[setting.optimizer])


def loss_at(setting: Setting, rate: float, schedule: str) -> float:
    """Mean training loss after hs.fit, over the orders."""
    return statistics.fmean(_losses(setting, rate, schedule))


def _losses(setting: Setting, rate: float, schedule: str) -> Iterator[float]:
    options = {"watch": False, "progress": False, "accelerator": "cpu", "devices": 1, "schedule": schedule}
    data = digits(SIZE)
    for order in ORDERS:
        model = made(setting.net)
        hs.fit(
            model,
            batches(order),
            optimizer=OPTIMIZERS[setting.optimizer],
            lr=rate,
            epochs=SIZE.epochs,
            seed=order,
            **options,
        )
        loss = hs.evaluate(model, [(data.x, data.y)]).loss
        yield loss if math.isfinite(loss) else CHANCE


def made(net: str) -> nn.Module:
    torch.manual_seed(0)
    model = NETS[net]()
    hs.initialize(model, digits(SIZE).x[:256])
    return model


def batches(order: int) -> hs.Batches:
    data = digits(SIZE)
    return hs.Batches(data.x, data.y, 50, shuffle=True, seed=order, normalize=None)


def convolutional() -> nn.Module:
    image = nn.Unflatten(1, (1, 28, 28))
    first, second = nn.Conv2d(1, 8, 5, 2), nn.Conv2d(8, 16, 3, 2)
    return nn.Sequential(image, first, nn.ReLU(), second, nn.ReLU(), nn.Flatten(), nn.Linear(400, 10))


def _table(schedule: str) -> Table:
    title = f"{SIZE.train:,} digits, {SIZE.epochs} epochs, {schedule}: loss at a rule's rate over the best of a sweep"
    table = Table(title=title)
    for heading in ("net", "optimizer", "suggested, by seed", "best", *RULES):
        table.add_column(heading, justify="left" if heading in ("net", "optimizer") else "right", no_wrap=True)
    return table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
