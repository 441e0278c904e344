"""What the template costs: an epoch of MNIST with hs.fit, by hand, and as textbooks load data.

    python benchmarks/template.py            # 5 rounds of whole epochs, some minutes
    python benchmarks/template.py --quick    # 3 rounds of a fifth of the data

Every contestant trains SimpleNet from the same weights with AdamW, a cosine schedule and the same batch size, and
keeps the running loss and accuracy. A round runs each of them once, in turn, so that a busy machine slows all alike;
ratios are taken within a round, and the table shows medians over rounds. Setting up (importing, moving, opening the
record) is outside the clock for all.

A watch sketches each of a run's first 128 steps and ever fewer later, so a watched run is as long as the demo's: its
first epoch and the mean of all ten are two lines of the table.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

import headstart as hs

MEAN, STD = 0.1307, 0.3081  # the textbook's, of pixels from 0 to 1
BATCH = 128
LR = 3e-3
EPOCHS = 10  # of a watched run
WATCHED, FIRST = "hs.fit, watched, 10 epochs", "hs.fit, watched, first epoch"
BY_HAND, TEXTBOOK = "by hand, same fused AdamW", "textbook DataLoader"
Seconds = dict[str, float]  # an epoch, by contestant


def main() -> None:
    quick = _arguments().quick
    digits = hs.mnist()
    count = len(digits.train_images) // (5 if quick else 1)
    images, labels = digits.train_images[:count], digits.train_labels[:count].long()
    one_round(images[: 10 * BATCH], labels[: 10 * BATCH])  # warm up
    _print([one_round(images, labels) for _ in range(3 if quick else 5)], count)


def one_round(images: Tensor, labels: Tensor) -> Seconds:
    watched = fit(images, labels, epochs=EPOCHS, watch=True)
    return {
        WATCHED: statistics.mean(watched),
        FIRST: watched[0],
        "hs.fit, not watched": statistics.mean(fit(images, labels, epochs=2, watch=False)),
        BY_HAND: by_hand(images, labels, fused=True),
        "by hand, AdamW's default": by_hand(images, labels, fused=False),
        TEXTBOOK: textbook(images, labels),
    }


def fit(images: Tensor, labels: Tensor, *, epochs: int, watch: bool) -> list[float]:
    """The template; the seconds are its own, of each epoch's steps."""
    train = hs.Batches(images, labels, BATCH, shuffle=True)
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "run.db" if watch else False
        options = {"epochs": epochs, "lr": LR, "devices": 1, "accelerator": "cpu", "progress": False}
        history = hs.fit(_model(), train, watch=record, **options)
    return [epoch.seconds for epoch in history]


def by_hand(images: Tensor, labels: Tensor, *, fused: bool) -> float:
    """The same loop in plain PyTorch, on tensors in memory: as lean as one would write it."""
    model = _model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=1e-4, fused=fused)
    steps = -(-len(images) // BATCH)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    loss_sum, right = torch.zeros(()), torch.zeros((), dtype=torch.int64)
    began = time.perf_counter()
    order = torch.randperm(len(images))
    for step in range(steps):
        rows = order[step * BATCH : (step + 1) * BATCH]
        x = images[rows].float().div_(255).sub_(MEAN).div_(STD)
        y = labels[rows]
        optimizer.zero_grad()
        output = model(x)
        loss = F.cross_entropy(output, y)
        loss.backward()
        optimizer.step()
        scheduler.step()
        loss_sum += loss.detach() * len(x)
        right += (output.argmax(1) == y).sum()
    float(loss_sum), int(right)
    return time.perf_counter() - began


def textbook(images: Tensor, labels: Tensor) -> float:
    """`ToTensor` and `Normalize` on each sample, a DataLoader, `.item()` in every step."""
    model = _model()
    loader = DataLoader(Samples(images, labels), batch_size=BATCH, shuffle=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, len(loader))
    running, right = 0.0, 0
    began = time.perf_counter()
    for x, y in loader:
        optimizer.zero_grad()
        output = model(x)
        loss = F.cross_entropy(output, y)
        loss.backward()
        optimizer.step()
        scheduler.step()
        running += loss.item() * len(x)
        right += (output.argmax(1) == y).sum().item()
    return time.perf_counter() - began


class Samples(Dataset):
    """MNIST as torchvision gives it, sample by sample."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.images, self.labels, self.transform = images, labels, _transform()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(self.images[index]), int(self.labels[index])


def _transform() -> Callable[[Tensor], Tensor]:
    try:
        from torchvision import transforms
    except ImportError:
        return _to_tensor_and_normalize
    from PIL import Image

    both = transforms.Compose([transforms.ToTensor(), transforms.Normalize((MEAN,), (STD,))])
    return lambda image: both(Image.fromarray(image.numpy(), mode="L"))


def _to_tensor_and_normalize(image: Tensor) -> Tensor:
    """What torchvision's two transforms compute, without their way through PIL and their checks: faster than they."""
    pixels = image[None].to(torch.float32).div(255)
    mean, std = torch.as_tensor((MEAN,)), torch.as_tensor((STD,))
    return pixels.clone().sub_(mean.view(-1, 1, 1)).div_(std.view(-1, 1, 1))


def _model() -> torch.nn.Module:
    torch.manual_seed(0)
    return hs.models.SimpleNet()


def _print(rounds: list[Seconds], count: int) -> None:
    table = Table(title=f"An epoch of {count:,} digits, batch {BATCH}, {torch.get_num_threads()} threads, CPU")
    for heading in ("", "s", "ms a step", "x by hand", "x watched"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for name in rounds[0]:
        seconds = statistics.median(each[name] for each in rounds)
        step = 1e3 * seconds * BATCH / count
        ratios = f"{_ratio(rounds, name, BY_HAND):.2f}", f"{_ratio(rounds, name, WATCHED):.2f}"
        table.add_row(name, f"{seconds:.3f}", f"{step:.3f}", *ratios)
    Console(width=100).print(table)
    print(f"watched over by hand {_ratio(rounds, WATCHED, BY_HAND):.2f} (goal: at most 1.05)")
    print(f"textbook over watched {_ratio(rounds, TEXTBOOK, WATCHED):.2f} (goal: at least 5)")
    if _transform() is _to_tensor_and_normalize:
        print(
            "torchvision is not installed: its transforms are written out here, without PIL, and faster than they are"
        )


def _ratio(rounds: list[Seconds], name: str, other: str) -> float:
    """Median over rounds of the ratio within a round."""
    return statistics.median(each[name] / each[other] for each in rounds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
